"""Questions before something that cannot be taken back: y/N, or the name typed out."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.ink import Piece
from tui.widgets.topbar import TopBar
from tui.widgets.words import Words


class AskScreen(ModalScreen[bool]):
    """True only for `y`, or for the right name; everything else is no."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "No", show=False)]
    DEFAULT_CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > #question {
        width: 64; max-width: 96%; height: auto; background: $background; border: round $primary; padding: 1 2;
    }
    AskScreen Input { height: 1; border: none; padding: 0; background: $panel; margin-top: 1; }
    AskScreen Input:focus { border: none; }
    """

    def __init__(self, question: str, command: str, *, name: str = "") -> None:
        super().__init__()
        self._question = question
        self._command = command
        self._name_wanted = name

    def compose(self) -> ComposeResult:
        """The question, what it amounts to, how to answer."""
        yield TopBar()
        with Vertical(id="question"):
            yield Words(id="words")
            if self._name_wanted:
                yield Input(placeholder=self._name_wanted)

    def on_mount(self) -> None:
        """Say it."""
        how: list[Piece] = [("y", "key"), (" yes   ", "dim"), ("N", "key"), (" no", "dim")]
        if self._name_wanted:
            how = [
                ("type ", "dim"),
                (self._name_wanted, "strong"),
                (" and enter; ", "dim"),
                ("esc", "key"),
                (" no", "dim"),
            ]
            self.query_one(Input).focus()
        self.query_one("#words", Words).say([(self._question, "strong")], [(self._command, "dim")], [], how)

    def on_key(self, event: events.Key) -> None:
        """One letter answers, where no name is asked for."""
        if self._name_wanted:
            return
        event.stop()
        self.dismiss(event.character in {"y", "Y"})

    def action_no(self) -> None:
        """No."""
        self.dismiss(False)

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._name_wanted:
            self.dismiss(True)
        else:
            self.query_one(Input).value = ""
