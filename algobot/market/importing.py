"""Takes bars from others' files into the library: read, mended as far as allowed, checked, added."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from algobot.errors import DataError, UsageError
from algobot.market import keys
from algobot.market.checks import Limits, serious
from algobot.market.foreign import How, read_foreign
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.mending import Change, Mended, harmless, mend
from algobot.market.store import MS_NS, Columns, to_records
from algobot.market.writing import Added, open_writer


class Said(NamedTuple):
    """What a person says of the bars; what is empty the file's name or its times say."""

    venue: str = ""
    symbol: str = ""
    timeframe: str = ""


class Imported(NamedTuple):
    """What became of a file."""

    key: Key
    added: Added
    changes: list[Change]


def import_file(
    library: Library, path: Path, said: Said, how: How, *, now_ns: int, repair: bool = False, replace: bool = False
) -> Imported:
    """Bring the bars of a file into the library.

    Always: sorted, exact duplicates and bars that are not over left out. With `repair` also what cannot be a bar.

    Raises:
        DataError: a row is wrong, or is in the library with other numbers (unless `replace`); nothing was written.
        UsageError: venue, symbol or timeframe are not known.
    """
    columns = read_foreign(path, how)
    key = _key(path, said, columns)
    limits = Limits(key.span_ns, now_ns)
    if not repair and (fault := serious(columns, limits)):
        hint = "leave such rows out with --repair; `algobot data check` shows all faults"
        raise DataError(f"{path}: {fault.kind} ({fault.rows:,}): {fault.first}", hint=hint)
    mended: Mended = mend(columns, limits) if repair else harmless(columns, limits)
    if len(mended.columns["time"]) == 0:
        raise DataError(f"{path}: no bar is left", hint="`algobot data check` says what is wrong")
    with open_writer(library, key) as writer:
        added = writer.add(to_records([mended.columns], key.span_ns), replace=replace)
    return Imported(key, added, mended.changes)


def span_of(columns: Columns) -> int:
    """Return the length of the bars: the commonest step from one time to the next, 0 for a single row."""
    steps = np.diff(np.unique(columns["time"]))
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)]) * MS_NS if len(values) else 0


def _key(path: Path, said: Said, columns: Columns) -> Key:
    named = keys.of_file(path)
    venue, symbol = said.venue or named.get("venue", ""), said.symbol or named.get("symbol", "")
    for word, option in ((venue, "--venue"), (symbol, "--symbol")):
        if not word:
            raise UsageError(
                f"{path}: {option} is not known",
                hint=f"say it with {option}, or name the file like BINANCE_BTC_USDT_1h",
            )
    counted = keys.timeframe_of(span_of(columns))
    timeframe = said.timeframe or counted or named.get("timeframe", "")
    if not timeframe:
        raise UsageError(f"{path}: how long its bars are is not known", hint="say it with --timeframe")
    if (named_timeframe := named.get("timeframe", "")) and named_timeframe != timeframe and not said.timeframe:
        raise DataError(
            f"{path}: its name says {named_timeframe}, its times say {timeframe}", hint="say it with --timeframe"
        )
    return keys.key(venue, symbol, timeframe)
