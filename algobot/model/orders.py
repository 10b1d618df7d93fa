"""Orders and fills, and the life of an order as data.

Amounts here are exact `Decimal`s in the venue's own digits; the kernel works in lots and ticks (`model.Instrument`
converts, nobody else does).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, IntEnum
from typing import Final

import msgspec

from algobot.model.ids import AccountId, BotId, ClientOrderId, Symbol, TradeId, VenueOrderId


class Side(IntEnum):
    """+1 and -1, so that `side * quantity` is the signed change of position."""

    BUY = 1
    SELL = -1


class OrderType(Enum):
    """How an order meets the book."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(Enum):
    """How long an order rests."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class OrderStatus(Enum):
    """Where an order is in its life; `TRANSITIONS` says what may follow."""

    INTENT = "intent"  # durable here, not yet answered
    OPEN = "open"
    PARTIAL = "partial"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"  # the venue refused it, or we did before sending
    UNKNOWN = "unknown"  # sent, no usable answer: it may exist
    NEVER_ACCEPTED = "never_accepted"  # proved absent after its validity window
    UNRESOLVED = "unresolved"  # neither found nor proved absent: a person decides


_S = OrderStatus
TRANSITIONS: Final[dict[OrderStatus, frozenset[OrderStatus]]] = {
    _S.INTENT: frozenset(
        {_S.OPEN, _S.PARTIAL, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.UNKNOWN, _S.NEVER_ACCEPTED}
    ),
    _S.UNKNOWN: frozenset(
        {_S.OPEN, _S.PARTIAL, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.NEVER_ACCEPTED, _S.UNRESOLVED}
    ),
    _S.UNRESOLVED: frozenset({_S.OPEN, _S.PARTIAL, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.NEVER_ACCEPTED}),
    _S.OPEN: frozenset({_S.PARTIAL, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED}),
    _S.PARTIAL: frozenset({_S.PARTIAL, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELED, _S.EXPIRED}),
    _S.PENDING_CANCEL: frozenset({_S.OPEN, _S.PARTIAL, _S.FILLED, _S.CANCELED, _S.EXPIRED}),
    _S.CANCELED: frozenset({_S.FILLED}),  # a fill can overtake our cancel on the wire
    _S.EXPIRED: frozenset({_S.FILLED}),
    _S.FILLED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.NEVER_ACCEPTED: frozenset(),
}
IN_FLIGHT: Final = frozenset({_S.INTENT, _S.UNKNOWN, _S.PENDING_CANCEL, _S.UNRESOLVED})
LIVE: Final = frozenset({_S.INTENT, _S.UNKNOWN, _S.UNRESOLVED, _S.OPEN, _S.PARTIAL, _S.PENDING_CANCEL})
CLOSED: Final = frozenset(set(OrderStatus) - LIVE)


def may_follow(current: OrderStatus, new: OrderStatus) -> bool:
    """Return whether `new` may follow `current`; staying where one is, is always legal."""
    return new == current or new in TRANSITIONS[current]


class NewOrder(msgspec.Struct, frozen=True):
    """What is sent to a venue, once. `limit_price` is None for a market order."""

    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal  # in base units, a whole number of lots
    limit_price: Decimal | None = None  # a whole number of ticks
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False


class VenueOrder(msgspec.Struct, frozen=True):
    """An order as its venue reports it; cumulative amounts are a check, never a source of fills."""

    client_order_id: ClientOrderId  # "" where a foreign order carries none
    venue_order_id: VenueOrderId
    symbol: Symbol
    side: Side
    type: OrderType
    status: OrderStatus
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None
    ts_event_ns: int


class VenueFill(msgspec.Struct, frozen=True):
    """One trade of ours as its venue reports it; the key is (account, symbol, trade_id)."""

    trade_id: TradeId
    venue_order_id: VenueOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal  # ≥ 0 is paid, < 0 a rebate
    fee_currency: str
    is_maker: bool
    ts_event_ns: int
    client_order_id: ClientOrderId = ClientOrderId("")  # known on the private stream, not in a trades sweep


class Order(msgspec.Struct, frozen=True):
    """An order of ours: the row of record, projected from its events."""

    client_order_id: ClientOrderId
    account_id: AccountId
    bot_id: BotId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal
    status: OrderStatus
    created_ns: int
    updated_ns: int
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    venue_order_id: VenueOrderId = VenueOrderId("")
    filled: Decimal = Decimal(0)
    tag: str = ""  # why: "entry", "exit", "stop", "target", "flatten", or the strategy's own word
    reason: str = ""  # the last refusal or note


class Fill(msgspec.Struct, frozen=True):
    """An execution of ours, attributed to a bot; never edited, never invented."""

    trade_id: TradeId
    account_id: AccountId
    bot_id: BotId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    is_maker: bool
    ts_event_ns: int
    ts_recv_ns: int
    tag: str = ""
