"""Mends files of bars in place, and keeps what was there.

`FILE.bak` is the file as it was (of the first repair: a later one does not overwrite it), `FILE.dropped.csv` the rows
that were taken out.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from algobot.errors import DataError
from algobot.kernel.records import Records
from algobot.market import keys
from algobot.market.checks import Limits
from algobot.market.foreign import read_foreign
from algobot.market.library import Library
from algobot.market.loose import OURS, load
from algobot.market.mending import Change, Mended, mend
from algobot.market.store import COLUMNS, Columns, to_columns, to_records
from algobot.market.writing import by_file, open_writer, put, write_bars


class Repaired(NamedTuple):
    """What was done to one file."""

    path: Path
    bars: int
    changes: list[Change]
    kept: list[Path]  # of what was there


def repair_file(path: Path, *, now_ns: int, fill: bool = False, dry_run: bool = False) -> Repaired:
    """Mend one Parquet file of bars.

    Raises:
        DataError: it is no such file, or nothing in it can be saved.
    """
    if path.suffix != ".parquet":
        raise DataError(
            f"{path}: only Parquet files are mended in place",
            hint="`algobot data import --repair` takes its bars into the library",
        )
    loose = load(str(path), Library(path.parent))
    return _repaired(path, loose.columns, Limits(loose.span_ns, now_ns), fill=fill, dry_run=dry_run)


def repair_key(name: str, library: Library, *, now_ns: int, fill: bool = False, dry_run: bool = False) -> Repaired:
    """Mend the bars of one key of the library; a file that cannot be read is put aside. Raises DataError."""
    key = keys.parse(name)
    if not library.files(key):
        library.holding(key)  # says what there is instead
    with open_writer(library, key) as writer:
        read, broken = _readable(library.files(key))
        changes = [Change("put aside: a file that cannot be read", len(broken))] if broken else []
        mended = mend(_together(list(read.values())), Limits(key.span_ns, now_ns), fill=fill)
        changes += mended.changes
        bars = to_records([mended.columns], key.span_ns)
        wanted = dict(by_file(writer.folder, key, bars))
        other = [path for path in {**read, **wanted} if path not in wanted or _differ(read.get(path), wanted[path])]
        if other and not mended.changes:
            changes.append(Change("moved: files with bars of another one's time", len(other)))
        if dry_run:
            return Repaired(writer.folder, len(bars), changes, [])
        kept = [_backup(path) for path in (*broken, *other) if path.exists()]
        if len(mended.dropped["time"]):
            kept.append(_write_dropped(writer.folder / f"{key.timeframe}", mended))
        for path in other:
            if path in wanted:
                write_bars(path, wanted[path])
        for path in (*broken, *(path for path in other if path not in wanted)):
            path.unlink()
        return Repaired(writer.folder, len(bars), changes, kept)


def _readable(files: list[Path]) -> tuple[dict[Path, Columns], list[Path]]:
    """Return the rows of the files that can be read, and which cannot."""
    read: dict[Path, Columns] = {}
    broken = []
    for path in files:
        try:
            read[path] = read_foreign(path, OURS)
        except DataError:
            broken.append(path)
    return read, broken


def _together(parts: list[Columns]) -> Columns:
    none: Columns = {name: np.empty(0, np.int64 if name == "time" else np.float64) for name in COLUMNS}
    return {name: np.concatenate([part[name] for part in (none, *parts)]) for name in COLUMNS}


def _differ(before: Columns | None, after: Records) -> bool:
    columns = to_columns(after)
    return before is None or any(not np.array_equal(before[name], columns[name]) for name in COLUMNS)


def _repaired(path: Path, columns: Columns, limits: Limits, *, fill: bool, dry_run: bool) -> Repaired:
    mended = mend(columns, limits, fill=fill)
    bars = len(mended.columns["time"])
    if not mended.changes or dry_run:
        return Repaired(path, bars, mended.changes, [])
    if bars == 0:
        raise DataError(
            f"{path}: not one row can be a bar",
            hint="`algobot data check` says why; `algobot data import` takes times of other units",
        )
    kept = [_backup(path)]
    if len(mended.dropped["time"]):
        kept.append(_write_dropped(path, mended))
    write_bars(path, to_records([mended.columns], limits.span_ns))
    return Repaired(path, bars, mended.changes, kept)


def _backup(path: Path) -> Path:
    backup = path.with_name(path.name + ".bak")
    if not backup.exists():
        put(backup, lambda place: shutil.copyfile(path, place))
    return backup


def _write_dropped(path: Path, mended: Mended) -> Path:
    beside = path.with_name(path.name + ".dropped.csv")

    def write(place: Path) -> None:
        import pyarrow.csv

        arrow: Any = pyarrow  # it carries no types
        arrow.csv.write_csv(arrow.table({name: mended.dropped[name] for name in COLUMNS}), str(place))

    put(beside, write)
    return beside
