"""What a walk forward means in plain words, and how far the chosen parameters wandered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal

import msgspec

from algobot.model import Param
from algobot.research.validation.search import Values

_EFFICIENT: Final = 0.5  # Pardo's bound: below it the search fits the past
_CONSISTENT: Final = 0.6  # of windows with a profit
_WINDOWS: Final = 5
_TRADES: Final = 30

Word = Literal["holds up", "doubtful", "fails"]


class Verdict(msgspec.Struct, frozen=True):
    """A word and why, sentence by sentence."""

    word: Word
    reasons: list[str]


class ParamStability(msgspec.Struct, frozen=True):
    """How one parameter's choice moved from window to window."""

    name: str
    chosen: list[Param]
    changes: int  # from one window to the next
    spread_fraction: float  # of the range searched: 0 always the same, 1 from end to end


def stability(chosen: Sequence[Mapping[str, Param]], values: Values) -> list[ParamStability]:
    """Return the wandering of every parameter that was searched."""
    found = []
    for name, searched in values.items():
        picks = [params[name] for params in chosen if name in params]
        width = max(map(float, searched)) - min(map(float, searched))
        moved = max(map(float, picks)) - min(map(float, picks)) if picks else 0.0
        changes = sum(a != b for a, b in pairwise(picks))
        found.append(ParamStability(name, picks, changes, moved / width if width > 0 else 0.0))
    return found


def judged(windows: int, earned: float, trades: int, efficiency: float | None, consistency: float) -> Verdict:
    """Return the verdict: it fails when it lost, it holds up when all of Pardo's bounds are kept.

    The bounds: efficiency 0.5, a profit in 60 % of windows; less than 5 windows or 30 trades prove nothing.
    """
    reasons = []
    if earned <= 0:
        reasons.append(f"It lost {-earned:.1%} on bars it had not seen.")
    else:
        reasons.append(f"It earned {earned:.1%} on bars it had not seen.")
    if efficiency is None:
        reasons.append("Even the best parameters earned nothing where they were chosen.")
    else:
        bound = "enough" if efficiency >= _EFFICIENT else f"less than {_EFFICIENT:.0%}: the search fits the past"
        reasons.append(f"Of the yearly profit in sample {efficiency:.0%} was left out of sample, {bound}.")
    few = "" if consistency >= _CONSISTENT else f", fewer than {_CONSISTENT:.0%}"
    reasons.append(f"{consistency:.0%} of {windows} windows earned something{few}.")
    if windows < _WINDOWS or trades < _TRADES:
        reasons.append(f"{windows} windows and {trades} trades are too few to prove much.")
    strong = efficiency is not None and efficiency >= _EFFICIENT and consistency >= _CONSISTENT
    enough = windows >= _WINDOWS and trades >= _TRADES
    if earned <= 0:
        return Verdict("fails", reasons)
    return Verdict("holds up" if strong and enough else "doubtful", reasons)
