"""Orders, fills and positions as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from algobot.model import IN_FLIGHT, LIVE, Fill, Order, OrderStatus, Side
from algobot.protocol.rows import BalanceRow, PositionRow
from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.table import Column, Row

FEE_PLACES: Final = 8  # what a venue's own fees have; a paper bot's are a product of floats
ORDERS: Final = (
    Column("time", "UTC", 8),
    Column("bot", "Bot", 14),
    Column("symbol", "Symbol", 9, rank=1),
    Column("side", "Side", 6),
    Column("type", "Type", 6, rank=4),
    Column("quantity", "Quantity", 12, right=True),
    Column("filled", "Filled", 12, right=True, rank=3),
    Column("price", "Price", 11, right=True),
    Column("status", "Status", 10),
    Column("tag", "For", 8, rank=5),
    Column("id", "Order", 26, rank=7),
    Column("reason", "Note", 10, rank=6, grows=True),
)
FILLS: Final = (
    Column("time", "UTC", 8),
    Column("bot", "Bot", 14, rank=1),
    Column("symbol", "Symbol", 9),
    Column("side", "Side", 6),
    Column("quantity", "Quantity", 12, right=True),
    Column("price", "Price", 12, right=True),
    Column("fee", "Fee", 16, right=True, rank=2),
    Column("maker", "Maker", 5, rank=4),
    Column("tag", "For", 8, rank=3),
    Column("id", "Trade", 12, rank=5, grows=True),
)
POSITIONS: Final = (
    Column("account", "Account", 12),
    Column("currency", "Coin", 5),
    Column("bots", "Bots", 14, right=True),
    Column("external", "+ External", 13, right=True),
    Column("venue", "= Venue", 14, right=True),
    Column("drift", "Drift", 11, right=True),
    Column("free", "Free", 14, right=True, rank=3),
    Column("locked", "Locked", 12, right=True, rank=3),
    Column("checked", "Compared", 8, right=True, rank=1),
)
_STATUS: Final = {OrderStatus.PENDING_CANCEL: "canceling", OrderStatus.NEVER_ACCEPTED: "absent"}


def side_of(side: Side, scene: Scene) -> Piece:
    """Buy or sell, as mark and word."""
    return (f"{scene.glyphs.up} buy", "up") if side is Side.BUY else (f"{scene.glyphs.down} sell", "down")


def status_of(status: OrderStatus) -> Piece:
    """Where an order is; what needs attention stands out."""
    words = _STATUS.get(status, status.value)
    if status in {OrderStatus.UNKNOWN, OrderStatus.UNRESOLVED}:
        return (words.upper(), "bad")
    if status in IN_FLIGHT:
        return (words, "warn")
    if status in LIVE:
        return (words, "good")
    return (words, "bad" if status is OrderStatus.REJECTED else "dim")


def order_rows(scene: Scene, orders: Sequence[Order]) -> list[Row]:
    """A row of cells for each order."""
    return [Row(order.client_order_id, _order(scene, order)) for order in orders]


def _order(scene: Scene, order: Order) -> tuple[Piece, ...]:
    glyphs = scene.glyphs
    limit = "market" if order.limit_price is None else format.quantity(order.limit_price, glyphs, least=2)
    return (
        (format.moment(order.created_ns, scene.now_ns), "dim"),
        (order.bot_id, "strong"),
        (safe_text(order.symbol), "plain"),
        side_of(order.side, scene),
        (order.type.value, "dim"),
        (format.quantity(order.quantity, glyphs), "plain"),
        (format.quantity(order.filled, glyphs), "plain"),
        (limit, "plain"),
        status_of(order.status),
        (safe_text(order.tag), "dim"),
        (safe_text(order.client_order_id), "dim"),
        (safe_text(order.reason), "dim"),
    )


def fill_rows(scene: Scene, fills: Sequence[Fill]) -> list[Row]:
    """A row of cells for each fill."""
    return [Row(f"{fill.account_id}/{fill.symbol}/{fill.trade_id}", _fill(scene, fill)) for fill in fills]


def _fill(scene: Scene, fill: Fill) -> tuple[Piece, ...]:
    glyphs = scene.glyphs
    return (
        (format.moment(fill.ts_recv_ns, scene.now_ns), "dim"),  # a replayed market has another clock than we
        (fill.bot_id, "strong"),
        (safe_text(fill.symbol), "plain"),
        side_of(fill.side, scene),
        (format.quantity(fill.quantity, glyphs), "plain"),
        (format.quantity(fill.price, glyphs, least=2), "plain"),
        (f"{format.quantity(round(fill.fee, FEE_PLACES), glyphs)} {safe_text(fill.fee_currency)}", "dim"),
        ("maker" if fill.is_maker else "taker", "dim"),
        (safe_text(fill.tag), "dim"),
        (safe_text(fill.trade_id), "dim"),
    )


def position_rows(scene: Scene, positions: Sequence[PositionRow], balances: Sequence[BalanceRow]) -> list[Row]:
    """`sum(bots) + external == venue` for each currency of each account."""
    held = {(row.account_id, row.currency): row for row in balances}
    rows = []
    for row in positions:
        balance = held.get((row.account_id, row.currency))
        rows.append(Row(f"{row.account_id}/{row.currency}", _position(scene, row, balance)))
    return rows


def drift_of(row: PositionRow, scene: Scene) -> Piece:
    """Whether the books agree: a tick and zero, or a cross and by how much they do not."""
    if not row.checked_ns:
        return ("not compared", "dim")
    if not row.drift:
        return (f"{scene.glyphs.yes} 0", "good")
    return (f"{scene.glyphs.error} {format.quantity(row.drift, scene.glyphs, sign=True)}", "bad")


def _position(scene: Scene, row: PositionRow, balance: BalanceRow | None) -> tuple[Piece, ...]:
    glyphs = scene.glyphs
    age = format.age(scene.daemon_now_ns - row.checked_ns) if row.checked_ns else glyphs.dash
    return (
        (row.account_id, "strong"),
        (safe_text(row.currency), "strong"),
        (format.quantity(row.bots, glyphs, sign=True), "plain"),
        (format.quantity(row.external, glyphs), "plain"),
        (format.quantity(row.venue, glyphs), "plain"),
        drift_of(row, scene),
        (format.quantity(balance.free, glyphs) if balance else glyphs.dash, "dim"),
        (format.quantity(balance.locked, glyphs) if balance else glyphs.dash, "dim"),
        (age, "dim"),
    )
