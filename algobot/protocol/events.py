"""What the daemon tells those who follow it: past tense, numbered by `seq` without gaps, one closed union."""

from __future__ import annotations

import msgspec

from algobot.model import AccountId, BotId, Fill, Order
from algobot.protocol.rows import AccountRow, BalanceRow, BotRow, DecisionRow, FeedRow, HaltRow, LogRow, PositionRow


class Event(msgspec.Struct, frozen=True, tag_field="type"):
    """The root: `seq` grows by one with every event of a daemon's life, `ts_ns` is its wall clock."""

    seq: int
    ts_ns: int


class BotAdded(Event, frozen=True, tag="bot.added"):
    """There is a new bot."""

    row: BotRow


class BotRemoved(Event, frozen=True, tag="bot.removed"):
    """A bot is gone."""

    bot_id: BotId


class BotChanged(Event, frozen=True, tag="bot.changed"):
    """A bot's row changed: state, money or market (conflated: the latest wins)."""

    row: BotRow


class DecisionMade(Event, frozen=True, tag="decision.made"):
    """A bot decided something other than to keep."""

    bot_id: BotId
    decision: DecisionRow


class OrderChanged(Event, frozen=True, tag="order.changed"):
    """An order moved along its life."""

    order: Order


class FillRecorded(Event, frozen=True, tag="fill.recorded"):
    """A fill is in the ledger."""

    fill: Fill


class BarClosed(Event, frozen=True, tag="bar.closed"):
    """A bot folded a bar: its close and the bot's equity then (feeds the charts)."""

    bot_id: BotId
    bar_ns: int
    close: float
    equity: float


class AccountChanged(Event, frozen=True, tag="account.changed"):
    """An account's gate or reconciliation changed."""

    row: AccountRow


class PositionsChanged(Event, frozen=True, tag="positions.changed"):
    """An account was compared with its venue."""

    account_id: AccountId
    positions: list[PositionRow]
    balances: list[BalanceRow]


class FeedChanged(Event, frozen=True, tag="feed.changed"):
    """A market stream connected, ended, or was seen stale."""

    row: FeedRow


class HaltsChanged(Event, frozen=True, tag="halts.changed"):
    """The kill switch was latched or cleared; the list is whole."""

    halts: list[HaltRow]


class LineLogged(Event, frozen=True, tag="line.logged"):
    """The daemon wrote a log line."""

    line: LogRow


class AlarmRaised(Event, frozen=True, tag="alarm.raised"):
    """Something wants a person."""

    alarm: str  # "noun.verb"
    message: str
    hint: str = ""
    bot_id: str = ""
    account_id: str = ""


class DaemonStopping(Event, frozen=True, tag="daemon.stopping"):
    """The daemon is going down on purpose."""

    reason: str


AnyEvent = (
    BotAdded
    | BotRemoved
    | BotChanged
    | DecisionMade
    | OrderChanged
    | FillRecorded
    | BarClosed
    | AccountChanged
    | PositionsChanged
    | FeedChanged
    | HaltsChanged
    | LineLogged
    | AlarmRaised
    | DaemonStopping
)
