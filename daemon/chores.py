"""Bots that have something to do which can wait: woken a few at a time once a burst of market data is over."""

from __future__ import annotations

from collections import deque
from typing import Final

import anyio
import anyio.lowlevel

from daemon.messages import LookAgain
from daemon.place import Place

PATIENCE_S: Final = 0.02  # a burst is over when so long nobody came
ROUNDS_MOST: Final = 10  # of patience: then those who came first are not kept waiting for more
AT_ONCE: Final = 16  # bots woken before the loop goes to others


class Chores:
    """A queue of bots; `run` is its task."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque()
        self._wake = anyio.Event()

    def add(self, place: Place) -> None:
        """Have this bot look again soon."""
        self._places.append(place)
        if len(self._places) == 1:
            self._wake.set()

    async def run(self) -> None:
        """Wake who was added, piece by piece, until canceled."""
        look = LookAgain()
        while True:
            await self._wake.wait()
            await self._quiet()
            while self._places:
                for _ in range(min(AT_ONCE, len(self._places))):
                    self._places.popleft().mailbox.tell_control(look)
                await anyio.lowlevel.checkpoint()
            self._wake = anyio.Event()

    async def _quiet(self) -> None:
        """Return once the burst is over."""
        waiting = 0
        for _ in range(ROUNDS_MOST):
            if len(self._places) == waiting:
                return
            waiting = len(self._places)
            await anyio.sleep(PATIENCE_S)
