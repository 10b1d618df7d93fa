"""Does it know what has not happened yet? Decisions must be the same whatever comes after, and when nothing does."""

from __future__ import annotations

from typing import Final

import numpy as np

from algobot.kernel.session import SimFill
from algobot.research.backtest import Outcome
from algobot.research.validation.check.findings import Finding, failed, ok
from algobot.research.validation.check.market import other_future
from algobot.research.validation.check.subject import Subject, model_bars, step_all

_CUTS: Final = 24
_NAME: Final = "future"


def future(subject: Subject) -> Finding:
    """Return whether what it does up to a bar depends on later bars: bars not there yet, cut off, or replaced."""
    whole = subject.at_once(subject.bars)
    fills, curve = step_all(subject.session(), model_bars(subject.bars))
    if (bar := _first_difference(whole, fills, curve)) is not None:
        return failed(
            _NAME,
            f"with all bars in memory it trades otherwise than bar by bar, first at bar {bar}: it reads ahead, or "
            f"keeps something outside of its state",
            bar=bar,
        )
    cuts = np.unique(np.linspace(2, len(subject.bars) - 2, _CUTS).astype(int)).tolist()
    for seed, known in enumerate(cuts):
        if (bar := _cut(subject, whole, known)) is not None:
            says = f"cut off after bar {known} it trades otherwise before, first at bar {bar}"
            return failed(_NAME, says, bar=bar, known=known)
        if (bar := _replaced(subject, whole, known, seed + 100)) is not None:
            says = f"with other prices after bar {known} it trades otherwise before, first at bar {bar}"
            return failed(_NAME, says, bar=bar, known=known)
    return ok(
        _NAME,
        f"the same {len(fills)} fills bar by bar, cut off and with another future at {len(cuts)} places",
        fills=len(fills),
        places=len(cuts),
    )


def _first_difference(whole: Outcome, fills: list[SimFill], curve: list[float]) -> int | None:
    other = np.array(curve)
    wrong = np.flatnonzero(whole.curve != other)
    if len(wrong):
        return int(wrong[0])
    for at, (one, two) in enumerate(zip(whole.fills[0], fills, strict=False)):
        if one != two:
            return int(np.searchsorted(whole.close_ns, whole.fills[0][at].ts_ns))
    return len(other) - 1 if len(whole.fills[0]) != len(fills) else None


def _cut(subject: Subject, whole: Outcome, known: int) -> int | None:
    part = subject.at_once(subject.bars[:known].copy())
    return _same(whole, part, known, int(subject.bars["close_ns"][known - 1]) - 1)


def _replaced(subject: Subject, whole: Outcome, known: int, seed: int) -> int | None:
    """Compare up to the next bar's open, which stays as it was: so what was decided last shows as well."""
    bars = other_future(subject.bars, known, seed)
    bars["open"][known] = subject.bars["open"][known]
    bars["high"][known] = max(bars["high"][known], bars["open"][known])
    bars["low"][known] = min(bars["low"][known], bars["open"][known])
    return _same(whole, subject.at_once(bars), known, int(subject.bars["open_ns"][known]))


def _same(whole: Outcome, part: Outcome, known: int, until_ns: int) -> int | None:
    """Return the first bar at which they differ, None if equity and fills up to a moment are the same."""
    wrong = np.flatnonzero(whole.curve[:known] != part.curve[:known])
    if len(wrong):
        return int(wrong[0])
    one, two = ([fill for fill in outcome.fills[0] if fill.ts_ns <= until_ns] for outcome in (whole, part))
    return None if one == two else known
