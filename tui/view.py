"""What the TUI knows, as a fold: a `View` starts from a `Snapshot` and every event gives the next one.

Law: `apply` is pure; an event that is not newer than the view changes nothing; a snapshot taken at k with the events
after k folded in equals the fold of everything. Widgets only draw what is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from algobot.model import ACTIVE, LIVE, AccountId, BotId, BotMode, BotState, ClientOrderId, Fill, Order
from algobot.protocol.events import (
    AccountChanged,
    AlarmRaised,
    AnyEvent,
    BarClosed,
    BotAdded,
    BotChanged,
    BotRemoved,
    DaemonStopping,
    DecisionMade,
    FeedChanged,
    FillRecorded,
    HaltsChanged,
    LineLogged,
    OrderChanged,
    PositionsChanged,
)
from algobot.protocol.requests import Snapshot
from algobot.protocol.rows import (
    AccountRow,
    BalanceRow,
    BotDetail,
    BotRow,
    DecisionRow,
    FeedRow,
    HaltRow,
    LogRow,
    PositionRow,
    Status,
)

CLOSED_KEPT: Final = 300  # closed orders; open ones are always kept
FILLS_KEPT: Final = 300
LOGS_KEPT: Final = 1000
ALARMS_KEPT: Final = 50
CURVE_KEPT: Final = 240  # equity points a bot

Money = Literal["real", "simulated", "paper"]
MONIES: Final[tuple[Money, ...]] = ("real", "simulated", "paper")  # as much as they matter

K = TypeVar("K")
V = TypeVar("V")
Curve = tuple[tuple[int, float], ...]  # (ts_ns, equity), oldest first


def money_of(row: BotRow) -> Money:
    """Whose money a bot trades: orders go to a real venue, or to a simulated one, or nowhere."""
    if row.mode is BotMode.PAPER:
        return "paper"
    return "simulated" if row.simulated else "real"


class View(msgspec.Struct, frozen=True):
    """All a screen may draw, consistent at `seq`. The dicts are never changed in place."""

    seq: int
    status: Status
    bots: dict[BotId, BotRow]
    orders: dict[ClientOrderId, Order]
    fills: tuple[Fill, ...]  # newest first
    accounts: dict[AccountId, AccountRow]
    feeds: dict[str, FeedRow]
    halts: tuple[HaltRow, ...]
    positions: tuple[PositionRow, ...]
    balances: tuple[BalanceRow, ...]
    logs: tuple[LogRow, ...]  # oldest first
    alarms: tuple[AlarmRaised, ...] = ()  # oldest first
    curves: dict[BotId, Curve] = {}
    decisions: dict[BotId, DecisionRow] = {}  # the newest of each bot seen since the snapshot
    stopping: str = ""  # why the daemon is going down, if it says so

    @property
    def main(self) -> Money:
        """The money that matters most here: real if any bot trades it, else simulated, else play money."""
        kinds = {money_of(row) for row in self.bots.values()}
        return next((kind for kind in MONIES if kind in kinds), "paper")

    def equity(self, money: Money) -> float:
        """The sum of what the bots with this money are worth, in quote units."""
        return sum(row.equity for row in self.of_money(money))

    def pnl_day(self, money: Money) -> float:
        """What the bots with this money made since 00:00 UTC."""
        return sum(row.pnl_day for row in self.of_money(money))

    def capital(self, money: Money) -> Decimal:
        """What the bots with this money were given."""
        return sum((row.capital for row in self.of_money(money)), Decimal(0))

    def of_money(self, money: Money) -> list[BotRow]:
        """The bots with this money, by name."""
        return sorted((row for row in self.bots.values() if money_of(row) == money), key=lambda row: row.bot_id)

    def in_state(self, *states: BotState) -> int:
        """How many bots are in one of `states`."""
        return sum(row.state in states for row in self.bots.values())

    def open_orders(self) -> list[Order]:
        """The orders that are, or may be, at a venue; newest first."""
        return newest_first(order for order in self.orders.values() if order.status in LIVE)

    def data_age_ns(self, now_ns: int) -> int | None:
        """How old the oldest market data of a bot that follows the market is; None while none does."""
        seen = [row.data_recv_ns for row in self.bots.values() if row.state in ACTIVE and row.data_recv_ns]
        return max(0, now_ns - min(seen)) if seen else None

    def drift(self) -> tuple[PositionRow, ...]:
        """Where `sum(bots) + external == venue` does not hold."""
        return tuple(row for row in self.positions if row.drift)


def newest_first(orders: Iterable[Order]) -> list[Order]:
    """`orders` by the time they were made, newest first; equal times by id."""
    return sorted(orders, key=lambda order: (order.created_ns, order.client_order_id), reverse=True)


def start(snapshot: Snapshot) -> View:
    """The view a snapshot gives."""
    status = snapshot.status
    return View(
        seq=snapshot.seq,
        status=status,
        bots={row.bot_id: row for row in snapshot.bots},
        orders=_pruned({order.client_order_id: order for order in snapshot.orders}),
        fills=tuple(snapshot.fills[:FILLS_KEPT]),
        accounts={row.account_id: row for row in status.accounts},
        feeds={row.venue: row for row in status.feeds},
        halts=tuple(status.halts),
        positions=tuple(snapshot.positions),
        balances=tuple(snapshot.balances),
        logs=tuple(snapshot.logs[-LOGS_KEPT:]),
    )


def refresh(view: View, status: Status) -> View:
    """The view with a newer status: figures no event carries (lag, memory, clients); what events carry stays."""
    return replace(view, status=status)


def seed(view: View, detail: BotDetail) -> View:
    """The view with a bot's past equity, so that its curve does not begin with the attaching."""
    bot_id = detail.row.bot_id
    known = view.curves.get(bot_id, ())
    first = known[0][0] if known else None
    past = tuple(point for point in detail.equity_curve if first is None or point[0] < first)
    return replace(view, curves={**view.curves, bot_id: (past + known)[-CURVE_KEPT:]})


