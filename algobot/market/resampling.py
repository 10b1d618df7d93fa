"""Longer bars of shorter ones: what the kernel's `resample` makes inside a strategy, for a whole series at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algobot.errors import UsageError
from algobot.kernel.records import BAR, Records


class Resampled(NamedTuple):
    """The longer bars, and what was done to get them."""

    bars: Records
    left_out: int  # short bars of a first and a last long bar that are not there whole
    thin: int  # long bars with a part missing inside: made of what there is, as venues do


def resample(bars: Records, span_ns: int, into_ns: int) -> Resampled:
    """Return bars of `into_ns` made of bars of `span_ns`, oldest first; they open at whole multiples since the epoch.

    Open of the first, highest high, lowest low, close of the last, sum of volumes. A first or last bar whose begin or
    end is not covered is left out: it would change with more data.

    Raises:
        UsageError: the longer one is no multiple of the shorter.
    """
    if into_ns <= span_ns or into_ns % span_ns:
        raise UsageError(
            f"{into_ns // 10**9} s is no multiple of {span_ns // 10**9} s",
            hint="longer bars are made of whole shorter ones, like 5m of 1m",
        )
    buckets = bars["open_ns"] // into_ns
    whole = np.ones(len(bars), bool)
    if len(bars):
        if bars["open_ns"][0] != buckets[0] * into_ns:
            whole &= buckets != buckets[0]
        if bars["close_ns"][-1] != (buckets[-1] + 1) * into_ns:
            whole &= buckets != buckets[-1]
    kept = bars[whole]
    numbers, firsts, counts = np.unique(buckets[whole], return_index=True, return_counts=True)
    made = np.zeros(len(numbers), BAR)
    if len(made):
        made["open_ns"], made["close_ns"] = numbers * into_ns, (numbers + 1) * into_ns
        made["open"], made["close"] = kept["open"][firsts], kept["close"][firsts + counts - 1]
        made["high"] = np.maximum.reduceat(kept["high"], firsts)
        made["low"] = np.minimum.reduceat(kept["low"], firsts)
        np.add.at(
            made["volume"], np.repeat(np.arange(len(made)), counts), kept["volume"]
        )  # in order, as the kernel adds
    return Resampled(made, int((~whole).sum()), int((counts < into_ns // span_ns).sum()))
