"""A bot's page: now, its orders, fills, logs and configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import TabbedContent, TabPane

from algobot.model import BotSpec
from algobot.protocol.rows import BotDetail, BotRow
from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.marks import fill_marks
from tui.scene import Scene
from tui.screens.room import Room
from tui.table import Row, name_cells
from tui.tables.bots import data_age_of, position_of, state_of
from tui.tables.health import LOGS, log_rows
from tui.tables.trading import FILLS, ORDERS, fill_rows, order_rows
from tui.view import Money, money_of
from tui.widgets.chart import Chart
from tui.widgets.grid import Grid
from tui.widgets.words import Words

TABS: Final = ("now", "orders", "fills", "logs", "config")
NO_ORDERS: tuple[Piece, ...] = (("No orders yet", "strong"), ("This bot has not wanted to trade.", "plain"))
NO_FILLS: tuple[Piece, ...] = (("No fills yet", "strong"), ("None of its orders has met the market.", "plain"))
NO_LINES: tuple[Piece, ...] = (("No lines of this bot", "strong"), ("6 shows the whole log.", "note"))
_WITHOUT_BOT: Final = tuple(index for index, column in enumerate(ORDERS) if column.key != "bot")
_FILLS_WITHOUT_BOT: Final = tuple(index for index, column in enumerate(FILLS) if column.key != "bot")


class BotRoom(Room):
    """One bot, opened from a table; escape goes back."""

    NAME = "bots"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("right_square_bracket,right", "tab(1)", "Next tab", show=False),
        Binding("left_square_bracket,left", "tab(-1)", "Previous tab", show=False),
        Binding("l", "logs", "Logs"),
    ]
    DEFAULT_CSS = """
    BotRoom #head { height: 3; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    BotRoom TabbedContent { height: 1fr; }
    BotRoom TabPane { padding: 0; }
    BotRoom #price { height: 2fr; }
    BotRoom #worth { height: 1fr; min-height: 4; }
    BotRoom .title { height: 1; padding: 0 1; }
    BotRoom Chart { margin: 0 1; }
    BotRoom #config { padding: 1 1; }
    """

    def __init__(self, bot_id: str, tab: str = "now") -> None:
        super().__init__()
        self.bot_id = bot_id
        self._tab = tab

    def body(self) -> Iterable[Widget]:
        """The head, and five tabs."""
        yield Words(id="head")
        tabs = TabbedContent(initial=f"tab-{self._tab}")
        two_bars = "appears after two bars"
        price = Chart(_price_label, empty=f"the price {two_bars}", id="price")
        worth = Chart(lambda value: f"{value:,.2f}", empty=f"the equity {two_bars}", id="worth")
        now = (Words(id="price-title", classes="title"), price, Words(id="worth-title", classes="title"), worth)
        orders = Grid([ORDERS[index] for index in _WITHOUT_BOT], id="orders")
        fills = Grid([FILLS[index] for index in _FILLS_WITHOUT_BOT], id="fills")
        logs = Grid(LOGS, id="logs", follow_tail=True)
        config = VerticalScroll(Words(id="config"))
        for name, widgets in zip(TABS, (now, (orders,), (fills,), (logs,), (config,)), strict=True):
            tabs.compose_add_child(TabPane(name.capitalize(), *widgets, id=f"tab-{name}"))
        yield tabs

    def show(self, scene: Scene) -> None:
        """Draw what the view knows of it, and its page once the daemon has sent it."""
        view = scene.view
        row = next((row for row in view.bots.values() if row.bot_id == self.bot_id), None) if view else None
        if view is None or row is None:
            self.query_one("#head", Words).say([(f"{self.bot_id} is gone", "warn")], [("esc goes back", "dim")])
            return
        struck = scene.trust == "struck"
        self.query_one("#head", Words).say(*head(scene, row), struck=struck)
        lines = [entry for entry in view.logs if entry.bot_id == self.bot_id]
        self._fill("#logs", log_rows(scene, lines), NO_LINES, scene)
        detail = scene.detail
        if detail is None or detail.row.bot_id != self.bot_id:
            return
        self._draw_charts(scene, row, detail)
        orders = [each.only(_WITHOUT_BOT) for each in order_rows(scene, detail.orders)]
        fills = [each.only(_FILLS_WITHOUT_BOT) for each in fill_rows(scene, detail.fills)]
        self._fill("#orders", orders, NO_ORDERS, scene)
        self._fill("#fills", fills, NO_FILLS, scene)
        self.query_one("#config", Words).say(*config_lines(detail.spec, money_of(row)))

    def _fill(self, name: str, rows: list[Row], empty: tuple[Piece, ...], scene: Scene) -> None:
        grid = self.query_one(name, Grid)
        grid.stale = scene.trust
        grid.fit_column("bot", name_cells([self.bot_id]))
        grid.show(rows, empty=empty)

    def _draw_charts(self, scene: Scene, row: BotRow, detail: BotDetail) -> None:
        price, worth = self.query_one("#price", Chart), self.query_one("#worth", Chart)
        price.stale = worth.stale = bool(scene.trust)
        price.show(detail.prices, scene.glyphs, marks=fill_marks(detail), ink="note")
        curve = detail.equity_curve
        worth.show(curve, scene.glyphs, ink="up" if not curve or curve[-1][1] >= curve[0][1] else "down")
        glyphs = scene.glyphs
        legend: list[Piece] = [(f"  {glyphs.up} bought  ", "up"), (f"{glyphs.down} sold", "down")]
        self.query_one("#price-title", Words).say([(f"{safe_text(row.symbol)} {row.timeframe}", "strong"), *legend])
        drawdown = format.change(-row.drawdown_fraction, glyphs)
        self.query_one("#worth-title", Words).say([("Equity", "strong"), (f"  from its peak {drawdown}", "dim")])

    def targets(self) -> list[str]:
        """This bot."""
        return [self.bot_id]

    def action_back(self) -> None:
        """Go back to the table."""
        self.dismiss()

    def action_tab(self, by: int) -> None:
        """Show the next tab, or the one before."""
        tabs = self.query_one(TabbedContent)
        here = TABS.index(tabs.active.removeprefix("tab-"))
        tabs.active = f"tab-{TABS[(here + by) % len(TABS)]}"

    def action_logs(self) -> None:
        """Show its log."""
        self.query_one(TabbedContent).active = "tab-logs"

    @on(TabbedContent.TabActivated)
    def _focus(self, event: TabbedContent.TabActivated) -> None:
        for grid in event.pane.query(Grid):
            grid.focus()


def head(scene: Scene, row: BotRow) -> list[list[Piece]]:
    """Three lines: who it is and how it does; what it holds; why."""
    glyphs = scene.glyphs
    gap: Piece = ("   ", "dim")
    first: list[Piece] = [
        state_of(row, scene),
        (f"  {row.bot_id}", "strong"),
        (f"  {safe_text(row.strategy)}", "dim"),
        gap,
        (format.money(row.equity, glyphs), "strong"),
        gap,
        (format.change(row.return_fraction, glyphs), format.ink_of(row.return_fraction * 100, places=1)),
        (f"  today {format.signed(row.pnl_day, glyphs)}", format.ink_of(row.pnl_day)),
    ]
    entry = f" at {format.price(row.entry_price, glyphs)}" if row.position and row.entry_price else ""
    sharpe = glyphs.dash if row.sharpe is None else format.compact(row.sharpe, glyphs, 6, sign=True)
    second: list[Piece] = [
        ("position ", "dim"),
        position_of(row, scene),
        (entry, "dim"),
        ("   mark ", "dim"),
        (format.price(row.mark, glyphs), "plain"),
        ("   Sharpe ", "dim"),
        (sharpe, "plain"),
    ]
    if scene.is_stale(row):
        second = [("data ", "dim"), data_age_of(row, scene), (" old   ", "warn"), *second]
    reason = safe_text(row.reason)
    said: list[Piece] = [
        (safe_text(row.last_decision) or "undecided", "strong"),
        (f"  {safe_text(row.last_reason)}", "plain"),
    ]
    return [first, second, [(reason, "bad")] if reason else said]


def config_lines(spec: BotSpec, money: Money) -> list[list[Piece]]:
    """The bot as config.toml describes it."""
    values: list[tuple[str, str]] = [
        ("strategy", safe_text(spec.strategy)),
        ("symbol", safe_text(spec.symbol)),
        ("timeframe", safe_text(spec.timeframe)),
        ("account", spec.account_id),
        ("mode", f"{spec.mode.value} (simulated money)" if money == "simulated" else spec.mode.value),
        ("capital", f"{spec.capital:,f}"),
        ("position_fraction", f"{spec.position_fraction:g}"),
        ("allow_short", str(spec.allow_short).lower()),
        ("on_restart", spec.on_restart.value),
        ("autostart", str(spec.autostart).lower()),
    ]
    lines: list[list[Piece]] = [[("[bots.", "dim"), (spec.bot_id, "strong"), ("]", "dim")]]
    lines += [[(f"  {name:<26}", "dim"), (value, "plain")] for name, value in values]
    for title, table in (("params", spec.params), ("risk", _risk(spec))):
        lines.append([])
        lines.append([(f"  {title}", "strong"), ("" if table else "  as the strategy's own defaults", "dim")])
        lines += [
            [(f"    {safe_text(name):<28}", "dim"), (safe_text(str(value)), "plain")] for name, value in table.items()
        ]
    return lines


def _risk(spec: BotSpec) -> dict[str, str]:
    limits: dict[str, float] = msgspec.structs.asdict(spec.risk)
    return {name: f"{value:g}" if value else "off" for name, value in limits.items()}


def _price_label(value: float) -> str:
    return f"{value:,.2f}" if value >= 100 else f"{value:,.4f}"
