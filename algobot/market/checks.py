"""What is wrong in bars: every kind of fault, counted and placed. Nothing is changed here.

Rows are columns as they stand, in any order and with any numbers (`Columns`, NaN for what is empty).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.market.spans import Spans, holes
from algobot.market.store import MS_NS, PRICES, YEARS_MS, Columns, when

Mask = npt.NDArray[np.bool_]
MAD_SIGMA: Final = 1.4826  # of a normal distribution's standard deviation to its median absolute deviation
OUTLIER_SIGMAS: Final = 20.0


class Finding(NamedTuple):
    """One kind of fault."""

    kind: str
    wrong: bool  # else only worth a look
    rows: int
    first: str  # the first of them: row, time, numbers


class Limits(NamedTuple):
    """What the rows are held against."""

    span_ns: int
    now_ns: int
    known: Spans = Spans()  # where the venue has nothing
    sigmas: float = OUTLIER_SIGMAS


def findings(columns: Columns, limits: Limits) -> list[Finding]:
    """Return what is wrong, then what is worth a look; empty when there is nothing to say."""
    found = [finding for finding in _all(columns, limits) if finding.rows]
    return sorted(found, key=lambda finding: not finding.wrong)


def serious(columns: Columns, limits: Limits) -> Finding | None:
    """Return the first fault that no harmless mending cures, None when there is none."""
    curable = ("out of order", "duplicate", "not over yet", "missing bars")
    return next((one for one in findings(columns, limits) if one.wrong and one.kind not in curable), None)


def impossible(columns: Columns) -> Mask:
    """Return which rows no market can have made: empty, not finite, not positive, or high and low on the wrong side."""
    sound = np.isfinite(columns["volume"]) & (columns["volume"] >= 0)
    for name in PRICES:
        sound &= np.isfinite(columns[name]) & (columns[name] > 0)
    top, bottom = np.maximum(columns["open"], columns["close"]), np.minimum(columns["open"], columns["close"])
    return ~(sound & (columns["high"] >= top) & (columns["low"] <= bottom))


def off_grid(columns: Columns, span_ns: int) -> Mask:
    """Return which rows open at no multiple of the timeframe, counted as most of the others are."""
    phases = columns["time"] % (span_ns // MS_NS)
    values, counts = np.unique(phases, return_counts=True)
    return np.asarray(phases != values[np.argmax(counts)]) if len(values) else np.zeros(0, bool)


def out_of_time(columns: Columns) -> Mask:
    """Return which rows have no time between 2000 and 2100."""
    return np.asarray((columns["time"] < YEARS_MS[0]) | (columns["time"] > YEARS_MS[1]))


def unfinished(columns: Columns, limits: Limits) -> Mask:
    """Return which rows are not over yet."""
    over_ms = limits.now_ns // MS_NS - limits.span_ns // MS_NS
    return np.asarray((columns["time"] > over_ms) & (columns["time"] <= YEARS_MS[1]))


def outliers(columns: Columns, sigmas: float) -> Mask:
    """Return which rows jump by more than so many sigmas: from the close before, or with their high or low.

    In logarithms; sigma is 1.4826 times the median absolute deviation of the closes' changes that are not zero, so that
    the outliers do not hide each other. Rows must be in order and possible.
    """
    logs = {name: np.log(columns[name]) for name in PRICES}
    change = np.diff(logs["close"], prepend=logs["close"][:1])
    moved = np.abs(change[change != 0])
    if len(moved) < 30:
        return np.zeros(len(change), bool)
    limit = sigmas * MAD_SIGMA * float(np.median(moved))
    wick = np.maximum(
        logs["high"] - np.maximum(logs["open"], logs["close"]), np.minimum(logs["open"], logs["close"]) - logs["low"]
    )
    return np.asarray((np.abs(change) > limit) | (wick > limit))


def _all(columns: Columns, limits: Limits) -> Iterator[Finding]:
    times = columns["time"]
    strange, bad = out_of_time(columns), impossible(columns)
    yield _rows("time out of range", strange, columns)
    yield _rows("impossible bar", bad, columns)
    yield _rows("out of order", np.concatenate([[False], np.diff(times) < 0]), columns)
    order = np.argsort(times, kind="stable")
    tidy: Columns = {name: values[order] for name, values in columns.items()}
    twice = np.concatenate([[False], np.diff(tidy["time"]) == 0])
    same = twice.copy()
    for name in (*PRICES, "volume"):
        same[1:] &= tidy[name][1:] == tidy[name][:-1]
    yield _rows("duplicate", same, tidy, numbered=order)
    yield _rows("contradicting duplicate", twice & ~same, tidy, numbered=order)
    yield _rows("off the grid", off_grid(columns, limits.span_ns) & ~strange, columns)
    yield _rows("not over yet", unfinished(columns, limits), columns)
    sound = ~(twice | strange[order] | bad[order])
    clean: Columns = {name: values[sound] for name, values in tidy.items()}
    if len(clean["time"]) == 0:
        return
    yield from _gaps(clean, limits)
    yield _rows("zero volume", clean["volume"] == 0, clean, numbered=order[sound], wrong=False)
    far = outliers(clean, limits.sigmas)
    yield _rows(f"beyond {limits.sigmas:g} sigma", far, clean, numbered=order[sound], wrong=False)


def _gaps(clean: Columns, limits: Limits) -> Iterator[Finding]:
    gaps = holes(clean["time"] * MS_NS, limits.span_ns)
    unknown = gaps.without(limits.known)
    yield _missing("missing bars", unknown, limits, wrong=True)
    yield _missing("missing at the venue, too", gaps.without(unknown), limits, wrong=False)


def _missing(kind: str, gaps: Spans, limits: Limits, *, wrong: bool) -> Finding:
    count = sum(-(-(end - start) // limits.span_ns) for start, end in gaps)
    if not count:
        return Finding(kind, wrong, 0, "")
    start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
    text = f"{len(gaps):,} gaps, the longest {(end - start) // limits.span_ns:,} bars from {when(start)}"
    return Finding(kind, wrong, count, text)


def _rows(
    kind: str, mask: Mask, columns: Columns, *, numbered: npt.NDArray[np.int64] | None = None, wrong: bool = True
) -> Finding:
    count = int(mask.sum())
    if not count:
        return Finding(kind, wrong, 0, "")
    at = int(np.argmax(mask))
    row = at if numbered is None else int(numbered[at])
    ms = int(columns["time"][at])
    time = when(ms * MS_NS) if YEARS_MS[0] <= ms <= YEARS_MS[1] else str(ms)
    numbers = " ".join(f"{columns[name][at]:.8g}" for name in (*PRICES, "volume"))
    return Finding(kind, wrong, count, f"row {row}, {time}: {numbers}")
