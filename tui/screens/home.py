"""Room 1: how much it is worth, how the day goes, what each bot does, what happened last."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Digits

from algobot.model import BotState
from algobot.text import safe_text
from tui import format
from tui.curve import total
from tui.ink import Piece
from tui.scene import Scene
from tui.screens.bots import NO_BOTS, BotsRoom
from tui.screens.room import Room
from tui.table import Column, name_cells
from tui.tables.bots import BOTS, KINDS, ordered, rows_of
from tui.tables.trading import side_of
from tui.view import MONIES, Money, View
from tui.widgets.chart import Chart
from tui.widgets.grid import Grid
from tui.widgets.words import Words

HOME_COLUMNS: tuple[Column, ...] = tuple(
    column
    for column in BOTS
    if column.key in {"state", "bot", "equity", "day", "return", "trend", "position", "decision", "reason"}
)
_SHOWN = tuple(BOTS.index(column) for column in HOME_COLUMNS)


class HomeRoom(Room):
    """One look."""

    NAME = "home"
    DEFAULT_CSS = """
    HomeRoom #tiles { height: 4; margin: 1 1 0 1; }
    HomeRoom #worth-digits { width: auto; height: 3; color: $foreground; }
    HomeRoom #figures { width: 1fr; height: 4; }
    HomeRoom Chart { height: 1fr; min-height: 4; margin: 1 1; }
    HomeRoom Grid { height: auto; max-height: 9; }
    HomeRoom #last { height: 4; border-top: solid $faint 40%; padding: 0 1; }
    HomeRoom.-struck #worth-digits { color: $faint; text-style: strike; }
    """

    def body(self) -> Iterable[Widget]:
        """Tiles, the curve, the bots, the last events."""
        yield Horizontal(Digits("", id="worth-digits"), Words(id="figures"), id="tiles")
        yield Chart(lambda value: f"{value:,.2f}", empty="the equity curve appears after two bars", id="equity")
        yield Grid(HOME_COLUMNS, id="bots")
        yield Words(id="last")

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one(Grid).focus()

    def show(self, scene: Scene) -> None:
        """Draw it all."""
        view = scene.view
        if view is None:
            return
        self.set_class(scene.trust == "struck", "-struck")
        main = view.main
        digits = self.query_one(Digits)
        worth = format.money(view.equity(main), scene.glyphs)
        if digits.value != worth:
            digits.update(worth)
        struck = scene.trust == "struck"
        self.query_one("#figures", Words).say(*figures(scene, view, main), struck=struck)
        curve = _worth(view, main)
        chart = self.query_one(Chart)
        chart.stale = bool(scene.trust)
        chart.show(curve, scene.glyphs, ink="up" if not curve or curve[-1][1] >= curve[0][1] else "down")
        grid = self.query_one(Grid)
        grid.stale = scene.trust
        grid.fit_column("bot", name_cells(view.bots))
        rows = rows_of(scene, ordered(list(view.bots.values()), "bot"))
        grid.show([row.only(_SHOWN) for row in rows], empty=NO_BOTS)
        self.query_one("#last", Words).say(*last(scene, view), struck=struck)

    def targets(self) -> list[str]:
        """The bot under the cursor."""
        key = self.query_one(Grid).key
        return [key] if key else []

    @on(Grid.Chosen)
    def _open(self, event: Grid.Chosen) -> None:
        self.post_message(BotsRoom.Open(event.key))


def _worth(view: View, money: Money) -> list[tuple[int, float]]:
    """The equity of all bots with one kind of money over time."""
    rows = view.of_money(money)
    curves = {row.bot_id: view.curves.get(row.bot_id, ()) for row in rows}
    return total(curves, besides=sum(row.equity for row in rows if not curves[row.bot_id]))


def figures(scene: Scene, view: View, main: Money) -> list[list[Piece]]:
    """What stands beside the big figure: whose money, today, since the start, and what is open."""
    glyphs = scene.glyphs
    equity, day, capital = view.equity(main), view.pnl_day(main), float(view.capital(main))
    gain = equity - capital
    since = gain / capital if capital else 0.0
    today = day / (equity - day) if equity - day else 0.0
    others = [(KINDS[kind], view.equity(kind)) for kind in MONIES if kind != main and view.of_money(kind)]
    beside = "".join(f"  {glyphs.dot}  {kind} {format.money(worth, glyphs)}" for kind, worth in others)
    return [
        [("  equity, ", "dim"), (KINDS[main], "warn" if main == "real" else "plain"), (beside, "dim")],
        [("  today  ", "dim"), *_gain(day, today, scene)],
        [("  start  ", "dim"), *_gain(gain, since, scene)],
        [("  ", "dim"), *_counts(scene, view)],
    ]


def _gain(amount: float, fraction: float, scene: Scene) -> list[Piece]:
    glyphs = scene.glyphs
    percent = format.change(fraction, glyphs).rjust(9)
    return [(percent, format.ink_of(fraction * 100, places=1)), (f"  {format.signed(amount, glyphs):>12}", "plain")]


def _counts(scene: Scene, view: View) -> list[Piece]:
    glyphs = scene.glyphs
    running = view.in_state(BotState.RUNNING)
    trouble = view.in_state(BotState.FAULTED, BotState.QUARANTINED, BotState.DEGRADED, BotState.HALTED)
    pieces: list[Piece] = [(f"{glyphs.run} {running:,} of {len(view.bots):,} run", "good" if running else "dim")]
    if trouble:
        pieces.append((f"  {glyphs.error} {trouble:,} need a look", "bad"))
    open_orders = len(view.open_orders())
    return [*pieces, (f"  {glyphs.dot}  {open_orders:,} order{'' if open_orders == 1 else 's'} open", "dim")]


def last(scene: Scene, view: View, *, lines: int = 3) -> list[list[Piece]]:
    """The newest alarms and fills, newest first, each in one sentence."""
    found: list[tuple[int, list[Piece]]] = []
    for alarm in view.alarms[-lines:]:
        hint = f" {scene.glyphs.dash} {safe_text(alarm.hint)}" if alarm.hint else ""
        found.append((alarm.ts_ns, [("alarm  ", "bad"), (safe_text(alarm.message) + hint, "plain")]))
    for fill in view.fills[:lines]:
        words = f"{format.quantity(fill.quantity, scene.glyphs)} {safe_text(fill.symbol)}"
        priced = f" at {format.quantity(fill.price, scene.glyphs, least=2)}"
        tag = f"  {safe_text(fill.tag)}" if fill.tag else ""
        mark, ink = side_of(fill.side, scene)
        found.append(
            (fill.ts_recv_ns, [(f"{mark:<6} ", ink), (words + priced, "plain"), (f"  {fill.bot_id}{tag}", "dim")])
        )
    if not found:
        return [[("Nothing has happened yet: fills and alarms appear here.", "dim")]]
    found.sort(key=lambda item: -item[0])
    return [[(f"{format.moment(ts_ns, scene.now_ns)}  ", "dim"), *pieces] for ts_ns, pieces in found[:lines]]
