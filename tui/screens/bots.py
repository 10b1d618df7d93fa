"""Room 2: all bots, and why the one under the cursor does what it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from algobot.model import BotId
from algobot.protocol.rows import BotRow
from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.screens.room import Room
from tui.table import name_cells
from tui.tables.bots import BOTS, KINDS, ORDERINGS, ordered, rows_of, why
from tui.view import money_of
from tui.widgets.filterbar import FilterBar, matching
from tui.widgets.grid import Grid
from tui.widgets.words import Words

NO_BOTS: tuple[Piece, ...] = (
    ("No bots yet", "strong"),
    ("The daemon runs, but its configuration names no bot.", "plain"),
    ("Add a [bots.NAME] section to config.toml, then press r to reload.", "note"),
)


class BotsRoom(Room):
    """The table of bots."""

    NAME = "bots"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("o", "order", "Sort"),
        Binding("space", "mark", "Mark"),
        Binding("escape", "unmark", "Unmark all", show=False),
        Binding("l", "logs", "Logs"),
    ]
    DEFAULT_CSS = """
    BotsRoom #why { height: 4; border-top: solid $faint 40%; padding: 0 1; }
    BotsRoom #keys { height: 1; padding: 0 1; }
    """

    class Open(Message):
        """A bot's page is wanted."""

        def __init__(self, bot_id: str, tab: str = "now") -> None:
            super().__init__()
            self.bot_id = bot_id
            self.tab = tab

    def __init__(self) -> None:
        super().__init__()
        self._order = ORDERINGS[0]
        self._scene: Scene | None = None

    def body(self) -> Iterable[Widget]:
        """Table, filter, the reason, the keys."""
        yield Grid(BOTS, id="bots")
        yield FilterBar()
        yield Words(id="why")
        yield Words(id="keys")

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one(Grid).focus()

    def show(self, scene: Scene) -> None:
        """Draw the table and what belongs to its cursor."""
        self._scene = scene
        view = scene.view
        if view is None:
            return
        grid, words = self.query_one(Grid), self.query_one(FilterBar).value
        rows = matching(rows_of(scene, ordered(list(view.bots.values()), self._order)), words)
        grid.stale = scene.trust
        nothing: tuple[Piece, ...] = ((f"No bot matches “{words}”", "strong"), ("esc drops the filter", "note"))
        grid.fit_column("bot", name_cells(view.bots))
        grid.show(rows, empty=nothing if view.bots else NO_BOTS)
        self._explain(scene, view.bots.get(BotId(grid.key or "")))
        self.query_one("#keys", Words).say(self._keys(scene, grid))

    def _explain(self, scene: Scene, row: BotRow | None) -> None:
        self.query_one("#why", Words).say(*explain(scene, row), struck=scene.trust == "struck")

    def _keys(self, scene: Scene, grid: Grid) -> list[Piece]:
        if not scene.may_change:
            return [("enter", "key"), (" open  ", "dim"), ("read-only: starting and stopping is off", "dim")]
        keys = (("s", "start"), ("p", "pause/resume"), ("x", "stop"), ("enter", "open"), ("/", "filter"))
        pieces: list[Piece] = []
        for key, name in (*keys, ("o", f"sort: {self._order}")):
            pieces += [(key, "key"), (f" {name}  ", "dim")]
        if grid.marked:
            pieces.append((f"{len(grid.marked)} marked", "warn"))
        elif grid.hidden and self.size.width >= 100:
            pieces.append((f"{len(grid.hidden)} columns need more width", "dim"))
        return pieces

    def targets(self) -> list[str]:
        """The marked bots, else the one under the cursor."""
        grid = self.query_one(Grid)
        if grid.marked:
            return [row.key for row in grid.rows if row.key in grid.marked]
        return [grid.key] if grid.key else []

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterBar).open()

    def action_order(self) -> None:
        """Sort by the next column."""
        self._order = ORDERINGS[(ORDERINGS.index(self._order) + 1) % len(ORDERINGS)]
        if self._scene:
            self.draw(self._scene)

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on."""
        grid = self.query_one(Grid)
        if grid.key:
            grid.mark(grid.key)
            grid.action_move(1)

    def action_unmark(self) -> None:
        """Take all marks away, else drop the filter."""
        grid = self.query_one(Grid)
        if grid.marked:
            grid.marked = frozenset()
            grid.refresh()
        else:
            self.query_one(FilterBar).action_drop()

    def action_logs(self) -> None:
        """Open the logs of the bot under the cursor."""
        if key := self.query_one(Grid).key:
            self.post_message(self.Open(key, "logs"))

    @on(Grid.Chosen)
    def _open(self, event: Grid.Chosen) -> None:
        self.post_message(self.Open(event.key))

    @on(Grid.Moved)
    @on(FilterBar.Changed)
    def _redraw(self) -> None:
        if self._scene:
            self.show(self._scene)

    @on(FilterBar.Done)
    def _back(self) -> None:
        self.query_one(Grid).focus()


def explain(scene: Scene, row: BotRow | None) -> list[list[Piece]]:
    """Two lines on one bot: what it is, and why it last did what it did."""
    if row is None:
        return [[]]
    glyphs = scene.glyphs
    gap = f" {glyphs.dot} "
    what = f"  {safe_text(row.strategy)} on {safe_text(row.symbol)} {row.timeframe}{gap}{KINDS[money_of(row)]}"
    counts = f"{gap}{row.orders_open:,} open{gap}{row.fills:,} fills"
    if row.reason:
        return [[(row.bot_id, "strong"), (what + counts, "dim")], [(why(row), "bad")]]
    if not row.last_decision_ns:
        return [[(row.bot_id, "strong"), (what + counts, "dim")], [("It has not decided anything yet.", "dim")]]
    when = format.moment(row.last_decision_ns, scene.now_ns)
    said: list[Piece] = [(f"{when}  ", "dim"), (safe_text(row.last_decision), "strong"), (f"  {why(row)}", "plain")]
    return [[(row.bot_id, "strong"), (what + counts, "dim")], said]
