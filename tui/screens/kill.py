"""The kill panel: what was asked, what each account has confirmed, and what more can be done."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from algobot.model import AccountId
from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.killing import WORD, Ask, Killing, letter
from tui.scene import Scene
from tui.widgets.topbar import TopBar
from tui.widgets.words import Words

_SAYS = {"halt": "HALT: nothing new is opened", "cancel": "CANCEL all orders", "flatten": "FLATTEN: close positions"}


class KillPanel(ModalScreen[None]):
    """Over whatever was on the screen; escape leaves, the halt stays."""

    AUTO_FOCUS = ""  # letters are for the panel until a reason is asked for
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave, keep the halt", show=False)]
    DEFAULT_CSS = """
    KillPanel { align: center middle; background: $background 60%; }
    KillPanel > #panel {
        width: 76; max-width: 98%; height: auto; max-height: 100%;
        background: $background; border: heavy $kill; padding: 0 1;
        border-title-color: #FFFFFF; border-title-background: $kill; border-title-style: bold;
    }
    KillPanel #asks, KillPanel #accounts, KillPanel #others, KillPanel #next { height: auto; margin-top: 1; }
    KillPanel Input { display: none; height: 1; border: none; padding: 0; background: $panel; margin-top: 1; }
    KillPanel Input:focus { border: none; }
    KillPanel.-resuming Input { display: block; }
    """

    class Flatten(Message):
        """FLATTEN was typed to its end."""

    class Resume(Message):
        """The halt is to be cleared, with this reason."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, other_paths: tuple[str, ...]) -> None:
        super().__init__()
        self._other_paths = other_paths
        self._typed = ""  # how much of FLATTEN
        self._resuming = False  # the reason is being written

    def compose(self) -> ComposeResult:
        """The bar stays; the panel under it."""
        yield TopBar()
        with Vertical(id="panel") as panel:
            panel.border_title = " KILL SWITCH "
            yield Words(id="asks")
            yield Words(id="accounts")
            yield Words(id="others")
            yield Input(placeholder="why is it safe to trade again? enter sends, esc goes back")
            yield Words(id="next")

    def draw(self, scene: Scene, state: Killing, now_ns: int) -> None:
        """Show one frame; `now_ns` is monotonic, as the times in `state`."""
        self.query_one("#asks", Words).say(*[line for ask in state.asks for line in ask_lines(scene, ask, now_ns)])
        self.query_one("#accounts", Words).say(*account_lines(scene, state))
        others = self.query_one("#others", Words)
        others.display = state.needs_other_paths(now_ns)
        if others.display:
            others.say(*self._others())
        self.query_one("#next", Words).say(*next_lines(scene, state, typed=self._typed, resuming=self._resuming))

    def _others(self) -> list[list[Piece]]:
        head: list[Piece] = [("No answer. ", "bad"), ("Any one of these does it too, in another terminal:", "strong")]
        return [head, *[[(f"  {path}", "key")] for path in self._other_paths]]

    def on_key(self, event: events.Key) -> None:
        """R resumes; the letters of FLATTEN add up."""
        if self._resuming or event.character is None or not event.character.isalpha():
            return
        event.stop()
        if event.character.upper() == "R":
            self._typed, self._resuming = "", True
            self.add_class("-resuming")
            self.query_one(Input).focus()
            return
        self._typed = letter(self._typed, event.character)
        if self._typed == WORD:
            self._typed = ""
            self.post_message(self.Flatten())

    def action_leave(self) -> None:
        """Go back from the reason; from the panel itself, leave with the halt in place."""
        if self._resuming:
            self._end_resuming()
        else:
            self.dismiss()

    @on(Input.Submitted)
    def _resume(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._end_resuming()
            self.post_message(self.Resume(event.value.strip()))

    def _end_resuming(self) -> None:
        self._resuming = False
        self.remove_class("-resuming")
        self.query_one(Input).value = ""
        self.set_focus(None)


def ask_lines(scene: Scene, ask: Ask, now_ns: int) -> list[list[Piece]]:
    """What was asked, whether the daemon has confirmed it, and why not."""
    problem: list[list[Piece]] = [[(f"  {safe_text(ask.problem)}", "bad")]] if ask.problem else []
    return [_ask_line(scene, ask, now_ns), *problem]


def _ask_line(scene: Scene, ask: Ask, now_ns: int) -> list[Piece]:
    glyphs, killed = scene.glyphs, ask.killed
    says: Piece = (f"{_SAYS[ask.mode]:<29}", "strong")
    if killed is None:
        if ask.problem:
            return [(f"{glyphs.error} ", "bad"), says, ("NOT CONFIRMED", "bad")]
        return [(f"{glyphs.pause} ", "warn"), says, (f"asked {format.milliseconds(now_ns - ask.asked_ns)} ago", "warn")]
    took = f"ack {format.milliseconds(ask.took_ns)}"
    if ask.mode == "halt":
        if killed.gate_closed:
            return [(f"{glyphs.yes} ", "good"), says, (f"{took}  gate closed", "good")]
        return [(f"{glyphs.error} ", "bad"), says, (f"{took}  the gate is NOT closed", "bad")]
    if killed.safe:
        return [(f"{glyphs.yes} ", "good"), says, (f"{took}  SAFE: none at the venue", "good")]
    left = len(killed.orders_left)
    return [
        (f"{glyphs.pause} ", "warn"),
        says,
        (f"{took}  NOT SAFE: {left:,} order{'' if left == 1 else 's'} left", "warn"),
    ]


def account_lines(scene: Scene, state: Killing) -> list[list[Piece]]:
    """One line for each account: its gate, the time to the answer, the orders still open."""
    view, newest, answered = scene.view, state.newest, state.answered
    if view is None or newest is None:
        return []
    lines: list[list[Piece]] = []
    for row in sorted(view.accounts.values(), key=lambda row: row.account_id):
        name: Piece = (f"  {row.account_id:<18}", "strong")
        pieces = [] if answered is None else _confirmed(scene, row.account_id, answered)
        if newest.killed is None:
            words: Piece = ("  not confirmed", "bad") if newest.problem else ("  no answer yet", "warn")
            pieces = [*pieces[:2], (f"{words[0]}: {newest.mode}", words[1])]
        lines.append([name, *pieces])
    notes = answered.killed.notes if answered and answered.killed else []
    return [*lines, *[[(f"  {safe_text(note)}", "dim")] for note in notes[-3:]]]


def _confirmed(scene: Scene, account_id: AccountId, ask: Ask) -> list[Piece]:
    """One account's gate, milliseconds, and orders left, as the answer to `ask` has them."""
    view, killed, glyphs = scene.view, ask.killed, scene.glyphs
    if view is None or killed is None:
        return []
    closed = any(halt.scope == "all" or halt.target == account_id for halt in killed.halts)
    gate: Piece = (f"{glyphs.yes} halted", "good") if closed else (f"{glyphs.error} NOT HALTED", "bad")
    mine = [view.orders[order] for order in killed.orders_left if order in view.orders]
    if ask.mode == "halt":
        mine = view.open_orders()
    left = sum(order.account_id == account_id for order in mine)
    words = f"  {left:,} order{'' if left == 1 else 's'} open" if left else "  no orders open"
    return [gate, (f"  ack {format.milliseconds(ask.took_ns):<9}", "dim"), (words, "warn" if left else "dim")]


def next_lines(scene: Scene, state: Killing, *, typed: str = "", resuming: bool = False) -> list[list[Piece]]:
    """What the keys do now."""
    if state.resumed and not resuming:
        return [[(f"{scene.glyphs.yes} {safe_text(state.resumed)}", "good")], [("esc", "key"), (" closes", "dim")]]
    problem: list[list[Piece]] = [[(safe_text(state.problem), "bad")]] if state.problem else []
    if resuming:
        return [*problem, [("R ", "key"), ("trading resumes once the daemon has compared its books", "dim")]]
    return [
        *problem,
        [("F9 / ctrl+k  ", "key"), ("cancel all orders" if len(state.asks) < 2 else "cancel again", "plain")],
        [
            (typed, "kill"),
            (f"{WORD[len(typed) :]}      ", "key"),
            ("typed out: close all positions", "plain"),
        ],
        [("R            ", "key"), ("resume trading, with a reason", "plain")],
        [("esc          ", "key"), *_leave(state)],
    ]


def _leave(state: Killing) -> list[Piece]:
    """The halt stays, but only if somebody has confirmed that there is one."""
    if state.gate_closed:
        return [("leave; the HALT stays", "plain")]
    return [("leave; ", "plain"), ("no halt has been confirmed", "bad")]
