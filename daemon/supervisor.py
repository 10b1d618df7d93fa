"""Runs actors one for one: what happens to one never disturbs another. It knows nothing of trading.

An actor that raises is made anew after a backoff with jitter, and is handed the message it died of once more; a
message it dies of twice is recorded and skipped. More than `Policy.restarts` faults in `Policy.window_s` quarantine it.
One of the two places with a wide `except`; a cancellation is always raised again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from random import SystemRandom
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.abc
import msgspec

from daemon.actor import Actor, Inbox, Observer

M = TypeVar("M")
DEATHS_OF_ONE_MESSAGE: Final = 2


class Policy(msgspec.Struct, frozen=True):
    """How patient the supervisor is."""

    restarts: int = 3
    window_s: float = 60.0
    backoff_s: float = 0.5  # before the first restart, doubled with each, with jitter
    backoff_most_s: float = 30.0
    slow_ns: int = 250_000_000  # a handler that holds the loop longer is told
    stuck_ns: int = 5_000_000_000  # and beyond this its actor is made anew


class _Child(Generic[M]):
    """One actor's place: it outlives the actor's incarnations."""

    __slots__ = ("deaths", "ended", "faults", "inbox", "make", "name", "restarts", "scope", "suspect")

    def __init__(self, name: str, inbox: Inbox[M], make: Callable[[], Actor[M]]) -> None:
        self.name = name
        self.inbox = inbox
        self.make = make
        self.scope = anyio.CancelScope()
        self.ended = anyio.Event()
        self.faults: deque[float] = deque()
        self.restarts = 0
        self.suspect: M | None = None  # the message in hand, or the one it died of
        self.deaths = 0


class Supervisor:
    """Keeps actors running; use it inside the task group it is given."""

    def __init__(
        self,
        group: anyio.abc.TaskGroup,
        observer: Observer,
        *,
        policy: Policy | None = None,
        jitter: Callable[[], float] | None = None,
        journal: Callable[[str, object], None] | None = None,
    ) -> None:
        self._group = group
        self._observer = observer
        self._policy = policy or Policy()
        self._jitter = jitter or SystemRandom().random
        self._journal = journal  # told every message before it is handled: replayed, an actor must decide the same
        self._children: dict[str, _Child[Any]] = {}

    def start(self, name: str, inbox: Inbox[M], make: Callable[[], Actor[M]]) -> None:
        """Run the actor `make` returns on what comes to `inbox`. Raises ValueError while `name` runs."""
        if name in self._children:
            raise ValueError(f"{name} runs already")
        child = _Child(name, inbox, make)
        self._children[name] = child
        self._group.start_soon(self._keep, child, name=name)

    def running(self, name: str) -> bool:
        """Return whether `name` runs or waits for its restart."""
        return name in self._children

    async def stop(self, name: str) -> None:
        """End `name` between two messages and return once it is gone; nothing happens when it does not run."""
        child = self._children.get(name)
        if child is not None:
            child.scope.cancel()
            await child.ended.wait()

    async def _keep(self, child: _Child[M]) -> None:
        """Run one incarnation after the other until one ends by itself, is stopped, or is given up."""
        try:
            with child.scope:
                while (reason := await self._one_life(child)) is not None:
                    delay_s = self._judge(child)
                    if delay_s is None:
                        self._forget(child)
                        self._observer.quarantined(child.name, reason)
                        return
                    self._observer.faulted(child.name, reason, delay_s)
                    await anyio.sleep(delay_s)
                    child.restarts += 1
                    self._observer.restarted(child.name, child.restarts)
        finally:
            self._forget(child)
        self._observer.ended(child.name)

    async def _one_life(self, child: _Child[M]) -> str | None:
        """Make an actor and feed it; return why it died, or None when it ended."""
        try:
            actor = child.make()
            actor.begin()
            while not actor.done:
                message = child.suspect if child.suspect is not None else await child.inbox.get()
                child.suspect = message
                took_ns = self._handle(child.name, actor, message)
                child.suspect, child.deaths = None, 0
                if took_ns > self._policy.stuck_ns:
                    return f"handling {type(message).__name__} took {took_ns / 1e9:.1f} s"
        except Exception as error:
            return self._autopsy(child, f"{type(error).__name__}: {error}")
        return None

    def _handle(self, name: str, actor: Actor[M], message: M) -> int:
        """Hand over one message and return how long it held the loop."""
        if self._journal is not None:
            self._journal(name, message)
        start_ns = time.monotonic_ns()
        actor.handle(message)
        took_ns = time.monotonic_ns() - start_ns
        if took_ns > self._policy.slow_ns:
            self._observer.slow(name, message, took_ns)
        return took_ns

    def _autopsy(self, child: _Child[M], reason: str) -> str:
        """Keep the message it died of for one more try, or skip it; return the reason."""
        if child.suspect is not None:
            child.deaths += 1
            if child.deaths >= DEATHS_OF_ONE_MESSAGE:
                self._observer.poisoned(child.name, child.suspect, reason)
                child.suspect, child.deaths = None, 0
        return reason

    def _judge(self, child: _Child[M]) -> float | None:
        """Return how long to wait before the next incarnation, or None when there shall be none."""
        now_s = time.monotonic()
        child.faults.append(now_s)
        while now_s - child.faults[0] > self._policy.window_s:
            child.faults.popleft()
        if len(child.faults) > self._policy.restarts:
            return None
        longest: float = min(self._policy.backoff_most_s, self._policy.backoff_s * 2 ** (len(child.faults) - 1))
        return longest * (0.5 + 0.5 * self._jitter())

    def _forget(self, child: _Child[M]) -> None:
        self._children.pop(child.name, None)
        child.ended.set()
