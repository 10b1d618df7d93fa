"""Bars as they stand, from a file or the library, with what is known of them: for checking and mending."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from algobot.errors import DataError
from algobot.market import keys
from algobot.market.foreign import How, read_foreign
from algobot.market.importing import span_of
from algobot.market.library import Library
from algobot.market.spans import Spans
from algobot.market.store import COLUMNS, Columns
from algobot.model import timeframe_ns

OURS: Final = How(unit="ms")  # as the store writes it: a time of another unit is a fault, not a choice


class Loose(NamedTuple):
    """Rows that may not be bars."""

    columns: Columns
    span_ns: int
    known: Spans  # where the venue has nothing


def load(name: str, library: Library) -> Loose:
    """Return the rows that a person named: a file of any known kind, or bars of the library. Raises DataError."""
    path = Path(name).expanduser()
    if not keys.looks_like_key(name) or path.exists():
        columns = read_foreign(path, OURS if _is_ours(path) else How())
        named = keys.of_file(path).get("timeframe", "")
        span_ns = timeframe_ns(named) if named else span_of(columns)
        if not span_ns:
            raise DataError(
                f"{path}: one row does not say how long a bar is", hint="name it like BINANCE_BTC_USDT_1h.parquet"
            )
        return Loose(columns, span_ns, Spans())
    key = keys.parse(name)
    files = library.files(key)
    if not files:
        library.holding(key)  # says what there is instead
    parts = [read_foreign(file, OURS) for file in files]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    return Loose(columns, key.span_ns, library.known_gaps(key))


def _is_ours(path: Path) -> bool:
    """Return whether a file claims to be what `store.read_bars` reads."""
    import pyarrow.parquet

    arrow: Any = pyarrow  # it carries no types
    if path.suffix != ".parquet" or not path.is_file():
        return False
    try:
        schema = arrow.parquet.read_schema(path)
    except (arrow.ArrowException, OSError):
        return False  # reading it says why
    return set(COLUMNS) <= set(schema.names) and arrow.types.is_integer(schema.field("time").type)
