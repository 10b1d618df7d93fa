"""An invented but coherent trading world: bots, prices, orders, fills, money.

`FakeWorld(hub)` holds six bots on two accounts; `tick()` moves the market one step: prices walk, bars close, bots
decide, orders open, fill and are canceled, equity follows. All changes are published, as the real daemon does.
"""

from __future__ import annotations

import random
import time
from decimal import Decimal

import msgspec

from algobot.errors import NotFound
from algobot.model import (
    ACTIVE,
    LIVE,
    MINUTE_NS,
    AccountId,
    BotId,
    BotMode,
    BotSpec,
    BotState,
    ClientOrderId,
    Fill,
    Order,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TradeId,
    VenueOrderId,
)
from algobot.protocol.events import BarClosed, BotChanged, DecisionMade, FeedChanged, LineLogged
from algobot.protocol.requests import (
    Done,
)
from algobot.protocol.rows import (
    AccountRow,
    BalanceRow,
    BotRow,
    DecisionRow,
    FeedRow,
    HaltRow,
    LogRow,
    PositionRow,
)
from daemon.hub import Hub

PRICES = {"BTC/USDT": 64_000.0, "ETH/USDT": 3_100.0, "SOL/USDT": 145.0}
SPECS = [
    ("alpha", "ma_crossover", "BTC/USDT", "sim", BotMode.LIVE),
    ("bravo", "trend_following", "ETH/USDT", "sim", BotMode.LIVE),
    ("carol", "mean_reversion", "SOL/USDT", "sim", BotMode.LIVE),
    ("delta", "ma_crossover", "ETH/USDT", "papers", BotMode.PAPER),
    ("echo", "mean_reversion", "BTC/USDT", "papers", BotMode.PAPER),
    ("foxtrot", "trend_following", "SOL/USDT", "papers", BotMode.PAPER),
]
KEPT = 300


def a_spec(bot_id: str, strategy: str = "ma_crossover", symbol: str = "BTC/USDT", account: str = "sim") -> BotSpec:
    """A bot on the simulator with a thousand quote units."""
    return BotSpec(BotId(bot_id), strategy, Symbol(symbol), "1m", AccountId(account), Decimal(1000))


