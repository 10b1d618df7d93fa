"""Bots as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from algobot.model import ACTIVE, BotState
from algobot.protocol.rows import BotRow
from algobot.text import safe_text
from tui import format
from tui.glyphs import INKS, WORDS, of_state
from tui.ink import Piece
from tui.plot import spark
from tui.scene import Scene
from tui.table import Column, Row
from tui.view import Money, money_of

TREND_CELLS: Final = 14

BOTS: Final = (
    Column("state", "State", 7),
    Column("bot", "Bot", 14),
    Column("mode", "Money", 5, rank=5),
    Column("strategy", "Strategy", 15, rank=7),
    Column("symbol", "Symbol", 9, rank=4),
    Column("equity", "Equity", 10, right=True),
    Column("day", "Today", 8, right=True),
    Column("return", "Return", 9, right=True),
    Column("sharpe", "Sharpe", 6, right=True, rank=3),
    Column("trend", "Trend", TREND_CELLS, rank=8),
    Column("position", "Position", 9, right=True, rank=1),
    Column("decision", "Last", 5, rank=2),
    Column("age", "Data", 6, right=True, rank=1),
    Column("reason", "Why", 20, rank=6, grows=True),
)
MONIES: Final[dict[Money, Piece]] = {"real": ("LIVE", "warn"), "simulated": ("sim", "note"), "paper": ("paper", "dim")}
KINDS: Final[dict[Money, str]] = {"real": "REAL money", "simulated": "simulated money", "paper": "paper"}
ORDERINGS: Final = ("bot", "equity", "day", "return", "state")  # what `o` goes through


def rows_of(scene: Scene, rows: Sequence[BotRow]) -> list[Row]:
    """A row of cells for each bot."""
    return [Row(row.bot_id, _cells(scene, row)) for row in rows]


def ordered(rows: Sequence[BotRow], by: str) -> list[BotRow]:
    """The bots by name, or the largest first, or those in trouble first."""
    match by:
        case "equity":
            return sorted(rows, key=lambda row: (-row.equity, row.bot_id))
        case "day":
            return sorted(rows, key=lambda row: (-row.pnl_day, row.bot_id))
        case "return":
            return sorted(rows, key=lambda row: (-row.return_fraction, row.bot_id))
        case "state":
            return sorted(rows, key=lambda row: (_trouble(row), row.bot_id))
        case _:
            return sorted(rows, key=lambda row: row.bot_id)


def state_of(row: BotRow, scene: Scene) -> Piece:
    """A bot's state as mark and word, in its ink."""
    return (f"{of_state(row.state, scene.glyphs)} {WORDS[row.state]}", INKS[row.state])


def position_of(row: BotRow, scene: Scene) -> Piece:
    """A bot's position with its sign, exact; "flat" for none."""
    if not row.position:
        return ("flat", "dim")
    return (format.quantity(row.position, scene.glyphs, sign=True), "plain")


def data_age_of(row: BotRow, scene: Scene) -> Piece:
    """How old a bot's market data is."""
    if not row.data_recv_ns or row.state not in ACTIVE:
        return (scene.glyphs.dash, "dim")
    return (format.age(scene.daemon_now_ns - row.data_recv_ns), "warn" if scene.is_stale(row) else "dim")


def why(row: BotRow) -> str:
    """The one sentence that matters most: what is wrong, else why it last decided so."""
    return safe_text(row.reason or row.last_reason)


def _cells(scene: Scene, row: BotRow) -> tuple[Piece, ...]:
    glyphs = scene.glyphs
    curve = scene.view.curves.get(row.bot_id, ()) if scene.view else ()
    symbol = safe_text(row.symbol)
    cells: tuple[Piece, ...] = (
        state_of(row, scene),
        (row.bot_id, "strong"),
        MONIES[money_of(row)],
        (safe_text(row.strategy), "dim"),
        (symbol, "dim"),
        (format.compact(row.equity, glyphs, 10), "plain"),
        (format.compact(row.pnl_day, glyphs, 8, sign=True), format.ink_of(row.pnl_day)),
        (format.change(row.return_fraction, glyphs), format.ink_of(row.return_fraction * 100, places=1)),
        (glyphs.dash, "dim") if row.sharpe is None else (format.compact(row.sharpe, glyphs, 6, sign=True), "plain"),
        (spark([equity for _, equity in curve], TREND_CELLS, glyphs), "note"),
        _short_position(row, scene),
        (safe_text(row.last_decision) or glyphs.dash, "plain"),
        data_age_of(row, scene),
        (why(row), "bad" if row.reason else "dim"),
    )
    if scene.is_stale(row) and row.state in ACTIVE:
        return tuple((text, ink if place in {0, 1, 12} else "dim") for place, (text, ink) in enumerate(cells))
    return cells


def _short_position(row: BotRow, scene: Scene) -> Piece:
    """A position in nine cells; what a fee in coins left over, too small to be seen there, is dust."""
    text = format.rounded(row.position, scene.glyphs, 9)
    if text == "0":
        return ("dust" if row.position else "flat", "dim")
    return (text, "plain")


def _trouble(row: BotRow) -> int:
    order = (BotState.QUARANTINED, BotState.FAULTED, BotState.HALTED, BotState.DEGRADED, BotState.RUNNING)
    return order.index(row.state) if row.state in order else len(order)
