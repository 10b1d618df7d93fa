"""The ports to a venue in memory, and what can become of a request on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

import anyio.lowlevel
import msgspec

from algobot.errors import (
    StreamClosed,
    VenueAuthFailed,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
    VenueUnsupported,
)
from algobot.model import Bar, ClientOrderId, Instrument, NewOrder, Symbol, TradeId, VenueFill, VenueOrder, VenueOrderId
from algobot.venues.facts import facts_of
from algobot.venues.port import Balance, Connected, MarketEvent, PrivateEvent, Subscription
from tests.fakes.resting import OPEN

if TYPE_CHECKING:
    from tests.fakes.venue import FakeVenue


class Answer(Enum):
    """What becomes of the next submit or cancel."""

    ACCEPT = "accept"
    REJECT = "reject"
    RATE_LIMIT = "rate_limit"
    LOSE_REQUEST = "lose_request"  # never arrives; the caller sees a timeout
    LOSE_REPLY = "lose_reply"  # arrives and is done; the caller sees a timeout
    LATE = "late"  # the caller sees a timeout now; it arrives when the test says `arrive()`


class FakeAccount:
    """`venues.port.Account` on a FakeVenue."""

    def __init__(self, venue: FakeVenue) -> None:
        self.venue = venue
        self.facts = facts_of(venue.adapter)
        self.warnings: tuple[str, ...] = ()
        self.used_weight = 0

    async def open(self) -> None:
        """As the port promises."""
        self._reachable()
        if self.venue.key_refused:
            raise VenueAuthFailed("the key was refused")

    async def close(self) -> None:
        """As the port promises."""

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        return self.venue.instrument(symbol)

    async def clock_offset_ns(self) -> int:
        """As the port promises."""
        self._reachable()
        return self.venue.offset_ns

    async def submit(self, order: NewOrder, *, valid_ns: int) -> VenueOrder:
        """As the port promises, bent by `submit_answers`, `hold_before`, `hold_reply` and `down`."""
        venue = self.venue
        venue.submits.append(order)
        sent_ns = venue.now()
        answer = venue.submit_answers.popleft() if venue.submit_answers else Answer.ACCEPT
        if venue.hold_before is not None:
            await venue.hold_before.wait()
        if venue.down or answer is Answer.LOSE_REQUEST:
            raise VenueTimeout("no answer (the request was lost)")
        if answer is Answer.LATE:
            venue.late.append((order, sent_ns + valid_ns))
            raise VenueTimeout("no answer (the request is late)")
        if answer is Answer.REJECT:
            raise VenueRejected("the test said no")
        if answer is Answer.RATE_LIMIT:
            raise VenueRateLimited("too many requests", retry_after_ns=venue.retry_after_ns)
        if venue.now() > sent_ns + valid_ns:
            raise VenueRejected("outside of the recvWindow")
        resting = venue.accept(order)
        reply = resting.seen()
        if venue.hold_reply is not None:
            await venue.hold_reply.wait()
        if answer is Answer.LOSE_REPLY:
            raise VenueTimeout("no answer (the reply was lost)")
        await anyio.lowlevel.checkpoint()
        return reply

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> None:
        """As the port promises, bent by `cancel_answers` and `down`."""
        venue = self.venue
        answer = venue.cancel_answers.popleft() if venue.cancel_answers else Answer.ACCEPT
        if venue.down or answer in (Answer.LOSE_REQUEST, Answer.LATE):
            raise VenueTimeout("no answer (the cancel was lost)")
        if answer is Answer.REJECT:
            raise VenueRejected("the test said no")
        if answer is Answer.RATE_LIMIT:
            raise VenueRateLimited("too many requests", retry_after_ns=venue.retry_after_ns)
        resting = venue.orders.get((symbol, venue_order_id)) or venue.by_client_id(client_order_id)
        if resting is None or resting.order.symbol != symbol or resting.status not in OPEN:
            raise VenueOrderNotFound(f"Unknown order sent: {client_order_id}")
        venue.end(resting)
        if answer is Answer.LOSE_REPLY:
            raise VenueTimeout("no answer (the reply was lost)")

    async def fetch_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """As the port promises."""
        self._reachable()
        resting = self.venue.by_client_id(client_order_id)
        if resting is None or resting.order.symbol != symbol:
            raise VenueOrderNotFound(f"Order does not exist: {client_order_id}")
        return resting.seen()

    async def open_orders(self, symbol: Symbol | None = None) -> list[VenueOrder]:
        """As the port promises."""
        self._reachable()
        return [r.seen() for r in self.venue.orders.values() if r.status in OPEN and symbol in (None, r.order.symbol)]

    async def fills(
        self, symbol: Symbol, *, since_ns: int = 0, after: TradeId | None = None, order: VenueOrderId | None = None
    ) -> list[VenueFill]:
        """As the port promises; like a real sweep it does not know our ids."""
        self._reachable()
        return [
            msgspec.structs.replace(trade, client_order_id=ClientOrderId(""))
            for trade in self.venue.trades
            if trade.symbol == symbol
            and trade.ts_event_ns >= since_ns
            and (after is None or int(trade.trade_id) > int(after))
            and (order is None or trade.venue_order_id == order)
        ]

    async def balances(self) -> Mapping[str, Balance]:
        """As the port promises."""
        self._reachable()
        return self.venue.balances()

    async def arm_dead_man(self, seconds: float, symbols: Collection[Symbol]) -> None:
        """As the port promises; the venue keeps the time, the test lets it run out (`FakeVenue.dead_man_fires`)."""
        del symbols
        if self.venue.down:
            raise VenueTimeout("no answer (the request was lost)")
        if self.facts.dead_man is None:
            raise VenueUnsupported("no dead-man timer here")
        self.venue.dead_man_until_ns = self.venue.now() + int(seconds * 1e9)

    async def disarm_dead_man(self, symbols: Collection[Symbol]) -> None:
        """As the port promises."""
        del symbols
        if self.venue.down:
            raise VenueTimeout("no answer (the request was lost)")
        if self.facts.dead_man is None:
            raise VenueUnsupported("no dead-man timer here")
        self.venue.dead_man_until_ns = None

    async def stream(self) -> AsyncIterator[PrivateEvent]:
        """As the port promises; `cut()` ends it."""
        self._reachable()
        queue: asyncio.Queue[PrivateEvent | None] = asyncio.Queue()
        self.venue.private.append(queue)
        yield Connected(self.venue.now())
        while (event := await queue.get()) is not None:
            yield event
        raise StreamClosed("the private stream ended")

    def _reachable(self) -> None:
        if self.venue.down:
            raise VenueUnavailable("nobody answers")


class FakeMarket:
    """`venues.port.Market` on a FakeVenue."""

    def __init__(self, venue: FakeVenue) -> None:
        self.venue = venue

    async def open(self) -> None:
        """As the port promises."""
        self._reachable()

    async def close(self) -> None:
        """As the port promises."""

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        return self.venue.instrument(symbol)

    async def bars(self, symbol: Symbol, timeframe: str, *, since_ns: int = 0, limit: int = 500) -> list[Bar]:
        """As the port promises."""
        self._reachable()
        bars = [bar for bar in self.venue.history.get((symbol, timeframe), []) if bar.open_ns >= since_ns]
        return bars[:limit] if since_ns else bars[-limit:]

    async def stream(self, subscriptions: Iterable[Subscription]) -> AsyncIterator[MarketEvent]:
        """As the port promises; `cut()` ends it."""
        wanted = frozenset(subscriptions)
        self._reachable()
        queue: asyncio.Queue[MarketEvent | None] = asyncio.Queue()
        self.venue.public.append((wanted, queue))
        yield Connected(self.venue.now())
        while (event := await queue.get()) is not None:
            yield event
        raise StreamClosed("the market stream ended")

    def _reachable(self) -> None:
        if self.venue.down:
            raise VenueUnavailable("nobody answers")
