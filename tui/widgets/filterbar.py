"""The line that filters a table: `/` opens it, every key narrows, `!` before a word turns it round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.table import Row


class FilterBar(Input):
    """Hidden until asked for; enter keeps the filter and goes back to the table, escape drops it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", "Drop the filter", show=False)]
    DEFAULT_CSS = """
    FilterBar { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    FilterBar:focus { border: none; }
    FilterBar.-open { display: block; }
    """

    class Done(Message):
        """The table should have the keys again."""

    def __init__(self) -> None:
        super().__init__(placeholder="filter: words that must be there, !word that must not; esc drops it")

    def open(self) -> None:
        """Show the line and take the keys."""
        self.add_class("-open")
        self.focus()

    def action_drop(self) -> None:
        """Forget the filter."""
        self.value = ""
        self.remove_class("-open")
        self.post_message(self.Done())

    def on_input_submitted(self) -> None:
        """Keep the filter, give the keys back."""
        if not self.value.strip():
            self.remove_class("-open")
        self.post_message(self.Done())


def matching(rows: Sequence[Row], words: str) -> list[Row]:
    """The rows that have every word somewhere, and none of those after `!`; case does not matter."""
    wanted = [word.lower() for word in words.split() if word.strip("!")]
    if not wanted:
        return list(rows)
    return [row for row in rows if _passes(" ".join(text for text, _ in row.cells).lower(), wanted)]


def _passes(text: str, wanted: Sequence[str]) -> bool:
    return all((word[1:] not in text) if word.startswith("!") else (word in text) for word in wanted)
