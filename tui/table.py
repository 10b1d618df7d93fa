"""Tables before they are drawn: columns that make room for one another, cells cut at a word.

Where the width does not hold all columns the lesser ones go, whole; nothing is cut in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from rich.cells import cell_len, set_cell_size

from tui.ink import Piece

GAP = 2  # cells between columns


class Column(msgspec.Struct, frozen=True):
    """One column: `rank` 0 always stays, the highest rank goes first; one that `grows` takes the width left over."""

    key: str
    title: str
    width: int
    right: bool = False
    rank: int = 0
    grows: bool = False


class Row(msgspec.Struct, frozen=True):
    """One row: its key keeps the cursor on it wherever it moves; a piece of text and its ink for each column."""

    key: str
    cells: tuple[Piece, ...]

    def only(self, columns: Sequence[int]) -> Row:
        """The row with these of its cells."""
        return Row(self.key, tuple(self.cells[index] for index in columns))


class Place(msgspec.Struct, frozen=True):
    """A column that is shown, and how wide."""

    index: int
    column: Column
    width: int


def arrange(columns: Sequence[Column], width: int) -> tuple[Place, ...]:
    """The columns that fit into `width` cells, in their order."""
    kept = list(range(len(columns)))
    while len(kept) > 1 and _needed(columns, kept) > width:
        lesser = max(kept, key=lambda index: (columns[index].rank, index))
        if columns[lesser].rank == 0:
            break
        kept.remove(lesser)
    spare = max(0, width - _needed(columns, kept))
    growing = [index for index in kept if columns[index].grows]
    places = []
    for index in kept:
        extra = 0
        if index in growing:
            extra = spare // len(growing) + (spare % len(growing) if index == growing[-1] else 0)
        places.append(Place(index, columns[index], columns[index].width + extra))
    return tuple(places)


def name_cells(names: Iterable[str], *, least: int = 6, most: int = 20) -> int:
    """How wide a column of names should be: all of the longest, within limits."""
    return min(most, max(least, max(map(len, names), default=0)))


def _needed(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[index].width for index in kept) + GAP * (len(kept) - 1)


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """`text` in exactly `width` cells: padded, or cut after a word where there is one."""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells <= width:
        return " " * (width - cells) + text if right else text + " " * (width - cells)
    if width < 1:
        return ""
    head = set_cell_size(text, width - 1)
    space = head.rfind(" ")
    if space > width // 2:
        head = head[:space]
    return set_cell_size(head.rstrip() + ellipsis, width)
