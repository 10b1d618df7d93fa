"""The bar library: bars on disk by venue, symbol and timeframe, as one series each.

`root/binance/BTC_USDT/1m/2025-06.parquet`: a file for each month (bars of an hour and longer: each year; of seconds:
each day), every one of them a file that `store.read_bars` reads by itself. What is in a library has been checked; it
is checked again when it is read. Writing is in `algobot.market.writing`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from algobot.errors import DataError
from algobot.market import keys
from algobot.market.keys import Key
from algobot.market.spans import Spans, holes
from algobot.market.store import (
    FOREVER_NS,
    MS_NS,
    Columns,
    Series,
    check,
    read_bars,
    read_columns,
    read_opens,
    to_records,
    when,
)
from algobot.model import MINUTE_NS

GAPS_FILE: Final = "gaps.json"


class Known(msgspec.Struct, frozen=True):
    """What the venue is known to lack, for good: spans [start, end) in milliseconds. The content of `gaps.json`."""

    known: list[tuple[int, int]] = []
    schema_version: int = 1


class Holding(NamedTuple):
    """What the library has of one key."""

    key: Key
    bars: int
    start_ns: int  # open of the first bar
    end_ns: int  # close of the last
    missing: int  # bars that lack in between
    known: int  # of these: that the venue does not have either
    size_bytes: int


class Library:
    """Bars below one folder. Reading takes no lock: files are replaced whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, venue: str, symbol: str, timeframe: str, start_ns: int = 0, end_ns: int = FOREVER_NS) -> Series:
        """Return the bars that open in [start_ns, end_ns), oldest first.

        Raises:
            UsageError: such a key cannot be.
            DataError: there are none, or a file is damaged; says what there is, or what to do.
        """
        key = keys.key(venue, symbol, timeframe)
        parts = self._columns(key, start_ns, end_ns)
        bars = to_records(parts, key.span_ns)
        if len(bars):
            first, stop = np.searchsorted(bars["open_ns"], [start_ns, end_ns])
            bars = bars[first:stop]
        if len(bars) == 0:
            raise self._nothing(key)
        return Series(symbol, key.span_ns, bars)

    def files(self, key: Key) -> list[Path]:
        """Return the files of a key, oldest first."""
        return sorted((self.root / key.folder).glob("[0-9]*.parquet"))

    def keys(self) -> list[Key]:
        """Return what there is, in order of name."""
        found = {keys.of_folder(path.parent) for path in self.root.glob("*/*/*/[0-9]*.parquet")}
        return sorted(key for key in found if key is not None)

    def holding(self, key: Key) -> Holding:
        """Return what there is of one key. Raises DataError."""
        files = self.files(key)
        if not files:
            raise self._nothing(key)
        opens = np.concatenate([read_opens(path) for path in files])
        gaps, known = holes(opens, key.span_ns), self.known_gaps(key)
        return Holding(
            key,
            len(opens),
            int(opens[0]),
            int(opens[-1]) + key.span_ns,
            gaps.length_ns // key.span_ns,
            (gaps.length_ns - gaps.without(known).length_ns) // key.span_ns,
            sum(path.stat().st_size for path in files),
        )

    def known_gaps(self, key: Key) -> Spans:
        """Return where the venue is known to have no bars. Raises DataError for a damaged file."""
        path = self.root / key.folder / GAPS_FILE
        try:
            known = msgspec.json.decode(path.read_bytes(), type=Known).known
        except FileNotFoundError:
            return Spans()
        except (OSError, msgspec.MsgspecError) as error:
            raise DataError(f"{path}: {error}", hint="remove it; the next fetch finds the gaps again") from None
        return Spans((start * MS_NS, end * MS_NS) for start, end in known)

    def _columns(self, key: Key, start_ns: int, end_ns: int) -> list[Columns]:
        """Return the checked columns of the files that hold bars of [start_ns, end_ns)."""
        parts: list[Columns] = []
        newest = 0
        for path in _within(self.files(key), period_of(key.span_ns), start_ns, end_ns):
            columns = read_columns(path)
            check(path, columns)
            if int(columns["time"][0]) <= newest:
                raise DataError(f"{path}: begins before the file above it ends", hint="`algobot data repair`")
            newest = int(columns["time"][-1])
            parts.append(columns)
        return parts

    def _nothing(self, key: Key) -> DataError:
        """Return the error for bars that are not there: what there is instead."""
        if files := self.files(key):
            first_ns, last_ns = int(read_opens(files[0])[0]), int(read_opens(files[-1])[-1])
            hint = f"the library has {when(first_ns)} to {when(last_ns)}"
            return DataError(f"{key}: no bars in the time asked for", hint=hint)
        there = [str(one) for one in self.keys()]
        near = difflib.get_close_matches(str(key), there, n=1, cutoff=0.5)
        get = f"`algobot data fetch {key.venue} {key.symbol} -t {key.timeframe}`"
        hint = f"there is {near[0]}; or get it: {get}" if near else f"get it: {get}"
        return DataError(f"{key}: not in the library at {self.root}", hint=hint)


def resolve(text: str, library: Library, *, symbol: str = "", start_ns: int = 0, end_ns: int = FOREVER_NS) -> Series:
    """Return the bars a person named: a file's path, or `venue:BASE/QUOTE:timeframe` of the library.

    `symbol` is what to call the instrument, where its own name will not do.

    Raises:
        DataError: no such bars, or they are damaged.
        UsageError: neither a file nor a key that can be.
    """
    path = Path(text).expanduser()
    if not keys.looks_like_key(text) or path.exists():
        return read_bars(path, symbol=symbol, start_ns=start_ns, end_ns=end_ns)
    series = library.read(*keys.parse(text), start_ns, end_ns)
    return series._replace(symbol=symbol) if symbol else series


def period_of(span_ns: int) -> str:
    """Return what a file of bars of that length covers, as numpy writes it: "D"ay, "M"onth or "Y"ear."""
    if span_ns < MINUTE_NS:
        return "D"
    return "M" if span_ns < 60 * MINUTE_NS else "Y"


def _within(files: Iterable[Path], period: str, start_ns: int, end_ns: int) -> Iterator[Path]:
    """Yield the files whose names say that they may hold bars of [start_ns, end_ns)."""
    low, high = (
        str(np.datetime64(min(ns, FOREVER_NS), "ns").astype(f"datetime64[{period}]")) for ns in (start_ns, end_ns)
    )
    yield from (path for path in files if low <= path.stem <= high)
