"""What the daemon asks of a venue: two ports, their promises and their errors.

`Account` is one set of keys at one venue; `Market` is what the venue tells everybody. An adapter raises only the errors
named here (`algobot.errors`), never its library's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Protocol

import msgspec

from algobot.model import (
    Bar,
    BarUpdate,
    ClientOrderId,
    Instrument,
    NewOrder,
    Quote,
    Symbol,
    Trade,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.venues.facts import VenueFacts


class Balance(msgspec.Struct, frozen=True):
    """What an account holds of one currency."""

    free: Decimal
    locked: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


class BalancesChanged(msgspec.Struct, frozen=True):
    """The private stream says that these currencies now stand so."""

    balances: dict[str, Balance]
    ts_event_ns: int


class Connected(msgspec.Struct, frozen=True):
    """The stream is up (again): what happened before is not in it, so sweep before acting."""

    ts_recv_ns: int


PrivateEvent = Connected | VenueOrder | VenueFill | BalancesChanged
MarketEvent = Connected | BarUpdate | Quote | Trade


class Subscription(msgspec.Struct, frozen=True):
    """One stream of market data: quotes when `timeframe` is "", else bars of that timeframe.

    A venue that streams no bars sends the symbol's trades in their place, once for all its timeframes.
    """

    symbol: Symbol
    timeframe: str = ""


class Account(Protocol):
    """One set of keys at one venue. Calls never retry: who calls decides what a failure means."""

    facts: VenueFacts  # what is known of the venue: late requests, ids, dead-man timer, prices of calls

    @property
    def used_weight(self) -> int:
        """What was spent of the venue's budget (`facts.costs.budget`), as it said last; 0 where it never says."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about this account, learned by `open`: rights that could not be checked, …"""
        ...

    async def open(self) -> None:
        """Connect, load the markets, measure the clock, check the key.

        Raises:
            VenueUnavailable: nobody answers there.
            VenueAuthFailed: the key was refused.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return the market rules of `symbol` (known once open).

        Raises:
            NotFound: the venue does not trade it.
        """
        ...

    async def clock_offset_ns(self) -> int:
        """Return venue time minus our time. Raises VenueUnavailable."""
        ...

    async def submit(self, order: NewOrder, *, valid_ns: int) -> VenueOrder:
        """Send `order` once; the venue may accept it for `valid_ns` from now and no longer.

        Raises:
            VenueRejected: the venue said no; the order does not exist.
            VenueTimeout: no usable answer; the order may exist. Reconcile, never resend.
        """
        ...

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> None:
        """Ask for a cancel; a normal return is a hint, not a proof: fetch the order.

        Raises:
            VenueOrderNotFound: the venue has no such open order (it may have filled).
            VenueRejected, VenueTimeout: as for `submit`.
        """
        ...

    async def fetch_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """Return one order by our id. Raises VenueOrderNotFound, VenueUnavailable, VenueRateLimited."""
        ...

    async def open_orders(self, symbol: Symbol | None = None) -> list[VenueOrder]:
        """Return every open order, ours and foreign. Raises VenueUnavailable, VenueRateLimited."""
        ...

    async def fills(
        self, symbol: Symbol, *, since_ns: int = 0, after: TradeId | None = None, order: VenueOrderId | None = None
    ) -> list[VenueFill]:
        """Return this account's trades of `symbol`, oldest first, every page of them.

        From `since_ns`; or those behind trade `after`; or those of one `order`.

        Raises VenueUnavailable, VenueRateLimited.
        """
        ...

    async def balances(self) -> Mapping[str, Balance]:
        """Return what the account holds, by currency. Raises VenueUnavailable, VenueRateLimited."""
        ...

    async def arm_dead_man(self, seconds: float, symbols: Collection[Symbol]) -> None:
        """Have the venue cancel every order of the account `seconds` from now, unless armed again before.

        `symbols` are those traded here: some venues have a timer for each (`facts.dead_man`).

        Raises:
            VenueUnsupported: there is no such timer.
            VenueRejected, VenueTimeout: as for `submit`.
        """
        ...

    async def disarm_dead_man(self, symbols: Collection[Symbol]) -> None:
        """Stop that timer. Raises as `arm_dead_man`."""
        ...

    def stream(self) -> AsyncIterator[PrivateEvent]:
        """Yield `Connected`, then this account's orders, fills and balances as they happen.

        Raises StreamClosed when the connection ends or falls silent; call again for a new one.
        """
        ...


class Market(Protocol):
    """What a venue tells everybody: market rules, history, streams. Needs no key."""

    async def open(self) -> None:
        """Connect and load the markets. Raises VenueUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return the market rules of `symbol` (known once open). Raises NotFound."""
        ...

    async def bars(self, symbol: Symbol, timeframe: str, *, since_ns: int = 0, limit: int = 500) -> list[Bar]:
        """Return closed bars, oldest first: `limit` from `since_ns` on, or the last `limit` when it is 0.

        Raises VenueUnavailable, VenueRateLimited.
        """
        ...

    def stream(self, subscriptions: Iterable[Subscription]) -> AsyncIterator[MarketEvent]:
        """Yield `Connected`, then market events, decoded once, unfiltered.

        Raises StreamClosed when the connection ends or falls silent; call again for a new one.
        """
        ...
