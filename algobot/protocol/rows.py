"""What replies and events carry: the daemon's state in rows that a screen or a script can use as they are.

Exact amounts are decimals (strings on the wire); what depends on a mark is a float in quote units. Fractions are
fractions (0.01 is 1 %). A new field always has a default: JSON only grows.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import AccountId, BotId, BotMode, BotSpec, BotState, Fill, Order, Symbol


class BotRow(msgspec.Struct, frozen=True):
    """One bot as it stands."""

    bot_id: BotId
    state: BotState
    mode: BotMode
    strategy: str
    symbol: Symbol
    timeframe: str
    account_id: AccountId
    capital: Decimal
    cash: Decimal
    position: Decimal  # base units, negative is short
    entry_price: float = 0.0  # average, 0 when flat
    mark: float = 0.0
    equity: float = 0.0
    pnl_day: float = 0.0  # since 00:00 UTC
    pnl_total: float = 0.0  # equity - capital
    return_fraction: float = 0.0
    sharpe: float | None = None  # annualised, of bar returns since birth; None under a day of market time or 30 bars
    drawdown_fraction: float = 0.0
    orders_open: int = 0
    orders: int = 0  # ever sent
    fills: int = 0
    trades: int = 0  # closed round trips
    last_decision: str = ""  # "long", "short", "flat", "keep"
    last_reason: str = ""  # in words, with the values
    last_decision_ns: int = 0
    last_bar_ns: int = 0  # close of the last folded bar, market time
    data_recv_ns: int = 0  # when its last market event came, our time; 0 is never
    started_ns: int = 0
    restarts: int = 0
    reason: str = ""  # why it is degraded, faulted, quarantined or halted
    simulated: bool = False  # its account's venue is a simulator or a test network: no real money moves


class BotDetail(msgspec.Struct, frozen=True):
    """One bot with all a screen shows of it."""

    row: BotRow
    spec: BotSpec
    orders: list[Order]  # newest first
    fills: list[Fill]  # newest first
    equity_curve: list[tuple[int, float]]  # (ts_ns, equity), oldest first
    prices: list[tuple[int, float]]  # (bar close_ns, close), oldest first
    decisions: list[DecisionRow]  # newest first


class DecisionRow(msgspec.Struct, frozen=True):
    """What a bot decided on a bar, and why."""

    ts_ns: int
    bar_ns: int
    decision: str
    reason: str


class PositionRow(msgspec.Struct, frozen=True):
    """`sum(bots) + external == venue`, for one currency of one account."""

    account_id: AccountId
    currency: str
    bots: Decimal  # the live bots' sum of changes since birth
    external: Decimal  # what the account held besides: the baseline, audited
    venue: Decimal  # what the venue says
    drift: Decimal  # venue - bots - external
    checked_ns: int = 0


class BalanceRow(msgspec.Struct, frozen=True):
    """What the venue says an account holds of one currency."""

    account_id: AccountId
    currency: str
    free: Decimal
    locked: Decimal
    ts_ns: int = 0


class AccountRow(msgspec.Struct, frozen=True):
    """One account: its gate and its reconciliation."""

    account_id: AccountId
    venue: str
    state: str  # "connecting", "reconciling", "ready", "degraded", "halted"
    reconciled: bool
    reconciled_ns: int = 0
    drift: list[PositionRow] = []  # only what is not zero
    orders_open: int = 0
    orders_in_flight: int = 0  # intent, unknown, pending cancel
    orders_foreign: int = 0
    latency_ns: int = 0  # median of the last submits
    reason: str = ""
    simulated: bool = False  # its venue is a simulator or a test network: no real money moves


class FeedRow(msgspec.Struct, frozen=True):
    """One venue's market stream."""

    venue: str
    connected: bool
    subscriptions: int
    last_recv_ns: int = 0
    reconnects: int = 0
    rejected_ticks: int = 0
    reason: str = ""
    quotes: int = 0  # taken since the daemon started
    bars: int = 0  # closed ones, likewise


class HaltRow(msgspec.Struct, frozen=True):
    """The kill switch, one latch per scope that is halted."""

    scope: str  # "all", "account", "bot"
    target: str  # "" for all, else the account's or bot's name
    mode: str  # "halt", "cancel", "flatten"
    reason: str
    since_ns: int
    by: str = ""
    foreign: bool = False  # the guard cancels orders that are not ours, too


class GuardRow(msgspec.Struct, frozen=True):
    """The guard, the process that stops trading when the daemon cannot, as the daemon sees it."""

    state: str = "off"  # "off": not wanted; "absent": none answers; else its own: "watching", "acting", "safe", …
    pid: int = 0
    seen_ns: int = 0  # its last beat; 0 is never
    required: bool = False  # nothing new is opened while none answers
    reason: str = ""  # what it is at, or why there is none


class LogRow(msgspec.Struct, frozen=True):
    """One line of the daemon's log."""

    ts_ns: int
    level: str
    event: str  # "noun.verb"
    bot_id: str = ""
    fields: dict[str, str] = {}


class Status(msgspec.Struct, frozen=True):
    """The daemon in one look."""

    version: str
    protocol: int
    instance: str
    pid: int
    started_ns: int
    now_ns: int
    state: str  # "starting", "ready", "stopping"
    seq: int
    bots: dict[str, int]  # how many in each state
    equity: float
    pnl_day: float
    orders_open: int
    accounts: list[AccountRow]
    feeds: list[FeedRow]
    halts: list[HaltRow]
    store: str = "ok"  # "ok" or why it takes no writes
    rss_bytes: int = 0
    loop_lag_p99_ns: int = 0
    decision_p99_ns: int = 0  # market event received → decision made: bars and quotes together, one per bot and event
    clients: int = 0
    bar_p99_ns: int = 0  # closed bar received → the bot has decided
    quote_p99_ns: int = 0  # quote received → the bot sees its price; or has judged it, where it acts on quotes
    guard: GuardRow = GuardRow()  # "off", too, where no account trades
