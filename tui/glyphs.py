"""The marks a terminal can draw: a Unicode set, and one of plain ASCII for the Linux console and dumb terminals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from algobot.model import BotState


class Glyphs(msgspec.Struct, frozen=True):
    """One set of marks; meaning never rests on colour, so every state has a mark and a word."""

    up: str
    down: str
    same: str
    minus: str
    run: str
    pause: str
    stop: str
    error: str
    halt: str
    yes: str
    dot: str  # between the items of a line
    ellipsis: str
    dash: str  # there is no value
    mark: str
    blocks: str  # eighths of a cell, lowest first; "" where they cannot be drawn
    braille: bool


UNICODE: Final = Glyphs(
    up="▲",
    down="▼",
    same="·",
    minus="−",
    run="●",
    pause="◐",
    stop="○",
    error="✖",
    halt="■",
    yes="✓",
    dot="·",
    ellipsis="…",
    dash="–",
    mark="▪",
    blocks="▁▂▃▄▅▆▇█",
    braille=True,
)
ASCII: Final = Glyphs(
    up="^",
    down="v",
    same="=",
    minus="-",
    run="*",
    pause="=",
    stop="o",
    error="x",
    halt="#",
    yes="+",
    dot="|",
    ellipsis="~",
    dash="-",
    mark="+",
    blocks="_.-=^",
    braille=False,
)

WORDS: Final[dict[BotState, str]] = {
    BotState.CREATED: "NEW",
    BotState.RECONCILING: "RECON",
    BotState.WARMING: "WARM",
    BotState.RUNNING: "RUN",
    BotState.PAUSED: "PAUSE",
    BotState.DEGRADED: "DEGR",
    BotState.STOPPING: "STOPS",
    BotState.STOPPED: "STOP",
    BotState.FAULTED: "ERR",
    BotState.QUARANTINED: "QUAR",
    BotState.HALTED: "HALT",
}

INKS: Final[dict[BotState, str]] = {
    BotState.CREATED: "dim",
    BotState.RECONCILING: "note",
    BotState.WARMING: "note",
    BotState.RUNNING: "good",
    BotState.PAUSED: "warn",
    BotState.DEGRADED: "warn",
    BotState.STOPPING: "warn",
    BotState.STOPPED: "dim",
    BotState.FAULTED: "bad",
    BotState.QUARANTINED: "bad",
    BotState.HALTED: "bad",
}


def choose(environment: Mapping[str, str]) -> Glyphs:
    """The set the terminal of `environment` can draw: ASCII on the Linux console, a dumb terminal, or outside UTF-8."""
    if environment.get("TERM", "") in {"linux", "dumb"}:
        return ASCII
    words = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "UTF-8")
    return UNICODE if "utf" in words.lower() or words in {"C", "POSIX"} else ASCII


def of_state(state: BotState, glyphs: Glyphs) -> str:
    """The mark of a bot's state."""
    match state:
        case BotState.RUNNING:
            return glyphs.run
        case BotState.PAUSED | BotState.DEGRADED | BotState.WARMING | BotState.RECONCILING:
            return glyphs.pause
        case BotState.FAULTED | BotState.QUARANTINED:
            return glyphs.error
        case BotState.HALTED:
            return glyphs.halt
        case _:
            return glyphs.stop
