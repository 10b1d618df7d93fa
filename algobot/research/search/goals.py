"""What a search is after: one objective, or several at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from algobot.errors import UsageError

# the word of a command line: the field of `SCORE`, and whether more of it is better
OBJECTIVES: Final[Mapping[str, tuple[str, bool]]] = {
    "sharpe": ("sharpe", True),
    "calmar": ("calmar", True),
    "sortino": ("sortino", True),
    "return": ("return_fraction", True),
    "profit_factor": ("profit_factor", True),
    "win_rate": ("win_fraction", True),
    "expectancy": ("expectancy", True),
    "max_drawdown": ("max_drawdown_fraction", False),
}


class Goal(NamedTuple):
    """Objectives, the first one ranks; runs with fewer closed trades than `min_trades` do not count."""

    objectives: tuple[str, ...]
    min_trades: int = 1

    def worth(self, score: Any) -> tuple[float, ...] | None:
        """Return a score's value by each objective, the more the better; None where it does not count."""
        if score["trades"] < self.min_trades:
            return None
        found = []
        for name in self.objectives:
            field, more = OBJECTIVES[name]
            found.append(float(score[field]) if more else -float(score[field]))
        return tuple(found) if all(map(math.isfinite, found)) else None


def goal(words: Sequence[str], min_trades: int) -> Goal:
    """Return the goal of these words. Raises UsageError for one there is not."""
    for word in words:
        if word not in OBJECTIVES:
            import difflib

            near = difflib.get_close_matches(word, OBJECTIVES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(OBJECTIVES)}"
            raise UsageError(f"there is no objective {word!r}", hint=hint)
    return Goal(tuple(dict.fromkeys(words)), min_trades)


def ranking(worths: Sequence[tuple[float, ...] | None]) -> list[int]:
    """Return the places of those that count, best first: what nothing beats in everything comes before the rest.

    Within those, by the first objective; of equal ones the earlier is first.
    """
    counted = [at for at, worth in enumerate(worths) if worth is not None]
    counted.sort(key=lambda at: [-value for value in worths[at] or ()])
    front = set(pareto([worths[at] or () for at in counted]))
    return [at for place, at in enumerate(counted) if place in front] + [
        at for place, at in enumerate(counted) if place not in front
    ]


def pareto(worths: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the places of those that none other equals or betters in everything; `worths` best first."""
    kept: list[int] = []
    for at, worth in enumerate(worths):
        if not any(_beats(worths[other], worth) for other in kept):
            kept.append(at)
            if len(worth) == 1:
                break
    return kept


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
