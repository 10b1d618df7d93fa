"""What actors tell each other. Closed unions; a message is a fact or a wish, never a conversation.

A bot's mailbox drains its lanes in this order: fill (`BotFill`), control (`BotControl`), market (`BotMarket`).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import (
    AccountId,
    Bar,
    BotId,
    BotSpec,
    ClientOrderId,
    Fill,
    Order,
    OrderType,
    Quote,
    Side,
    Symbol,
    TimeInForce,
)

# --- what is made durable together ---------------------------------------------------------------------------------


class Checkpoint(msgspec.Struct, frozen=True):
    """All a bot needs to go on after a crash, beside the ledger: its session's bytes and how far it had come."""

    bot_id: BotId
    bar_close_ns: int  # the last folded bar
    ledger_seq: int  # the last fill its session has applied; later ones are applied again from the ledger
    session: bytes  # `kernel.session.Session.snapshot()`
    layout: str  # names strategy, parameters and record layout; another layout means: warm up afresh
    written_ns: int
    paused: bool = False  # a person paused it: it stays so over a restart
    day_start_equity: float = 0.0
    day_start_ns: int = 0


class Intent(msgspec.Struct, frozen=True):
    """What a bot wants of its account: one order, not yet an order."""

    bot_id: BotId
    account_id: AccountId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal
    reference_price: float  # the price it was decided at: collars and notional limits use it
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    tag: str = ""


# --- to the gateway of an account ----------------------------------------------------------------------------------


class Submit(msgspec.Struct, frozen=True):
    """Send these; the checkpoint of the bar they were decided on becomes durable in the same transaction."""

    intents: tuple[Intent, ...]
    checkpoint: Checkpoint | None = None


class Cancel(msgspec.Struct, frozen=True):
    """Cancel one order of ours."""

    client_order_id: ClientOrderId
    reason: str = ""


class CancelBot(msgspec.Struct, frozen=True):
    """Cancel every open order of a bot."""

    bot_id: BotId
    reason: str = ""


# --- to a bot ------------------------------------------------------------------------------------------------------


class OrderMoved(msgspec.Struct, frozen=True):
    """An order of the bot's is now so (an intent refused here included: REJECTED with its reason)."""

    order: Order


class FillArrived(msgspec.Struct, frozen=True):
    """A fill of the bot's is durable as number `ledger_seq` of the ledger."""

    fill: Fill
    ledger_seq: int


class StopBot(msgspec.Struct, frozen=True):
    """Cancel, optionally close, then end."""

    flatten: bool = False


class PauseBot(msgspec.Struct, frozen=True):
    """Open nothing new."""


class ResumeBot(msgspec.Struct, frozen=True):
    """Trade again."""


class CloseBot(msgspec.Struct, frozen=True):
    """Close the position at market; `pause` first where nothing may be opened after."""

    tag: str = "close"
    pause: bool = False


class HaltChanged(msgspec.Struct, frozen=True):
    """The kill switch now covers this bot (its reason), or no longer does ("")."""

    reason: str
    may_reduce: bool = False  # whether the gateway lets exits through meanwhile (a wish to flatten)


class AccountState(msgspec.Struct, frozen=True):
    """The bot's account may take orders, or not and why."""

    ready: bool
    reason: str = ""


class SpecChanged(msgspec.Struct, frozen=True):
    """Its configuration was reloaded with a change that applies live."""

    spec: BotSpec


class BarArrived(msgspec.Struct, frozen=True):
    """A bar closed."""

    bar: Bar
    ts_recv_ns: int


class QuoteArrived(msgspec.Struct, frozen=True):
    """The market moved (the latest wins)."""

    quote: Quote


class FeedState(msgspec.Struct, frozen=True):
    """The bot's market data is live, or stale and since when; `resumed` asks it to fill the bars it missed."""

    live: bool
    reason: str = ""


class HistoryArrived(msgspec.Struct, frozen=True):
    """The closed bars a bot asked for, oldest first; with a `reason` there are none yet, and the Feed keeps trying."""

    bars: tuple[Bar, ...]
    reason: str = ""


class LookAgain(msgspec.Struct, frozen=True):
    """A second has passed: show yourself if you changed, see whether what you wait for has come."""


BotFill = OrderMoved | FillArrived
BotControl = (
    StopBot
    | PauseBot
    | ResumeBot
    | CloseBot
    | HaltChanged
    | AccountState
    | SpecChanged
    | FeedState
    | HistoryArrived
    | LookAgain
)
BotMarket = BarArrived | QuoteArrived
GatewayMessage = Submit | Cancel | CancelBot
