"""Bars of one or several symbols as the engine takes them: aligned in time, once for all runs over them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from algobot.errors import DataError
from algobot.kernel import records as r
from algobot.kernel.records import Records
from algobot.market.store import Series


class Tape(NamedTuple):
    """What a run reads and never writes."""

    symbols: tuple[str, ...]
    close_ns: Records  # of each traded bar
    lead: Records  # [symbol, bar] before those: folded without trading, as a bot warms up
    bars: Records  # [symbol, bar] traded; the close is nan where a symbol has none


def tape(series: Sequence[Series], trade_from_ns: int = 0) -> Tape:
    """Return these symbols aligned by the time their bars open, to be traded from the first close at or after that.

    Raises:
        DataError: no bar is left to trade on.
    """
    if len(series) == 1:
        times, bars = series[0].bars, series[0].bars[np.newaxis, :]
    else:
        times, bars = _aligned(series)
    traded = int(np.searchsorted(times["close_ns"], trade_from_ns))
    if traded >= len(times):
        raise DataError("no bar is left to trade on", hint="start earlier, or use more data")
    lead, rest = (np.ascontiguousarray(some) for some in (bars[:, :traded], bars[:, traded:]))
    return Tape(tuple(one.symbol for one in series), np.ascontiguousarray(times["close_ns"][traded:]), lead, rest)


def fingerprint(series: Series) -> str:
    """Return the SHA-256 of the bars themselves, wherever they came from."""
    return hashlib.sha256(np.ascontiguousarray(series.bars).view(np.uint8).data).hexdigest()


def _aligned(series: Sequence[Series]) -> tuple[Records, Records]:
    """Return the times of all bars, and the bars as [symbol, time] with nan where a symbol has none."""
    opens = np.unique(np.concatenate([one.bars["open_ns"] for one in series]))
    bars = np.zeros((len(series), len(opens)), r.BAR)
    bars["close"] = np.nan
    times = np.zeros(len(opens), r.BAR)
    for row, one in zip(bars, series, strict=True):
        at = np.searchsorted(opens, one.bars["open_ns"])
        row[at] = one.bars
        times[at] = one.bars
    return times, bars
