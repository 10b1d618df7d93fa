"""What a client may ask. Each request names its method (`tag`), its answer (`REPLY`) and whether it changes anything.

A new field always has a default; a method is never given a new meaning.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

from algobot.model import AccountId, BotId, BotSpec, ClientOrderId, Fill, Order
from algobot.protocol.rows import BalanceRow, BotDetail, BotRow, HaltRow, LogRow, PositionRow, Status

PROTOCOL: Final = 1


# --- replies -------------------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True):
    """Who answers."""

    protocol: int
    version: str
    instance: str
    role: str  # "control" or "view"
    pid: int


class Done(msgspec.Struct, frozen=True):
    """It was done; `message` says what, in one sentence."""

    message: str = ""


class Bots(msgspec.Struct, frozen=True):
    """All bots, by name."""

    bots: list[BotRow]


class Orders(msgspec.Struct, frozen=True):
    """Orders, newest first."""

    orders: list[Order]


class Fills(msgspec.Struct, frozen=True):
    """Fills, newest first."""

    fills: list[Fill]


class Positions(msgspec.Struct, frozen=True):
    """Bots, external holdings and the venue, side by side."""

    positions: list[PositionRow]


class Balances(msgspec.Struct, frozen=True):
    """What the venue says."""

    balances: list[BalanceRow]


class Logs(msgspec.Struct, frozen=True):
    """Log lines, oldest first."""

    lines: list[LogRow]


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload changed, or would change."""

    added: list[BotId]
    removed: list[BotId]
    changed: list[str]  # bots, and settings of the daemon by their path
    restart_needed: list[str]  # fields that cannot change live


class Reconciled(msgspec.Struct, frozen=True):
    """The outcome of a reconciliation asked for."""

    ok: bool
    positions: list[PositionRow]
    notes: list[str]


class Killed(msgspec.Struct, frozen=True):
    """What the kill switch has done so far, told truthfully."""

    gate_closed: bool
    halts: list[HaltRow]
    cancels_asked: int
    orders_left: list[ClientOrderId]  # still open at the venue when this was written
    safe: bool  # the venue shows none of ours
    notes: list[str] = []


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a screen needs to start, consistent at `seq`; events after it follow."""

    seq: int
    status: Status
    bots: list[BotRow]
    orders: list[Order]  # open ones, and the newest closed
    fills: list[Fill]  # the newest
    positions: list[PositionRow]
    balances: list[BalanceRow]
    logs: list[LogRow]


class Following(msgspec.Struct, frozen=True):
    """Events from `seq + 1` on will follow; `complete` is false when older ones are gone: take a snapshot."""

    seq: int
    complete: bool


# --- requests ------------------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The root of what a client may ask."""

    REPLY: ClassVar[type[msgspec.Struct]] = Done
    MUTATES: ClassVar[bool] = False


class SayHello(Request, frozen=True, tag="hello"):
    """The first frame of every connection."""

    REPLY = Hello
    protocol: int = PROTOCOL
    client: str = ""


class GetStatus(Request, frozen=True, tag="status"):
    """The daemon in one look."""

    REPLY = Status


class GetSnapshot(Request, frozen=True, tag="snapshot"):
    """Everything a screen needs to start."""

    REPLY = Snapshot


class ListBots(Request, frozen=True, tag="bots.list"):
    """All bots."""

    REPLY = Bots


class ShowBot(Request, frozen=True, tag="bot.show"):
    """One bot with all a screen shows of it."""

    REPLY = BotDetail
    bot_id: BotId


class AddBot(Request, frozen=True, tag="bot.add"):
    """Make a bot (stopped unless `spec.autostart`)."""

    MUTATES = True
    spec: BotSpec


class RemoveBot(Request, frozen=True, tag="bot.remove"):
    """Forget a stopped, flat bot; its orders and fills stay in the ledger."""

    MUTATES = True
    bot_id: BotId


class StartBot(Request, frozen=True, tag="bot.start"):
    """Start a bot that is stopped, or release one from quarantine."""

    MUTATES = True
    bot_id: BotId


