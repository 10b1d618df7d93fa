"""The request budget of one venue: a token bucket in front of which callers queue by priority.

The law: a higher priority goes first, equals in turn; what is kept in reserve only cancels may spend; while the venue
has asked us to wait nobody goes.
"""

from __future__ import annotations

import heapq
import itertools
from enum import IntEnum
from typing import Final

import anyio

from daemon.ports import Clock

_SECOND_NS: Final = 1_000_000_000


class Priority(IntEnum):
    """Who goes first; lower is sooner."""

    CANCEL = 0
    REDUCE = 1
    QUERY = 2
    ENTRY = 3
    HISTORY = 4


class _Waiter:
    __slots__ = ("event", "order")

    def __init__(self, priority: Priority, turn: int) -> None:
        self.order = (int(priority), turn)
        self.event = anyio.Event()

    def __lt__(self, other: _Waiter) -> bool:
        return self.order < other.order


class Budget:
    """Tokens come at `per_second` up to `burst`; the last `reserve` fraction of the burst is for cancels."""

    def __init__(self, clock: Clock, *, per_second: float = 20.0, burst: float = 50.0, reserve: float = 0.2) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._kept = burst * reserve
        self._tokens = burst
        self._at_ns = clock.monotonic_ns()
        self._closed_until_ns = 0
        self._turns = itertools.count()
        self._waiters: list[_Waiter] = []

    async def take(self, priority: Priority, cost: float = 1.0) -> None:
        """Return when `cost` tokens were spent."""
        if not self._waiters and self._wait_s(priority, cost) <= 0:
            self._tokens -= cost
            return
        waiter = _Waiter(priority, next(self._turns))
        heapq.heappush(self._waiters, waiter)
        try:
            while True:
                first = self._waiters[0] is waiter
                wait_s = self._wait_s(priority, cost) if first else float("inf")
                if wait_s <= 0:
                    self._tokens -= cost
                    return
                with anyio.move_on_after(wait_s):
                    await waiter.event.wait()
                waiter.event = anyio.Event()
        finally:
            self._waiters.remove(waiter)
            heapq.heapify(self._waiters)
            self._wake_first()

    def pause(self, duration_ns: int) -> None:
        """Let nobody go for so long: the venue said so."""
        self._closed_until_ns = max(self._closed_until_ns, self._clock.monotonic_ns() + duration_ns)

    @property
    def paused_s(self) -> float:
        """How long the venue's wish to wait still lasts."""
        return max(0.0, (self._closed_until_ns - self._clock.monotonic_ns()) / _SECOND_NS)

    @property
    def waiting(self) -> int:
        """How many callers queue."""
        return len(self._waiters)

    def _wait_s(self, priority: Priority, cost: float) -> float:
        now_ns = self._clock.monotonic_ns()
        grown = (now_ns - self._at_ns) / _SECOND_NS * self._per_second
        self._tokens, self._at_ns = min(self._burst, self._tokens + grown), now_ns
        floor = 0.0 if priority is Priority.CANCEL else self._kept
        missing = cost + floor - self._tokens
        return max(self.paused_s, missing / self._per_second)

    def _wake_first(self) -> None:
        if self._waiters:
            self._waiters[0].event.set()
