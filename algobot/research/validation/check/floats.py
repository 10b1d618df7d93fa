"""Do the last bits of a price decide? They are noise: nothing that trades should hang on them."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from algobot.kernel.session import SimFill
from algobot.research.validation.check.findings import Finding, failed, ok
from algobot.research.validation.check.market import nudged
from algobot.research.validation.check.subject import Subject

_NAME: Final = "float stability"
_TRIES: Final = 4
_MOST_BARS: Final = 0.002  # true ties happen: prices are whole ticks
_MOST_FILLS: Final = 0.1  # one tie moves all fills until the next time flat


def float_stability(subject: Subject) -> Finding:
    """Return how often a change of a few last bits in every price changes what it wants or trades.

    Equal prices are changed equally, so that a comparison of prices stays what it was.
    """
    before = [said.kind for said in subject.fold(subject.bars)]
    fills = subject.at_once(subject.bars).fills[0]
    worst_words, worst_fills, first = 0.0, 0.0, -1
    for seed in range(_TRIES):
        bars = nudged(subject.bars, seed)
        after = subject.fold(bars)
        wrong = np.flatnonzero([one != two.kind for one, two in zip(before, after, strict=True)])
        if len(wrong) and first < 0:
            first = int(wrong[0])
        worst_words = max(worst_words, len(wrong) / len(before))
        worst_fills = max(worst_fills, _unlike(fills, subject.at_once(bars).fills[0]))
    facts = {"changed_bars_fraction": worst_words, "changed_fills_fraction": worst_fills}
    if worst_words > _MOST_BARS or worst_fills > _MOST_FILLS:
        says = (
            f"the last bits of prices change {worst_words:.1%} of its decisions and {worst_fills:.1%} of its fills: "
            f"it compares what is equal but for rounding (first at bar {first})"
        )
        return failed(_NAME, says, **facts, bar=first)
    if worst_words > 0 or worst_fills > 0:
        says = f"prices off by a few of their last bits change its decision on {worst_words:.2%} of bars, as ties do"
        return ok(_NAME, f"{says}; first at bar {first}", **facts, bar=first)
    return ok(_NAME, f"prices off by a few of their last bits, {_TRIES} times: the same {len(fills)} fills", **facts)


def _unlike(one: list[SimFill], two: list[SimFill]) -> float:
    """Return the share of fills that have no counterpart at the same time and side."""
    first, second = (Counter((fill.ts_ns, fill.side, fill.tag) for fill in fills) for fills in (one, two))
    apart = sum((first - second).values()) + sum((second - first).values())
    return apart / max(len(one) + len(two), 1)