def apply(view: View, event: AnyEvent) -> View:
    """Return the view after `event`; an old `seq` changes nothing."""
    if event.seq <= view.seq:
        return view
    return replace(_folded(view, event), seq=event.seq)


def _folded(view: View, event: AnyEvent) -> View:  # one arm per event, on purpose
    match event:
        case BotAdded(row=row) | BotChanged(row=row):
            return replace(view, bots={**view.bots, row.bot_id: row})
        case BotRemoved(bot_id=bot_id):
            return replace(view, bots=_without(view.bots, bot_id), curves=_without(view.curves, bot_id))
        case DecisionMade(bot_id=bot_id, decision=decision):
            return replace(view, decisions={**view.decisions, bot_id: decision})
        case OrderChanged(order=order):
            return replace(view, orders=_pruned({**view.orders, order.client_order_id: order}))
        case FillRecorded(fill=fill):
            return replace(view, fills=(fill, *view.fills)[:FILLS_KEPT])
        case BarClosed(bot_id=bot_id, bar_ns=bar_ns, equity=equity):
            curve = (*view.curves.get(bot_id, ()), (bar_ns, equity))[-CURVE_KEPT:]
            return replace(view, curves={**view.curves, bot_id: curve})
        case AccountChanged(row=account):
            return replace(view, accounts={**view.accounts, account.account_id: account})
        case PositionsChanged():
            return _compared(view, event)
        case FeedChanged(row=feed):
            return replace(view, feeds={**view.feeds, feed.venue: feed})
        case HaltsChanged(halts=halts):
            return replace(view, halts=tuple(halts))
        case LineLogged(line=line):
            return replace(view, logs=(*view.logs, line)[-LOGS_KEPT:])
        case AlarmRaised():
            return replace(view, alarms=(*view.alarms, event)[-ALARMS_KEPT:])
        case DaemonStopping(reason=reason):
            return replace(view, stopping=reason or "asked to")


def _compared(view: View, event: PositionsChanged) -> View:
    """The rows of the compared account replaced as a whole: a currency that is gone must go here too."""
    account = event.account_id
    positions = [row for row in view.positions if row.account_id != account] + event.positions
    balances = [row for row in view.balances if row.account_id != account] + event.balances
    return replace(
        view,
        positions=tuple(sorted(positions, key=lambda row: (row.account_id, row.currency))),
        balances=tuple(sorted(balances, key=lambda row: (row.account_id, row.currency))),
    )


def _pruned(orders: dict[ClientOrderId, Order]) -> dict[ClientOrderId, Order]:
    """All live orders and the newest closed ones."""
    if len(orders) <= CLOSED_KEPT:
        return orders
    closed = [order for order in orders.values() if order.status not in LIVE]
    if len(closed) <= CLOSED_KEPT:
        return orders
    closed.sort(key=lambda order: (order.updated_ns, order.client_order_id))
    gone = {order.client_order_id for order in closed[: len(closed) - CLOSED_KEPT]}
    return {key: order for key, order in orders.items() if key not in gone}


def _without(rows: dict[K, V], key: K) -> dict[K, V]:
    return {other: row for other, row in rows.items() if other != key}
