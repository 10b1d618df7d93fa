"""All keys on one page."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from tui.ink import Piece
from tui.widgets.topbar import TopBar
from tui.widgets.words import Words

PAGE: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    (
        "The kill switch, from anywhere",
        (
            ("F9, ctrl+k", "HALT now: nothing new is opened; nothing is asked"),
            ("again", "cancel all orders"),
            ("FLATTEN", "typed in the panel: close all positions"),
            ("R", "resume trading, with a reason"),
            ("esc", "leave the panel; the halt stays"),
        ),
    ),
    (
        "Bots",
        (
            ("s", "start"),
            ("p", "pause, or resume"),
            ("x", "stop (asks y/N)"),
            ("enter", "open its page"),
            ("l", "its log"),
            ("space", "mark several; s, p, x then act on all of them"),
            ("o", "sort"),
        ),
    ),
    (
        "Everywhere",
        (
            ("1 2 3 6 7", "home, bots, orders and positions, logs, health"),
            ("/", "filter; !word turns it round"),
            (": or ctrl+p", "every command, in the words of algobot ctl"),
            ("j k g G", "down, up, top, bottom"),
            ("[ ]", "previous and next tab"),
            ("r", "reload the configuration"),
            ("y", "copy the last action as a ctl command"),
            ("t", "theme"),
            ("esc", "back"),
            ("q", "quit; the bots keep running"),
        ),
    ),
)


class HelpScreen(ModalScreen[None]):
    """Escape, `?` or `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "close", "Close", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 96%; height: auto; max-height: 100%; background: $background;
        border: round $primary; padding: 0 2; border-title-style: bold; border-subtitle-color: $faint;
        scrollbar-size-vertical: 1;
    }
    """

    def compose(self) -> ComposeResult:
        """The page."""
        yield TopBar()
        with VerticalScroll() as page:
            page.border_title = " Keys "
            page.border_subtitle = " esc closes "
            yield Words(id="keys")

    def on_mount(self) -> None:
        """Write it."""
        lines: list[list[Piece]] = []
        for title, keys in PAGE:
            lines.append([(title, "strong")])
            lines += [[(f"  {key:<14}", "key"), (meaning, "plain")] for key, meaning in keys]
            lines.append([])
        self.query_one("#keys", Words).say(*lines[:-1])

    def action_close(self) -> None:
        """Close it."""
        self.dismiss()

    def action_down(self) -> None:
        """Scroll down."""
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up."""
        self.query_one(VerticalScroll).scroll_up(animate=False)
