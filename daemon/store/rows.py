"""What the store keeps: one Struct per kind of row, a closed union."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import AccountId, BotId, BotSpec, Fill, Order
from daemon.messages import Checkpoint


class OrderRow(msgspec.Struct, frozen=True):
    """An order as it now is: an event is appended and the projected row follows it."""

    order: Order
    paper: bool = False


class FillRow(msgspec.Struct, frozen=True):
    """A fill for the ledger; one whose (account, symbol, trade id, paper) is there already changes nothing."""

    fill: Fill
    paper: bool = False


class BotRecord(msgspec.Struct, frozen=True):
    """A bot that exists, and who made it: "config" or "ctl"."""

    spec: BotSpec
    origin: str
    updated_ns: int


class BotForgotten(msgspec.Struct, frozen=True):
    """A bot that is gone, its checkpoint with it; its orders and fills stay."""

    bot_id: BotId


class Adjustment(msgspec.Struct, frozen=True):
    """What an account holds besides its bots' fills, and who said so."""

    account_id: AccountId
    currency: str
    amount: Decimal  # the change, signed
    kind: str  # "baseline", "dust", "accept", "adopt"
    reason: str
    by: str
    ts_ns: int


class HaltRecord(msgspec.Struct, frozen=True):
    """A latch that is closed."""

    scope: str
    target: str
    mode: str
    reason: str
    since_ns: int
    by: str


class HaltCleared(msgspec.Struct, frozen=True):
    """A latch that is open again."""

    scope: str
    target: str


class AuditRow(msgspec.Struct, frozen=True):
    """A call that changed something: who, what, and what came of it."""

    ts_ns: int
    by: str
    method: str
    params: str
    outcome: str


class EquitySample(msgspec.Struct, frozen=True):
    """A point of a bot's equity curve."""

    bot_id: BotId
    ts_ns: int
    equity: float


Row = (
    OrderRow
    | FillRow
    | Checkpoint
    | BotRecord
    | BotForgotten
    | Adjustment
    | HaltRecord
    | HaltCleared
    | AuditRow
    | EquitySample
)


class LedgerFill(msgspec.Struct, frozen=True):
    """A fill with its number in the ledger."""

    ledger_seq: int
    fill: Fill
    paper: bool
