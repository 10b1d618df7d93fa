"""A mailbox of three lanes, drained fill → control → market; it knows nothing of what the messages mean.

The law: what was told to the fill and control lanes comes out, each once, in order. The market lane is bounded: of
messages with the same conflation key only the latest waits (at the place of the latest), those without a key queue;
beyond `limit` the oldest goes and is counted (its reader sees the gap and asks for history). `tell_*` never blocks.
One reader.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import anyio.lowlevel
import msgspec

F = TypeVar("F")
C = TypeVar("C")
M = TypeVar("M")
BREATH = 64  # messages handed out without waiting, after which the reader lets the loop run others


class MailboxStatistics(msgspec.Struct, frozen=True):
    """How full a mailbox is, and what its market lane has let go of."""

    depth: int
    conflated: int
    dropped: int


class Mailbox(Generic[F, C, M]):
    """Three lanes and one reader. `key_of` gives a market message's conflation key, or None to queue it."""

    __slots__ = (
        "_control",
        "_fills",
        "_key_of",
        "_limit",
        "_market",
        "_queued",
        "_since_breath",
        "_waiter",
        "conflated",
        "dropped",
    )

    def __init__(self, key_of: Callable[[M], Hashable | None], *, limit: int = 256) -> None:
        self._fills: deque[F] = deque()
        self._control: deque[C] = deque()
        self._market: OrderedDict[Hashable, M] = OrderedDict()
        self._key_of = key_of
        self._limit = limit
        self._queued = 0  # market messages without a key ever queued: makes their keys unique
        self._since_breath = 0
        self._waiter: asyncio.Future[None] | None = None  # the reader, when it waits: a bare future is the quickest
        self.conflated = 0
        self.dropped = 0

    def tell_fill(self, message: F) -> None:
        """Put what has already happened before everything else."""
        self._fills.append(message)
        if self._waiter is not None:
            self._ring(self._waiter)

    def tell_control(self, message: C) -> None:
        """Put a wish before the market."""
        self._control.append(message)
        if self._waiter is not None:
            self._ring(self._waiter)

    def tell_market(self, message: M) -> None:
        """Put a market message, replacing a waiting one of the same key."""
        key = self._key_of(message)
        if key is None:
            self._queued += 1
            key = (Mailbox, self._queued)
        elif self._market.pop(key, None) is not None:
            self.conflated += 1
        self._market[key] = message
        if len(self._market) > self._limit:
            self._market.popitem(last=False)
            self.dropped += 1
        if self._waiter is not None:
            self._ring(self._waiter)

    async def get(self) -> F | C | M:
        """Return the next message, waiting for one; lets the loop breathe even under a flood."""
        self._since_breath += 1
        if self._since_breath >= BREATH:
            self._since_breath = 0
            await anyio.lowlevel.checkpoint()
        while not (self._fills or self._control or self._market):
            self._since_breath = 0
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.get_nowait()

    def get_nowait(self) -> F | C | M:
        """Return the next message. Raises IndexError when there is none."""
        if self._fills:
            return self._fills.popleft()
        if self._control:
            return self._control.popleft()
        if self._market:
            return self._market.popitem(last=False)[1]
        raise IndexError("the mailbox is empty")

    def take_fills(self) -> list[F]:
        """Empty the fill lane and return what was in it, in order: what has happened outlives the reader."""
        taken = list(self._fills)
        self._fills.clear()
        return taken

    @property
    def unheard(self) -> int:
        """How many fills and wishes wait; the market, which never ends, does not count."""
        return len(self._fills) + len(self._control)

    def statistics(self) -> MailboxStatistics:
        """Return depth and losses."""
        return MailboxStatistics(len(self), self.conflated, self.dropped)

    @staticmethod
    def _ring(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    def __len__(self) -> int:
        return len(self._fills) + len(self._control) + len(self._market)