class StopBot(Request, frozen=True, tag="bot.stop"):
    """Stop one bot once its orders are canceled; `flatten` also closes its position."""

    MUTATES = True
    bot_id: BotId
    flatten: bool = False


class PauseBot(Request, frozen=True, tag="bot.pause"):
    """Open nothing new; exits go on."""

    MUTATES = True
    bot_id: BotId


class ResumeBot(Request, frozen=True, tag="bot.resume"):
    """Trade again after a pause."""

    MUTATES = True
    bot_id: BotId


class RestartBot(Request, frozen=True, tag="bot.restart"):
    """Stop the bot's task and start it again from its checkpoint."""

    MUTATES = True
    bot_id: BotId


class CloseBot(Request, frozen=True, tag="bot.close"):
    """Close the bot's position at market; the bot keeps running."""

    MUTATES = True
    bot_id: BotId


class Flatten(Request, frozen=True, tag="flatten"):
    """Pause, cancel all orders and close the position of one bot, or of all of an account, or of all."""

    MUTATES = True
    bot_id: BotId | None = None
    account_id: AccountId | None = None


class ListOrders(Request, frozen=True, tag="orders.list"):
    """Orders, newest first."""

    REPLY = Orders
    bot_id: BotId | None = None
    open_only: bool = False
    limit: int = 200


class CancelOrder(Request, frozen=True, tag="order.cancel"):
    """Cancel one order of ours."""

    MUTATES = True
    client_order_id: ClientOrderId


class ListFills(Request, frozen=True, tag="fills.list"):
    """Fills, newest first."""

    REPLY = Fills
    bot_id: BotId | None = None
    limit: int = 200


class ListPositions(Request, frozen=True, tag="positions.list"):
    """`sum(bots) + external == venue`, by account and currency."""

    REPLY = Positions


class ListBalances(Request, frozen=True, tag="balances.list"):
    """What the venue says."""

    REPLY = Balances


class ListLogs(Request, frozen=True, tag="logs.list"):
    """The newest log lines, oldest first."""

    REPLY = Logs
    bot_id: BotId | None = None
    level: Literal["debug", "info", "warning", "error"] = "info"
    limit: int = 200


class FollowEvents(Request, frozen=True, tag="events.follow"):
    """Send every event after `since` (0: from now on, -N: the newest N kept); a second call replaces the first."""

    REPLY = Following
    since: int = 0
    bot_id: BotId | None = None


class Reload(Request, frozen=True, tag="daemon.reload"):
    """Read the configuration again: validate, then apply all or nothing."""

    REPLY = Reloaded
    MUTATES = True
    dry_run: bool = False


class Reconcile(Request, frozen=True, tag="reconcile"):
    """Compare ledger and venue now."""

    REPLY = Reconciled
    account_id: AccountId | None = None


class AcceptDrift(Request, frozen=True, tag="reconcile.accept"):
    """Book the drift of an account as external, audited, and open its gate again."""

    REPLY = Reconciled
    MUTATES = True
    account_id: AccountId
    reason: str


class Kill(Request, frozen=True, tag="kill"):
    """Latch the kill switch. halt: no new exposure; cancel: and cancel all; flatten: and close positions."""

    REPLY = Killed
    MUTATES = True
    mode: Literal["halt", "cancel", "flatten"] = "cancel"
    account_id: AccountId | None = None
    bot_id: BotId | None = None
    reason: str = ""


class Unhalt(Request, frozen=True, tag="unhalt"):
    """Clear the latch after a clean reconciliation."""

    MUTATES = True
    reason: str
    account_id: AccountId | None = None
    bot_id: BotId | None = None


AnyRequest = (
    SayHello
    | GetStatus
    | GetSnapshot
    | ListBots
    | ShowBot
    | AddBot
    | RemoveBot
    | StartBot
    | StopBot
    | PauseBot
    | ResumeBot
    | RestartBot
    | CloseBot
    | Flatten
    | ListOrders
    | CancelOrder
    | ListFills
    | ListPositions
    | ListBalances
    | ListLogs
    | FollowEvents
    | Reload
    | Reconcile
    | AcceptDrift
    | Kill
    | Unhalt
)
