"""Strategies ready to run: checked, compiled elsewhere, loaded off the loop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import structlog

from algobot.errors import StrategyError
from algobot.model import BotSpec, Instrument

if TYPE_CHECKING:
    from algobot.kernel.session import Session
    from algobot.kernel.strategy import Strategy

COMPILE_S: Final = 300.0  # a machine that needs longer has other worries
log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.strategies")


class Strategies:
    """The strategies of this daemon, by name."""

    def __init__(self, directory: Path | None, *, compile_first: bool = True) -> None:
        self._directory = directory
        self._compile_first = compile_first
        self._known: dict[str, Strategy] = {}
        self._lock = anyio.Lock()

    async def get(self, name: str) -> Strategy:
        """Return a strategy whose code is in this process already.

        Compiling holds the interpreter for seconds, so another process does it; what it leaves in the cache is then
        loaded in a thread.

        Raises:
            StrategyError: it does not exist or cannot be used.
        """
        async with self._lock:
            if name not in self._known:
                if self._compile_first:
                    await self._compile(name)
                self._known[name] = await anyio.to_thread.run_sync(_load, name, self._directory)
            return self._known[name]

    def known(self, name: str) -> Strategy:
        """Return a strategy that `get` has returned before."""
        return self._known[name]

    def session(self, spec: BotSpec, instrument: Instrument) -> Session:
        """Return a fresh session of a bot whose strategy is known. Raises StrategyError for its parameters."""
        from algobot.kernel.session import Session
        from daemon.holding import settings_of

        return Session(self._known[spec.strategy], spec.params, settings_of(spec, instrument))

    async def _compile(self, name: str) -> None:
        """Fill the cache; quick when it is full. A strategy that fails there is reported when it is loaded here."""
        folder = ["--dir", str(self._directory)] if self._directory else []
        words = [sys.executable, "-m", "algobot.kernel.warm", *folder, name]
        try:
            with anyio.fail_after(COMPILE_S):
                done = await anyio.run_process(words, check=False, stderr=subprocess.PIPE)
        except TimeoutError:
            raise StrategyError(
                f"compiling {name} took more than {COMPILE_S:.0f} s", hint="run `python -m algobot.kernel.warm`"
            ) from None
        for line in done.stderr.decode(errors="replace").splitlines():
            log.warning("strategy.not_compiled", message=line)


def _load(name: str, directory: Path | None) -> Strategy:
    """Return the strategy with its compiled code loaded (in a thread: it takes half a second)."""
    from algobot.kernel.warm import warm
    from algobot.strategies import registry

    strategy = registry.load(name, directory)
    warm(strategy)
    return strategy
