"""What the kill panel says, and when."""

from __future__ import annotations

from algobot.model import ClientOrderId, OrderStatus
from algobot.protocol.requests import Killed
from algobot.protocol.rows import HaltRow
from tests.tui.builders import NOON, a_scene, a_view, an_order
from tui.killing import WORD, Killing, answer, ask, fail, letter, press
from tui.screens.kill import account_lines, ask_lines, next_lines

MS = 1_000_000
HALT = HaltRow("all", "", "halt", "kill switch key", NOON)


def text(lines: list[list[tuple[str, str]]]) -> str:
    """Lines of pieces as plain text."""
    return "\n".join("".join(words for words, _ in line) for line in lines)


def test_the_first_press_halts_and_every_later_one_cancels() -> None:
    """No question, no detour."""
    state = Killing()
    assert press(state) == "halt"
    state = ask(state, "halt", 0)
    assert press(state) == "cancel"
    assert press(ask(state, "cancel", 0)) == "cancel"


def test_nothing_is_confirmed_before_the_daemon_says_so() -> None:
    """An unanswered halt, and an answer with the gate open, are not a halt."""
    scene, state = a_scene(), ask(Killing(), "halt", 0)
    assert "asked 40 ms ago" in text(ask_lines(scene, state.asks[0], 40 * MS))
    assert "no halt has been confirmed" in text(next_lines(scene, state))
    assert "no answer yet" in text(account_lines(scene, state))
    open_gate = answer(state, 0, Killed(False, [], 0, [], True), 50 * MS)
    assert "NOT closed" in text(ask_lines(scene, open_gate.asks[0], 60 * MS))
    assert "NOT HALTED" in text(account_lines(scene, open_gate))
    assert "no halt has been confirmed" in text(next_lines(scene, open_gate))


def test_a_confirmed_halt_shows_each_account_with_its_milliseconds() -> None:
    """And the orders a halt leaves alone."""
    state = answer(ask(Killing(), "halt", 0), 0, Killed(True, [HALT], 0, [], True), 12 * MS)
    lines = text(account_lines(a_scene(), state))
    assert "sim" in lines
    assert "✓ halted" in lines
    assert "ack 12 ms" in lines
    assert "1 order open" in lines
    assert "the HALT stays" in text(next_lines(a_scene(), state))


def test_cancel_is_safe_only_when_the_venue_shows_none() -> None:
    """Orders left are counted until then; the time to the first answer stays."""
    scene = a_scene(a_view(orders=[an_order(7, status=OrderStatus.PENDING_CANCEL)]))
    left = Killed(True, [HALT], 1, [ClientOrderId("main-0001-alpha-0007")], False)
    state = answer(ask(ask(Killing(), "halt", 0), "cancel", 0), 1, left, 20 * MS)
    assert "NOT SAFE: 1 order left" in text(ask_lines(scene, state.asks[1], 30 * MS))
    assert "1 order open" in text(account_lines(scene, state))
    state = answer(state, 1, Killed(True, [HALT], 0, [], True), 900 * MS)
    assert "ack 20 ms  SAFE" in text(ask_lines(scene, state.asks[1], 900 * MS))


def test_two_seconds_without_an_answer_bring_up_the_other_paths() -> None:
    """And a failure does at once."""
    state = ask(Killing(), "halt", 0)
    assert not state.needs_other_paths(1_900 * MS)
    assert state.needs_other_paths(2_100 * MS)
    assert fail(state, 0, "no daemon").needs_other_paths(1)
    assert "no daemon" in text(ask_lines(a_scene(), fail(state, 0, "no daemon").asks[0], 1))
    halted = answer(state, 0, Killed(True, [HALT], 0, [], True), 1)
    assert not halted.needs_other_paths(9_000 * MS)
    canceling = ask(halted, "cancel", 0)  # the daemon looks twice at the venue before it says so
    assert not canceling.needs_other_paths(2_100 * MS)
    assert text(account_lines(a_scene(), canceling)).split()[1:] == [
        "✓",
        "halted",
        "ack",
        "0.0",
        "ms",
        "no",
        "answer",
        "yet:",
        "cancel",
    ]
    assert canceling.needs_other_paths(5_100 * MS)


def test_flatten_has_to_be_typed_to_its_end() -> None:
    """A wrong letter starts over; small letters count."""
    typed = ""
    for character in "flat" + "x" + WORD[:-1]:
        typed = letter(typed, character)
    assert typed == WORD[:-1]
    assert letter(typed, "n") == WORD
    assert letter("FLAT", "x") == ""


def test_an_f_in_the_middle_is_a_new_beginning() -> None:
    """FLFLATTEN ends in FLATTEN."""
    typed = ""
    for character in "FLFLATTEN":
        typed = letter(typed, character)
    assert typed == WORD
