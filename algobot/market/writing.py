"""Writing bars: whole files, put in place at once, by one process at a time.

A file is written beside its place, flushed to the disk and renamed: a reader, or a power cut, meets the old one or the
new one. The same bars make the same bytes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from algobot.errors import DataError
from algobot.kernel.records import Records
from algobot.market.keys import Key
from algobot.market.library import GAPS_FILE, Known, Library, period_of
from algobot.market.store import (
    COLUMNS,
    MS_NS,
    PRICES,
    Columns,
    check,
    read_columns,
    read_opens,
    to_columns,
    to_records,
    when,
)

SAME_VOLUME: Final = 1e-9  # relative: a sum of volumes depends on the order of adding in its last digits
_LOCK: Final = ".lock"
_ENCODINGS: Final = {"time": "DELTA_BINARY_PACKED"} | dict.fromkeys(COLUMNS[1:], "BYTE_STREAM_SPLIT")


class Added(NamedTuple):
    """What became of the bars handed to a writer."""

    new: int
    same: int  # were there already
    changed: int  # were there with other numbers, and replaced


class Writer:
    """The one that writes a key's bars: `with open_writer(library, key) as writer`."""

    def __init__(self, library: Library, key: Key) -> None:
        self.library, self.key = library, key
        self.folder = library.root / key.folder

    def add(self, bars: Records, *, replace: bool = False) -> Added:
        """Put bars, oldest first, among those that are there: all, or none when one of them is refused.

        Raises:
            DataError: a bar that cannot be or is off the timeframe's grid; or one that is there with other numbers,
                unless these are to be replaced.
        """
        columns = to_columns(bars)
        if len(bars) == 0:
            return Added(0, 0, 0)
        check(str(self.key), columns)
        self._check_grid(columns)
        merged = [(path, *self._merged(path, part)) for path, part in by_file(self.folder, self.key, bars)]
        total = Added(*(sum(numbers) for numbers in zip(*(added for _, _, added, _ in merged), strict=True)))
        if total.changed and not replace:
            first_ns = next(first_ns for *_, first_ns in merged if first_ns)
            raise DataError(
                f"{self.key}: {total.changed:,} bars are in the library with other numbers, first at {when(first_ns)}",
                hint="leave the library as it is, or put these in with --replace",
            )
        for path, both, added, _ in merged:
            if added.new or added.changed:
                write_bars(path, both)
        return total

    def remember_gaps(self, gaps: Iterable[tuple[int, int]]) -> None:
        """Take note that the venue has no bars there, so that nobody asks again."""
        before = self.library.known_gaps(self.key)
        known = before.plus(gaps)
        if known != before:
            content = Known([(start // MS_NS, end // MS_NS) for start, end in known])
            put(self.folder / GAPS_FILE, lambda path: path.write_bytes(msgspec.json.encode(content)))

    def _check_grid(self, columns: Columns) -> None:
        """Refuse a bar whose distance from the first one is no multiple of the timeframe."""
        span_ms = self.key.span_ns // MS_NS
        files = self.library.files(self.key)
        anchor = int(read_opens(files[0])[0]) // MS_NS if files else int(columns["time"][0])
        off = (columns["time"] - anchor) % span_ms != 0
        if off.any():
            row = int(np.argmax(off))
            raise DataError(
                f"{self.key}: row {row}: time {columns['time'][row]} is not on the grid of {self.key.timeframe} bars",
                hint="say its own timeframe, or drop such rows with --repair",
            )

    def _merged(self, path: Path, bars: Records) -> tuple[Records, Added, int]:
        """Return a file's bars with these among them, what that adds, and when the first that changes opens."""
        if not path.exists():
            return bars, Added(len(bars), 0, 0), 0
        old = to_records([read_columns(path)], self.key.span_ns)
        there = np.isin(bars["open_ns"], old["open_ns"], assume_unique=True)
        twins, again = old[np.searchsorted(old["open_ns"], bars["open_ns"][there])], bars[there]
        other = ~np.isclose(twins["volume"], again["volume"], rtol=SAME_VOLUME, atol=0.0)
        for name in PRICES:
            other |= twins[name] != again[name]
        fresh = np.concatenate([again[other], bars[~there]])
        both = np.concatenate([old[~np.isin(old["open_ns"], fresh["open_ns"], assume_unique=True)], fresh])
        added = Added(int((~there).sum()), int((~other).sum()), int(other.sum()))
        first_ns = int(again["open_ns"][other][0]) if added.changed else 0
        return both[np.argsort(both["open_ns"], kind="stable")], added, first_ns


def by_file(folder: Path, key: Key, bars: Records) -> Iterator[tuple[Path, Records]]:
    """Yield the files that bars, oldest first, belong to, and which."""
    periods = bars["open_ns"].astype("datetime64[ns]").astype(f"datetime64[{period_of(key.span_ns)}]")
    names, firsts = np.unique(periods, return_index=True)
    stops = [*firsts[1:].tolist(), len(bars)]
    for name, first, stop in zip(names, firsts.tolist(), stops, strict=True):
        yield folder / f"{name}.parquet", bars[first:stop]


@contextmanager
def open_writer(library: Library, key: Key) -> Iterator[Writer]:
    """Yield the writer of a key, alone in the world. Raises DataError while another process writes it."""
    folder = library.root / key.folder
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{key}: another process is writing it", hint="wait until it is done") from None
        for left in folder.glob("*.tmp"):  # of a process that died
            left.unlink()
        yield Writer(library, key)
    finally:
        os.close(descriptor)


def write_bars(path: Path, bars: Records) -> None:
    """Write bars as one Parquet file, whole or not at all."""
    columns = to_columns(bars)

    def write(place: Path) -> None:
        import pyarrow.parquet

        arrow: Any = pyarrow  # it carries no types
        table = arrow.table(columns)
        arrow.parquet.write_table(table, place, compression="lz4", use_dictionary=False, column_encoding=_ENCODINGS)

    put(path, write)


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file and put it at `path` at once, durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(beside)
        _sync(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
