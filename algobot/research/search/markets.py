"""On what a search runs: symbols together, by combinations, and over several lengths of bars."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from algobot.errors import UsageError
from algobot.market.resampling import resample
from algobot.market.store import Series
from algobot.model import timeframe_ns

_MOST: Final = 10_000


class Market(NamedTuple):
    """Symbols that share one account, and how to name them."""

    label: str
    series: tuple[Series, ...]


def markets(series: Sequence[Series], timeframes: Sequence[str], least: int = 0) -> list[Market]:
    """Return every combination of at least `least` symbols (0 is all together) at each of the timeframes.

    Without timeframes bars stay as long as they are; longer ones are made of them.

    Raises:
        UsageError: a length the bars cannot have, too many combinations, or fewer symbols than are asked for.
    """
    names = [one.symbol for one in series]
    if len(set(names)) < len(names):
        raise UsageError(f"two of {', '.join(names)} have one name", hint="name them apart with --symbol")
    if least > len(series):
        raise UsageError(f"combinations of {least} of {len(series)} symbols", hint="give more --data")
    sizes = range(least or len(series), len(series) + 1)
    count = sum(math.comb(len(series), size) for size in sizes) * max(len(timeframes), 1)
    if count > _MOST:
        raise UsageError(f"{count:,} combinations of symbols", hint=f"at most {_MOST:,}: a larger --min-combo")
    found = []
    for timeframe in timeframes or [""]:
        longer = [_longer(one, timeframe) for one in series]
        for size in sizes:
            for some in itertools.combinations(longer, size):
                label = " ".join(["+".join(one.symbol for one in some), timeframe]).strip()
                found.append(Market(label, some))
    return found


def _longer(one: Series, timeframe: str) -> Series:
    if not timeframe or (into_ns := timeframe_ns(timeframe)) == one.span_ns:
        return one
    bars = resample(one.bars, one.span_ns, into_ns).bars
    if not len(bars):
        raise UsageError(f"{one.symbol}: not one whole bar of {timeframe}", hint="use more data")
    return one._replace(span_ns=into_ns, bars=bars)
