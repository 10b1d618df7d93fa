"""The kill switch as the panel tells it: what was asked, when, and what the daemon has confirmed. Pure.

Nothing here says "done" before a reply does: a gate is closed when `Killed.gate_closed`, orders are gone when
`Killed.safe`. Times are monotonic nanoseconds.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from algobot.protocol.requests import Killed

Mode = Literal["halt", "cancel", "flatten"]
WORD: Final = "FLATTEN"
PATIENCE_NS: Final = 2_000_000_000  # without an answer for so long, the other paths are offered
LOOKS_NS: Final = 5_000_000_000  # once the gate is closed: the daemon looks twice, 2 s apart, before it says "safe"


class Ask(msgspec.Struct, frozen=True):
    """One thing asked of the daemon, and its answer once there is one."""

    mode: Mode
    asked_ns: int
    answered_ns: int = 0  # of the first answer
    killed: Killed | None = None  # the newest answer
    problem: str = ""  # why there is none

    @property
    def confirmed(self) -> bool:
        """Whether the daemon says that what was asked for is so."""
        if self.killed is None:
            return False
        return self.killed.gate_closed if self.mode == "halt" else self.killed.safe

    @property
    def took_ns(self) -> int:
        """From the key to the first answer."""
        return self.answered_ns - self.asked_ns if self.answered_ns else 0


class Killing(msgspec.Struct, frozen=True):
    """The state of the panel."""

    asks: tuple[Ask, ...] = ()
    resumed: str = ""  # what the daemon said to it
    problem: str = ""  # why resuming failed

    @property
    def newest(self) -> Ask | None:
        """The last thing asked."""
        return self.asks[-1] if self.asks else None

    def needs_other_paths(self, now_ns: int) -> bool:
        """Whether the daemon left the newest ask unanswered for too long, or it failed."""
        ask = self.newest
        patience_ns = LOOKS_NS if self.gate_closed else PATIENCE_NS
        return bool(ask and ask.killed is None and (ask.problem or now_ns - ask.asked_ns > patience_ns))

    @property
    def answered(self) -> Ask | None:
        """The newest ask that has an answer."""
        return next((ask for ask in reversed(self.asks) if ask.killed is not None), None)

    @property
    def gate_closed(self) -> bool:
        """Whether the daemon has confirmed that nothing new can be opened."""
        return any(ask.killed is not None and ask.killed.gate_closed for ask in self.asks)


def ask(state: Killing, mode: Mode, now_ns: int) -> Killing:
    """The panel after asking for `mode`."""
    return replace(state, asks=(*state.asks, Ask(mode, now_ns)), resumed="", problem="")


def answer(state: Killing, place: int, killed: Killed, now_ns: int) -> Killing:
    """The panel after the daemon answered the ask at `place`, perhaps not for the first time."""
    old = state.asks[place]
    return _with(state, place, replace(old, killed=killed, problem="", answered_ns=old.answered_ns or now_ns))


def fail(state: Killing, place: int, problem: str) -> Killing:
    """The panel after the ask at `place` could not be sent, or was refused."""
    return _with(state, place, replace(state.asks[place], problem=problem))


def press(state: Killing) -> Mode:
    """What the kill key asks for next: halt first, then cancel, as often as it is pressed."""
    return "cancel" if state.asks else "halt"


def letter(typed: str, character: str) -> str:
    """How much of FLATTEN is typed after one more letter; a wrong one starts over."""
    first = character.upper()
    if WORD.startswith(typed + first):
        return typed + first
    return first if WORD.startswith(first) else ""


def _with(state: Killing, place: int, changed: Ask) -> Killing:
    return replace(state, asks=(*state.asks[:place], changed, *state.asks[place + 1 :]))
