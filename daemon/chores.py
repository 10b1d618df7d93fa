"""Work that can wait a moment: done in small pieces once a burst of market data is over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

import anyio
import anyio.lowlevel

PATIENCE_S: Final = 0.02  # a burst is over so long after its first bar
PIECE_NS: Final = 1_000_000  # then the loop goes to others


class Chores:
    """A queue of calls; `run` is its task."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._wake = anyio.Event()

    def add(self, call: Callable[[], None]) -> None:
        """Have this called soon; it must not raise or block."""
        self._calls.append(call)
        if len(self._calls) == 1:
            self._wake.set()

    def finish(self) -> None:
        """Call all that waits, now."""
        while self._calls:
            self._calls.popleft()()

    async def run(self) -> None:
        """Call what was added, piece by piece, until canceled."""
        while True:
            await self._wake.wait()
            await anyio.sleep(PATIENCE_S)
            while self._calls:
                until_ns = time.monotonic_ns() + PIECE_NS
                while self._calls and time.monotonic_ns() < until_ns:
                    self._calls.popleft()()
                await anyio.lowlevel.checkpoint()
            self._wake = anyio.Event()
