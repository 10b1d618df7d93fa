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
    funding: Records  # [symbol, bar], what a position held into the bar pays of its value; no columns for spot


class Detail(NamedTuple):
    """The finer bars inside a tape's traded bars."""

    bars: Records  # [symbol, finer bar]; the close is nan where a symbol has none
    spans: Records  # of the traded bar t: columns spans[t] to spans[t + 1]
    lacking: int  # bars of a symbol without any: these are their own detail

    def most(self) -> int:
        """Return the most finer bars in one bar."""
        return int(np.diff(self.spans).max()) if len(self.spans) else 1


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
    close_ns = np.ascontiguousarray(times["close_ns"][traded:])
    return Tape(tuple(one.symbol for one in series), close_ns, lead, rest, _funding(series, rest))


def detail_of(bars: Tape, series: Sequence[Series]) -> Detail:
    """Return the finer bars of the same symbols, in the same order, as the engine takes them.

    Raises:
        DataError: not one for each symbol, none inside the traded bars, or one that reaches over a bar's end.
    """
    if len(series) != len(bars.symbols):
        raise DataError(f"finer bars of {len(series)} symbols for {len(bars.symbols)}", hint="give one for each symbol")
    begins = bars.bars["open_ns"].max(axis=0)
    inside, lacks = [], []
    for one, row in zip(series, bars.bars, strict=True):
        at = np.searchsorted(begins, one.bars["open_ns"], side="right") - 1
        within = (at >= 0) & (one.bars["open_ns"] < bars.close_ns[at])
        if (one.bars["close_ns"][within] > bars.close_ns[at[within]]).any():
            raise DataError(f"the finer bars of {one.symbol} do not fit into the bars", hint="use a shorter timeframe")
        there = ~np.isnan(row["close"])
        there[at[within]] = False
        inside.append(one.bars[within])
        lacks.append(row[there])
    if not any(len(some) for some in inside):
        raise DataError("the finer bars lie in none of the bars traded", hint="use finer bars of the same time")
    opens = np.unique(np.concatenate([some["open_ns"] for some in (*inside, *lacks)]))
    finer = np.zeros((len(series), len(opens)), r.BAR)
    finer["close"] = np.nan
    for row, *parts in zip(finer, inside, lacks, strict=True):
        for part in parts:
            row[np.searchsorted(opens, part["open_ns"])] = part
    spans = np.searchsorted(opens, np.append(begins, np.iinfo(np.int64).max))
    return Detail(finer, spans.astype(np.int64), sum(len(some) for some in lacks))


def fingerprint(series: Series) -> str:
    """Return the SHA-256 of the bars themselves, and of the funding, wherever they came from."""
    digest = hashlib.sha256(np.ascontiguousarray(series.bars).view(np.uint8).data)
    for part in series.funding or ():
        digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()


def _funding(series: Sequence[Series], bars: Records) -> Records:
    """Return what each bar's position pays at its open: all that fell due since the bar before."""
    if all(one.funding is None for one in series):
        return np.zeros((len(series), 0))
    due = np.zeros(bars.shape)
    for row, one, some in zip(due, series, bars, strict=True):
        if one.funding is None:
            continue
        at = np.flatnonzero(~np.isnan(some["close"]))  # the bars this symbol has
        opens = some["open_ns"][at]
        first = np.searchsorted(one.funding.ts_ns, opens[0] if len(opens) else 0)
        bar = np.searchsorted(opens, one.funding.ts_ns[first:], side="left")
        inside = bar < len(opens)
        np.add.at(row, at[bar[inside]], one.funding.rate[first:][inside])
    return due


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
