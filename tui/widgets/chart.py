"""A line chart of a price or an equity, with the fills drawn in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.glyphs import UNICODE, Glyphs
from tui.ink import Piece
from tui.plot import Mark, Point, plot


class Chart(Widget):
    """Points oldest first; drawn anew only when they, the marks or the size change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"chart--{ink}" for ink in ("up", "down", "plain", "strong", "dim", "mark_buy", "mark_sell", "note")
    }
    DEFAULT_CSS = """
    Chart { height: 1fr; }
    Chart > .chart--up { color: $up; }
    Chart > .chart--down { color: $down; }
    Chart > .chart--note { color: $note; }
    Chart > .chart--plain { color: $foreground; }
    Chart > .chart--strong { color: $foreground; text-style: bold; }
    Chart > .chart--dim { color: $faint; }
    Chart > .chart--mark_buy { color: $up; text-style: bold; }
    Chart > .chart--mark_sell { color: $down; text-style: bold; }
    """

    stale: reactive[bool] = reactive(False)

    def __init__(self, label: Callable[[float], str], *, empty: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._empty = empty
        self._glyphs = UNICODE
        self._points: Sequence[Point] = ()
        self._marks: Sequence[Mark] = ()
        self._ink = "up"
        self._lines: list[list[Piece]] = []

    def show(self, points: Sequence[Point], glyphs: Glyphs, *, marks: Sequence[Mark] = (), ink: str = "up") -> None:
        """Draw these, if they differ from what is drawn."""
        if points == self._points and marks == self._marks and glyphs == self._glyphs and ink == self._ink:
            return
        self._points, self._marks, self._glyphs, self._ink = points, marks, glyphs, ink
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        self._lines = []
        if len(self._points) >= 2 and width >= 20 and height >= 3:
            self._lines = plot(
                self._points, (width, height), self._glyphs, label=self._label, marks=self._marks, ink=self._ink
            )
        elif height:
            self._lines = [[] for _ in range(height // 2)] + [[(self._empty.center(width), "dim")]]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the chart."""
        base = self.rich_style
        pieces = self._lines[y] if y < len(self._lines) else []
        dim = self.get_component_rich_style("chart--dim", partial=True)
        segments = [
            Segment(text, base + (dim if self.stale else self.get_component_rich_style(f"chart--{ink}", partial=True)))
            for text, ink in pieces
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def on_resize(self, event: events.Resize) -> None:
        """Lay the chart out for the new size."""
        self._draw()

    def watch_stale(self) -> None:
        """Draw in the other ink."""
        self.refresh()
