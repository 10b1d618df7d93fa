"""Bots, orders, fills and whole snapshots with sensible values; each test says only what it is about."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from algobot.model import (
    AccountId,
    BotId,
    BotMode,
    BotState,
    ClientOrderId,
    Fill,
    Order,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TradeId,
)
from algobot.protocol.requests import Snapshot
from algobot.protocol.rows import AccountRow, BalanceRow, BotRow, FeedRow, LogRow, PositionRow, Status
from tui.glyphs import UNICODE
from tui.scene import LinkState, Scene
from tui.view import View, start

NOON = 1_763_640_000_000_000_000  # 2025-11-20 12:00:00 UTC
SECOND = 1_000_000_000


def a_bot(bot_id: str = "alpha", **changes: object) -> BotRow:
    """A running paper bot on BTC that is up a little."""
    row = BotRow(
        BotId(bot_id),
        BotState.RUNNING,
        BotMode.PAPER,
        "ma_crossover",
        Symbol("BTC/USDT"),
        "1m",
        AccountId("sim"),
        Decimal(10_000),
        Decimal("9000"),
        Decimal("0.0155"),
        entry_price=64_000.0,
        mark=64_500.0,
        equity=10_123.45,
        pnl_day=23.45,
        pnl_total=123.45,
        return_fraction=0.0123,
        sharpe=1.52,
        orders=12,
        fills=11,
        last_decision="long",
        last_reason="SMA 20 64,480.10 > SMA 50 64,102.77",
        last_decision_ns=NOON - 60 * SECOND,
        data_recv_ns=NOON - SECOND // 2,
        started_ns=NOON - 3600 * SECOND,
    )
    return replace(row, **changes)


def an_order(number: int = 1, **changes: object) -> Order:
    """A resting limit order of alpha."""
    order = Order(
        ClientOrderId(f"main-0001-alpha-{number:04d}"),
        AccountId("sim"),
        BotId("alpha"),
        Symbol("BTC/USDT"),
        Side.BUY,
        OrderType.LIMIT,
        Decimal("0.0155"),
        OrderStatus.OPEN,
        NOON - 30 * SECOND + number,
        NOON - 30 * SECOND + number,
        limit_price=Decimal("64000.10"),
        tag="entry",
    )
    return replace(order, **changes)


def a_fill(number: int = 1, **changes: object) -> Fill:
    """A purchase of alpha."""
    fill = Fill(
        TradeId(str(number)),
        AccountId("sim"),
        BotId("alpha"),
        ClientOrderId("main-0001-alpha-0001"),
        Symbol("BTC/USDT"),
        Side.BUY,
        Decimal("0.0155"),
        Decimal("64000.10"),
        Decimal("0.99200155"),
        "USDT",
        False,
        NOON - 20 * SECOND + number,
        NOON - 20 * SECOND + number,
        "entry",
    )
    return replace(fill, **changes)


def a_position(currency: str = "BTC", drift: str = "0", **changes: object) -> PositionRow:
    """The books of one currency, compared two seconds ago."""
    bots, external, off = Decimal("0.0155"), Decimal("0.5"), Decimal(drift)
    row = PositionRow(AccountId("sim"), currency, bots, external, bots + external + off, off, NOON - 2 * SECOND)
    return replace(row, **changes)


def a_log(number: int = 1, **changes: object) -> LogRow:
    """A line about alpha."""
    return replace(
        LogRow(NOON - 20 * SECOND + number, "info", "fill.recorded", "alpha", {"price": "64000.10"}), **changes
    )


def a_status(**changes: object) -> Status:
    """A daemon that is well."""
    status = Status(
        version="0.1.0",
        protocol=1,
        instance="main",
        pid=4242,
        started_ns=NOON - 7200 * SECOND,
        now_ns=NOON,
        state="ready",
        seq=100,
        bots={"running": 2},
        equity=20_000.0,
        pnl_day=0.0,
        orders_open=1,
        accounts=[AccountRow(AccountId("sim"), "binance", "ready", True, NOON - SECOND, latency_ns=31_000_000)],
        feeds=[FeedRow("binance", True, 2, NOON - SECOND)],
        halts=[],
        rss_bytes=183 << 20,
        loop_lag_p99_ns=2_100_000,
        decision_p99_ns=640_000,
        clients=2,
    )
    return replace(status, **changes)


def a_snapshot(**changes: object) -> Snapshot:
    """Two bots, an open order, two fills, books that agree."""
    bravo = a_bot(
        "bravo",
        state=BotState.PAUSED,
        symbol=Symbol("ETH/USDT"),
        strategy="mean_reversion",
        equity=9_876.50,
        pnl_day=-12.30,
        return_fraction=-0.01235,
        position=Decimal(0),
        sharpe=None,
        last_decision="flat",
        last_reason="z-score 0.31 inside ±0.50",
    )
    snapshot = Snapshot(
        seq=100,
        status=a_status(),
        bots=[a_bot(), bravo],
        orders=[an_order(2), an_order(1, status=OrderStatus.FILLED, filled=Decimal("0.0155"))],
        fills=[a_fill(2, side=Side.SELL, tag="exit"), a_fill(1)],
        positions=[a_position(), a_position("USDT", external=Decimal(10_000))],
        balances=[BalanceRow(AccountId("sim"), "BTC", Decimal("0.5155"), Decimal(0), NOON)],
        logs=[a_log(1), a_log(2, level="warning", event="feed.stale", bot_id="", fields={"age": "12 s"})],
    )
    return replace(snapshot, **changes)


def a_view(**changes: object) -> View:
    """The view of `a_snapshot`."""
    return start(a_snapshot(**changes))


def a_link(**changes: object) -> LinkState:
    """A connection that was heard of a moment ago."""
    state = LinkState("/run/algobot/control.sock", "linked", role="control", pid=4242, heard_ns=NOON)
    return replace(state, **changes)


def a_scene(view: View | None = None, **changes: object) -> Scene:
    """A frame at noon."""
    scene = Scene(a_link(), view or a_view(), NOON, UNICODE, kill_ready=True)
    return replace(scene, **changes)
