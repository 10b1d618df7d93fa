"""Room 6: the daemon's log as it is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.ink import Piece
from tui.scene import Scene
from tui.screens.room import Room
from tui.table import name_cells
from tui.tables.health import LOGS, log_rows
from tui.widgets.filterbar import FilterBar, matching
from tui.widgets.grid import Grid
from tui.widgets.words import Words

NO_LINES: tuple[Piece, ...] = (
    ("No log lines yet", "strong"),
    ("The daemon has written nothing since it started.", "plain"),
)
LEVELS: tuple[str, ...] = ("debug", "info", "warning", "error")


class LogsRoom(Room):
    """The newest line at the bottom; the cursor follows it until moved up."""

    NAME = "logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("v", "level", "Least level"),
        Binding("escape", "drop", "Drop the filter", show=False),
    ]
    DEFAULT_CSS = """
    LogsRoom #line { height: 3; padding: 0 1; border-top: solid $faint 40%; }
    LogsRoom #keys { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._level = "debug"

    def body(self) -> Iterable[Widget]:
        """Lines, filter, keys."""
        yield Grid(LOGS, id="logs", follow_tail=True)
        yield FilterBar()
        yield Words(id="line")
        yield Words(id="keys")

    def on_mount(self) -> None:
        """The lines have the keys."""
        self.query_one(Grid).focus()

    def show(self, scene: Scene) -> None:
        """Draw the lines that pass."""
        view = scene.view
        if view is None:
            return
        least = LEVELS.index(self._level)
        lines = [entry for entry in view.logs if entry.level not in LEVELS or LEVELS.index(entry.level) >= least]
        words = self.query_one(FilterBar).value
        rows = matching(log_rows(scene, lines), words)
        nothing: tuple[Piece, ...] = ((f"No line matches “{words}”", "strong"), ("esc drops the filter", "note"))
        grid = self.query_one(Grid)
        grid.stale = "stale" if scene.trust else ""  # what was logged stays true
        grid.fit_column("bot", name_cells(view.bots))
        grid.fit_column("event", name_cells((entry.event for entry in lines), most=24))
        grid.show(rows, empty=nothing if words else NO_LINES)
        whole = grid.rows[grid.cursor].cells[-1][0] if grid.rows else ""
        self.query_one("#line", Words).say([(whole, "plain")])
        self.query_one("#keys", Words).say(
            [
                ("/", "key"),
                (" filter  ", "dim"),
                ("v", "key"),
                (f" from level: {self._level}  ", "dim"),
                ("G", "key"),
                (" follow the newest  ", "dim"),
                (f"{len(rows):,} lines", "dim"),
            ]
        )

    def look_for(self, words: str) -> None:
        """Filter by these words."""
        line = self.query_one(FilterBar)
        line.value = words
        line.set_class(bool(words), "-open")

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterBar).open()

    def action_drop(self) -> None:
        """Drop the filter."""
        self.query_one(FilterBar).action_drop()

    def action_level(self) -> None:
        """Show lines from the next level on."""
        self._level = LEVELS[(LEVELS.index(self._level) + 1) % len(LEVELS)]

    @on(FilterBar.Done)
    def _back(self) -> None:
        self.query_one(Grid).focus()
