"""Rows of JSON as an aligned table, tab-separated lines, CSV or JSON. No dependency: it is on the fast path."""

from __future__ import annotations

import json
import os
import sys

from algobot.text import safe_text

Row = dict[str, object]
TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TextIO

    Show = Callable[[Row], str]

SCHEMA_VERSION = 1
FORMATS = ("table", "plain", "csv", "json")
COLORS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1", "alarm": "1;37;41"}


class Column:
    """One column: its head, the field it shows, how a person sees it, and on which side it is aligned."""

    __slots__ = ("color", "head", "key", "right", "show")

    def __init__(
        self, head: str, key: str, show: Show | None = None, *, right: bool = False, color: Show | None = None
    ) -> None:
        self.head = head
        self.key = key
        self.show = show
        self.right = right
        self.color = color

    def cell(self, row: Row) -> str:
        """Return what a person sees of `row`."""
        return safe_text(self.show(row) if self.show is not None else raw(row.get(self.key)))


def raw(value: object) -> str:
    """Return a JSON value as a script wants it: nothing rounded, nothing grouped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def colorful(stream: TextIO) -> bool:
    """Return whether colour may be written there (NO_COLOR, TERM=dumb, not a terminal: no)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in ("dumb", "")


def paint(text: str, color: str, *, on: bool) -> str:
    """Return `text` in a colour of `COLORS`, if colour is on."""
    return f"\x1b[{COLORS[color]}m{text}\x1b[0m" if on and color else text


def write_json(value: Row, out: TextIO | None = None) -> None:
    """Write one object on one line, `schema_version` first."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, **value}), file=out or sys.stdout, flush=True)


def write_rows(rows: Sequence[Row], columns: Sequence[Column], form: str, *, empty: str) -> None:
    """Write rows as `form` ("table", "plain" or "csv"); no rows is `empty`, said on stderr."""
    if form == "table":
        for line in table(rows, columns, color=colorful(sys.stdout)):
            print(line)
    else:
        join = "\t".join if form == "plain" else _csv_line
        for cells in [[column.key for column in columns], *([raw(row.get(c.key)) for c in columns] for row in rows)]:
            print(join([safe_text(cell) for cell in cells]))
    sys.stdout.flush()
    if not rows and form == "table":
        print(empty, file=sys.stderr)


def table(rows: Iterable[Row], columns: Sequence[Column], *, color: bool) -> list[str]:
    """Return aligned lines, the heads first; none for no rows."""
    cells = [([column.cell(row) for column in columns], row) for row in rows]
    if not cells:
        return []
    widths = [max(len(column.head), *(len(line[i]) for line, _ in cells)) for i, column in enumerate(columns)]
    lines = [
        paint("  ".join(_pad(c.head, w, c) for c, w in zip(columns, widths, strict=True)).rstrip(), "dim", on=color)
    ]
    for line, row in cells:
        padded = []
        for text, width, column in zip(line, widths, columns, strict=True):
            shade = column.color(row) if column.color is not None and color else ""
            padded.append(paint(_pad(text, width, column), shade, on=color))
        lines.append("  ".join(padded).rstrip())
    return lines


def _pad(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.right else text.ljust(width)


def _csv_line(cells: list[str]) -> str:
    return ",".join(_csv_cell(cell) for cell in cells)


def _csv_cell(cell: str) -> str:
    """Quote as RFC 4180 does, and take the power from what a spreadsheet would run as a formula."""
    if cell[:1] in ("=", "+", "-", "@") and not _is_number(cell):
        cell = "'" + cell
    if any(char in cell for char in ',"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