class FakeWorld:
    """Six bots on two accounts, and a market that moves when told to."""

    def __init__(self, hub: Hub, *, seed: int = 7) -> None:
        self.hub = hub
        self.random = random.Random(seed)
        self.calls: list[tuple[str, str]] = []  # (method, by) of what was asked to change
        self.started_ns = time.time_ns()
        self.prices = dict(PRICES)
        self.specs: dict[str, BotSpec] = {}
        self.rows: dict[str, BotRow] = {}
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.charts: dict[str, list[tuple[int, float]]] = {}
        self.decided: dict[str, list[DecisionRow]] = {}
        self.all_orders: dict[str, Order] = {}
        self.all_fills: list[Fill] = []
        self.halts: list[HaltRow] = []
        self.external = {"BTC": Decimal("0.5"), "ETH": Decimal(2), "SOL": Decimal(40), "USDT": Decimal(10_000)}
        self.drift = Decimal(0)
        self.stuck_orders = False  # orders that no cancel removes, to see a kill that is not safe
        self.count = 0
        for bot_id, strategy, symbol, account, mode in SPECS:
            self._put(msgspec.structs.replace(a_spec(bot_id, strategy, symbol, account), mode=mode))

    def accounts(self) -> list[AccountRow]:
        """Both accounts: one at the simulator, one for paper bots."""
        halted = any(halt.scope in ("all", "account") for halt in self.halts)
        live = sum(o.status in LIVE and o.account_id == "sim" for o in self.all_orders.values())
        drift = [row for row in self._positions() if row.drift]
        state = "halted" if halted else "degraded" if drift else "ready"
        now = time.time_ns()
        return [
            AccountRow(AccountId("papers"), "sim", "halted" if halted else "ready", True, now),
            AccountRow(AccountId("sim"), "sim", state, not drift, now, drift, live, latency_ns=31_000_000),
        ]

    def tick(self) -> None:
        """Move the market one step and let the bots act."""
        self.count += 1
        for symbol, price in self.prices.items():
            self.prices[symbol] = price * (1 + self.random.gauss(0, 0.0006))
        for bot_id, row in list(self.rows.items()):
            if row.state in ACTIVE:
                self._mark(bot_id)
                if self.random.random() < 0.25:
                    self._bar(bot_id)
                if row.state is BotState.RUNNING and not row.orders_open and self.random.random() < 0.12:
                    self._trade(bot_id)
        for order in [o for o in self.all_orders.values() if o.status is OrderStatus.OPEN]:
            if self.random.random() < 0.3:
                self._fill(order)
            elif self.random.random() < 0.05:
                self._move(order, OrderStatus.CANCELED)
        if self.count % 10 == 0:
            self.hub.publish(FeedChanged(0, 0, FeedRow("sim", True, 3, time.time_ns())))
            self.hub.account_changed(self.accounts()[1])
            self.hub.positions_changed(AccountId("sim"), self._positions(), self._balances())

    def _put(self, spec: BotSpec) -> None:
        bot_id = spec.bot_id
        now = time.time_ns()
        self.specs[bot_id] = spec
        self.rows[bot_id] = BotRow(
            bot_id,
            BotState.RUNNING if spec.autostart else BotState.CREATED,
            spec.mode,
            spec.strategy,
            spec.symbol,
            spec.timeframe,
            spec.account_id,
            spec.capital,
            spec.capital,
            Decimal(0),
            mark=self.prices.get(spec.symbol, 1.0),
            equity=float(spec.capital),
            started_ns=now,
            data_recv_ns=now,
        )
        price = self.prices.setdefault(spec.symbol, 100.0)
        walk = [price * (1 + 0.002 * self.random.gauss(0, 1)) for _ in range(120)]
        self.charts[bot_id] = [(now - (120 - i) * MINUTE_NS, p) for i, p in enumerate(walk)]
        self.curves[bot_id] = [(now - (120 - i) * MINUTE_NS, float(spec.capital)) for i in range(120)]
        self.decided[bot_id] = []

    def _row(self, bot_id: str) -> BotRow:
        if bot_id not in self.rows:
            raise NotFound(f"no bot {bot_id!r}", hint="algobot ctl bots list")
        return self.rows[bot_id]

    def _account(self, account_id: str | None) -> None:
        if account_id not in (None, "sim", "papers"):
            raise NotFound(f"no account {account_id!r}", hint="one of: papers, sim")

    def _to(self, bot_id: BotId, state: BotState, method: str, by: str, *, reason: str = "") -> Done:
        row = self._row(bot_id)
        self.calls.append((method, by))
        self.rows[bot_id] = msgspec.structs.replace(row, state=state, reason=reason)
        self.hub.publish(BotChanged(0, 0, self.rows[bot_id]))
        self.log("info", "bot.state_changed", bot_id, state=state.value, was=row.state.value)
        return Done(f"{bot_id} is {state.value}")

    def log(self, level: str, event: str, bot_id: str = "", **fields: str) -> None:
        """Write a line as the daemon's log would."""
        self.hub.publish(LineLogged(0, 0, LogRow(time.time_ns(), level, event, bot_id, fields)))

    def _mark(self, bot_id: str) -> None:
        row = self.rows[bot_id]
        mark = self.prices[row.symbol]
        equity = float(row.cash) + float(row.position) * mark
        capital = float(row.capital)
        peak = max([equity, *(value for _, value in self.curves[bot_id])])
        self.rows[bot_id] = msgspec.structs.replace(
            row,
            mark=round(mark, 2),
            equity=round(equity, 4),
            pnl_day=round(equity - capital, 4),
            pnl_total=round(equity - capital, 4),
            return_fraction=equity / capital - 1,
            drawdown_fraction=1 - equity / peak,
            sharpe=self.random.gauss(1.2, 0.01) if row.fills > 3 else None,
            data_recv_ns=time.time_ns(),
        )
        self.hub.publish(BotChanged(0, 0, self.rows[bot_id]))

    def _bar(self, bot_id: str) -> None:
        row, now = self.rows[bot_id], time.time_ns()
        self.charts[bot_id] = [*self.charts[bot_id], (now, row.mark)][-KEPT:]
        self.curves[bot_id] = [*self.curves[bot_id], (now, row.equity)][-KEPT:]
        self.rows[bot_id] = msgspec.structs.replace(row, last_bar_ns=now)
        self.hub.publish(BarClosed(0, 0, row.bot_id, now, row.mark, row.equity))

    def _trade(self, bot_id: str) -> None:
        row, now = self.rows[bot_id], time.time_ns()
        side = Side.SELL if row.position > 0 else Side.BUY
        quantity = abs(row.position) or (Decimal(200) / Decimal(repr(row.mark))).quantize(Decimal("0.00001"))
        word = "long" if side is Side.BUY else "flat"
        compared = ">" if side is Side.BUY else "<"
        reason = f"SMA 20 {row.mark:.2f} {compared} SMA 50 {row.mark * 0.999:.2f}"
        decision = DecisionRow(now, now - now % MINUTE_NS, word, reason)
        self.decided[bot_id] = [*self.decided[bot_id], decision][-KEPT:]
        self.rows[bot_id] = msgspec.structs.replace(
            row, last_decision=word, last_reason=reason, last_decision_ns=now, orders=row.orders + 1
        )
        self.hub.publish(DecisionMade(0, 0, row.bot_id, decision))
        order = Order(
            ClientOrderId(f"demo-7f3a-{bot_id}-{len(self.all_orders) + 1}"),
            row.account_id,
            row.bot_id,
            row.symbol,
            side,
            OrderType.LIMIT,
            quantity,
            OrderStatus.INTENT,
            now,
            now,
            limit_price=Decimal(repr(round(row.mark, 2))),
            tag="entry" if side is Side.BUY else "exit",
        )
        self._move(order, OrderStatus.OPEN)

    def _move(self, order: Order, status: OrderStatus, filled: Decimal | None = None) -> None:
        moved = msgspec.structs.replace(
            order,
            status=status,
            updated_ns=time.time_ns(),
            venue_order_id=VenueOrderId(order.venue_order_id or str(100_000 + len(self.all_orders))),
            filled=order.filled if filled is None else filled,
        )
        self.all_orders[order.client_order_id] = moved
        if len(self.all_orders) > KEPT:
            done = next((key for key, o in self.all_orders.items() if o.status not in LIVE), None)
            self.all_orders.pop(done, None) if done else None
        live = sum(o.status in LIVE and o.bot_id == order.bot_id for o in self.all_orders.values())
        if order.bot_id in self.rows:
            self.rows[order.bot_id] = msgspec.structs.replace(self.rows[order.bot_id], orders_open=live)
        self.hub.order_changed(moved)

    def _fill(self, order: Order) -> None:
        row, now = self.rows[order.bot_id], time.time_ns()
        price = order.limit_price or Decimal(repr(row.mark))
        fee = (order.quantity * price / 1000).quantize(Decimal("0.00000001"))
        signed = order.quantity * order.side
        fill = Fill(
            TradeId(str(500_000 + len(self.all_fills))),
            order.account_id,
            order.bot_id,
            order.client_order_id,
            order.symbol,
            order.side,
            order.quantity,
            price,
            fee,
            "USDT",
            False,
            now,
            now,
            order.tag,
        )
        self.all_fills = [*self.all_fills, fill][-KEPT:]
        position = row.position + signed
        self.rows[order.bot_id] = msgspec.structs.replace(
            row,
            cash=row.cash - signed * price - fee,
            position=position,
            entry_price=float(price) if position else 0.0,
            fills=row.fills + 1,
            trades=row.trades + (0 if position else 1),
        )
        self._move(order, OrderStatus.FILLED, order.quantity)
        self.hub.fill_recorded(fill)
        self.log("info", "fill.recorded", order.bot_id, price=str(price), quantity=str(order.quantity))

    def _cancel(self, bot_id: str) -> int:
        self._row(bot_id)
        meant = [o for o in self.all_orders.values() if o.bot_id == bot_id and o.status in LIVE]
        for order in meant:
            if not self.stuck_orders:
                self._move(order, OrderStatus.CANCELED)
        return len(meant)

    def _close(self, bot_id: str) -> None:
        if self._row(bot_id).position:
            self._trade(bot_id)
            order = next(o for o in reversed(self.all_orders.values()) if o.bot_id == bot_id)
            self._fill(order)
            self._mark(bot_id)

    def _positions(self) -> list[PositionRow]:
        now, rows = time.time_ns(), []
        for currency, external in self.external.items():
            held = sum((r.position for r in self.rows.values() if self._live(r, currency)), Decimal(0))
            if currency == "USDT":
                held = sum((r.cash - r.capital for r in self.rows.values() if r.account_id == "sim"), Decimal(0))
            drift = self.drift if currency == "BTC" else Decimal(0)
            rows.append(PositionRow(AccountId("sim"), currency, held, external, held + external + drift, drift, now))
        return rows

    def _live(self, row: BotRow, currency: str) -> bool:
        return row.account_id == "sim" and row.symbol.split("/")[0] == currency

    def _balances(self) -> list[BalanceRow]:
        now = time.time_ns()
        return [BalanceRow(r.account_id, r.currency, r.venue, Decimal(0), now) for r in self._positions()]
