"""Lines of text in inks, drawn again only when they differ."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.ink import Piece, line


class Words(Static):
    """Text that is data: nothing in it is read as markup."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._said: tuple[object, ...] = ()

    def say(self, *lines: Sequence[Piece], stale: bool = False, struck: bool = False) -> None:
        """Show these lines."""
        said = (tuple(map(tuple, lines)), stale, struck)
        if said != self._said:
            self._said = said
            self.update(Content("\n").join(line(*pieces, stale=stale, struck=struck) for pieces in lines))

    @property
    def text(self) -> str:
        """What it says, without inks."""
        return str(self.content)
