"""A table drawn line by line: fixed widths, keyed rows, and only the lines that changed are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.ink import Piece
from tui.table import GAP, Column, Place, Row, arrange, fit

INKS = ("plain", "strong", "dim", "up", "down", "good", "note", "warn", "bad", "head", "cursor", "stale", "struck")


class Grid(ScrollView, can_focus=True):
    """Rows under a header that stays; the cursor stays on its row's key while rows come, go and move."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{ink}" for ink in INKS}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("home,g", "move(-1000000)", "Top", show=False),
        Binding("end,G", "move(1000000)", "Bottom", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]
    DEFAULT_CSS = """
    Grid { height: 1fr; overflow-x: hidden; overflow-y: auto; background: $background; scrollbar-size-vertical: 1; }
    Grid > .grid--plain { color: $foreground; }
    Grid > .grid--strong { color: $foreground; text-style: bold; }
    Grid > .grid--dim { color: $faint; }
    Grid > .grid--up { color: $up; }
    Grid > .grid--down { color: $down; }
    Grid > .grid--good { color: $good; }
    Grid > .grid--note { color: $note; }
    Grid > .grid--warn { color: $warn; }
    Grid > .grid--bad { color: $bad; text-style: bold; }
    Grid > .grid--head { color: $faint; text-style: underline; }
    Grid > .grid--cursor { background: $primary 22%; }
    Grid > .grid--stale { color: $faint; }
    Grid > .grid--struck { color: $faint; text-style: strike; }
    """

    stale: reactive[str] = reactive("")  # "", "stale" or "struck": how much of it may be believed
    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """A row was opened with enter or a second click."""

        def __init__(self, grid: Grid, key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, grid: Grid, key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

    def __init__(
        self, columns: Sequence[Column], *, id: str | None = None, follow_tail: bool = False, cursor: bool = True
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: tuple[Row, ...] = ()
        self.empty: tuple[Piece, ...] = ()
        self.hidden: tuple[str, ...] = ()  # titles of the columns there is no room for
        self.marked: frozenset[str] = frozenset()
        self._follow_tail = follow_tail
        self._has_cursor = cursor
        self._places: tuple[Place, ...] = ()

    # --- what is shown -------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The key of the row under the cursor, "" when there is none."""
        return self.rows[self.cursor].key if self.rows else ""

    @property
    def _lines(self) -> int:
        """The header, and the rows or what is said instead."""
        return 1 + (len(self.rows) or (len(self.empty) + 1 if self.empty else 0))

    def show(self, rows: Sequence[Row], *, empty: Sequence[Piece] = ()) -> None:
        """Draw `rows`; `empty` is what to say when there are none."""
        before, key, lines = self.rows, self.key, self._lines
        at_tail = self._follow_tail and (not before or self.cursor >= len(before) - 1)
        self.rows, self.empty = tuple(rows), tuple(empty)
        if lines != self._lines:
            self.virtual_size = Size(self.size.width, self._lines)
            self.refresh(layout=True)
        self._keep_cursor(key, at_tail=at_tail)
        if not before or not self.rows:
            self.refresh()
            return
        top = int(self.scroll_offset.y)
        for line in range(top, min(top + self.size.height, max(len(before), len(self.rows)))):
            old = before[line] if line < len(before) else None
            new = self.rows[line] if line < len(self.rows) else None
            if old != new:
                self._refresh_row(line)

    def fit_column(self, key: str, cells: int) -> None:
        """Give a column so many cells: names decide for themselves how much room they need."""
        columns = tuple(replace(column, width=cells) if column.key == key else column for column in self.columns)
        if columns != self.columns:
            self.columns = columns
            self._arrange(self.size.width)

    def _keep_cursor(self, key: str, *, at_tail: bool) -> None:
        if at_tail:
            self.cursor = max(0, len(self.rows) - 1)
            self.call_after_refresh(self._reveal)
        elif self.key != key:
            found = next((place for place, row in enumerate(self.rows) if row.key == key), None)
            self.cursor = min(self.cursor, max(0, len(self.rows) - 1)) if found is None else found

    def mark(self, key: str) -> None:
        """Mark a row, or take its mark away."""
        self.marked = self.marked ^ {key}
        self.refresh()

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of `key`, if there is one."""
        for place, row in enumerate(self.rows):
            if row.key == key:
                self.cursor = place
                self._reveal()

    # --- drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The header, a row, or the words of the empty state."""
        width = self.size.width
        if y == 0:
            return self._strip([(self._line_of_titles(), "head")], width)
        index = y - 1 + int(self.scroll_offset.y)
        if not self.rows:
            return self._render_empty(y, width)
        if index >= len(self.rows):
            return self._strip([], width)
        row = self.rows[index]
        mark = "+" if row.key in self.marked else " "
        pieces: list[Piece] = [(mark, "warn")]
        for place in self._places:
            text, ink = row.cells[place.index]
            pieces.append((fit(text, place.width, right=place.column.right), ink))
            pieces.append((" " * GAP, "plain"))
        return self._strip(pieces, width, cursor=self._has_cursor and index == self.cursor)

    def _line_of_titles(self) -> str:
        return " " + (" " * GAP).join(
            fit(place.column.title, place.width, right=place.column.right) for place in self._places
        )

    def _render_empty(self, y: int, width: int) -> Strip:
        if 0 <= y - 2 < len(self.empty):
            text, ink = self.empty[y - 2]
            return self._strip([("  " + text, ink)], width)
        return self._strip([], width)

    def _strip(self, pieces: Sequence[Piece], width: int, *, cursor: bool = False) -> Strip:
        base = self.rich_style
        if cursor and self.app.no_color:  # one even bar, whatever the inks
            base += Style(reverse=True)
            pieces = [(text, "plain") for text, _ in pieces]
        elif cursor:
            blended = self.get_component_rich_style("grid--cursor")
            base += Style(bgcolor=blended.bgcolor)
        segments = [Segment(text, base + self._style(ink)) for text, ink in pieces]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, ink: str) -> Style:
        if self.stale and ink not in {"head", "strong"}:
            ink = self.stale
        return self.get_component_rich_style(f"grid--{ink}", partial=True)

    def _refresh_row(self, index: int) -> None:
        line = index + 1 - int(self.scroll_offset.y)
        if 1 <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def on_resize(self, event: events.Resize) -> None:
        """Lay the columns out for the new width."""
        self._arrange(event.size.width)
        self.virtual_size = Size(event.size.width, self._lines)
        self.call_after_refresh(self._reveal)

    def _arrange(self, width: int) -> None:
        self._places = arrange(self.columns, width - 2)
        shown = {place.index for place in self._places}
        self.hidden = tuple(column.title for index, column in enumerate(self.columns) if index not in shown)
        self.refresh()

    def watch_stale(self) -> None:
        """Draw all of it in the other inks."""
        self.refresh()

    # --- the cursor ------------------------------------------------------------------------------------------------

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two lines the cursor left and came to."""
        self._refresh_row(old)
        self._refresh_row(new)
        if self.rows:
            self.post_message(self.Moved(self, self.key))

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows, as far as there are any."""
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))
        self._reveal()

    def action_page(self, pages: int) -> None:
        """Move the cursor by whole screens."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.rows:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        index = event.y - 1 + int(self.scroll_offset.y)
        if event.y >= 1 and index < len(self.rows):
            if event.chain > 1:
                self.action_choose()
            self.cursor = index

    def _reveal(self) -> None:
        top, visible = int(self.scroll_offset.y), max(1, self.size.height - 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + visible:
            self.scroll_to(y=self.cursor - visible + 1, animate=False)
