"""Keeps bots' rows fresh while somebody watches: prices are not told to bots one by one, so no message redraws them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import anyio
import anyio.lowlevel

from daemon.hub import Hub
from daemon.messages import LookAgain
from daemon.place import Place

EVERY_S: Final = 0.2
AT_ONCE: Final = 16  # bots woken before the loop goes to others


class Gallery:
    """Looks after the rows of `places`; `run` is its task."""

    def __init__(self, places: Collection[Place], hub: Hub) -> None:
        self._places = places
        self._hub = hub

    async def run(self) -> None:
        """Have every running bot whose market moved show itself, piece by piece, until canceled."""
        while True:
            await anyio.sleep(EVERY_S)
            if self._hub.followers:
                await self._round()

    async def _round(self) -> None:
        woken = 0
        for place in list(self._places):
            if place.joined and place.state is None and place.bot is not None and place.bot.moved:
                place.mailbox.tell_control(LookAgain())
                woken += 1
                if woken % AT_ONCE == 0:
                    await anyio.lowlevel.checkpoint()
