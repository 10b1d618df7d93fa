"""Bars as others write them: CSV, Parquet, feather and JSON, with whatever names and units of time.

Reading gives columns as they stand, times in milliseconds, NaN for what is empty; nothing is judged yet. What could
mean two things is refused, with what to say to make it clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from algobot.errors import DataError, UsageError
from algobot.market.moments import to_ms
from algobot.market.store import COLUMNS, Columns, as_numpy

_KNOWN: Final[dict[str, tuple[str, ...]]] = {  # the first that is there counts
    "time": (
        *("time", "timestamp", "open time", "opentime", "date time", "datetime", "date", "unix", "ts", "t"),
        *("gmt time", "utc", "open timestamp", "start", "starttime", "start time", "time open", "period start", "mts"),
    ),
    "open": ("open", "o", "open price", "openprice", "price open", "first"),
    "high": ("high", "h", "high price", "highprice", "price high", "max"),
    "low": ("low", "l", "low price", "lowprice", "price low", "min"),
    "close": ("close", "c", "close price", "closeprice", "price close", "last"),
    "volume": ("volume", "v", "vol", "base volume", "volume base", "basevolume", "volume traded", "qty", "amount"),
}
_KINDS: Final = {
    ".csv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".json": "json",
}
_PACKED: Final = (".gz", ".bz2", ".zst", ".xz")


class How(NamedTuple):
    """What a person says of a file; empty is to be found out."""

    columns: Mapping[str, str] = {}  # our name: theirs, or a number where the file has no names
    unit: str = ""  # of times that are numbers: s, ms, us or ns
    time_format: str = ""  # of times that are text, as strptime has it


_GUESS: Final = How()


def read_foreign(path: Path, how: How = _GUESS) -> Columns:
    """Return the columns of a file of bars.

    Raises:
        DataError: it cannot be read, is empty, or a column is missing or ambiguous; says what it has.
        UsageError: a word of `how` fits nothing in the file.
    """
    if path.is_dir():
        raise DataError(f"{path}: a folder, not a file of bars", hint="name the files")
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint="give a CSV, Parquet, feather or JSON file")
    table = _table(path)
    if table.num_rows == 0:
        raise DataError(f"{path}: no bars in it", hint="get it again")
    names = matched(path, table.column_names, how.columns)
    columns = {name: _numbers(path, name, table.column(theirs)) for name, theirs in names.items() if name != "time"}
    columns["time"] = to_ms(path, table.column(names["time"]), unit=how.unit, time_format=how.time_format)
    return {name: columns[name] for name in COLUMNS}


def matched(path: Path, there: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Return which of the names that are there is which of ours. Raises DataError, UsageError."""
    hint = f"it has {', '.join(there[:20])}; say which: --columns time=…,open=…,high=…,low=…,close=…,volume=…"
    if strange := [name for name in said if name not in COLUMNS]:
        raise UsageError(f"--columns {strange[0]}=… is none of {', '.join(COLUMNS)}", hint=hint)
    if gone := [theirs for theirs in said.values() if theirs not in there]:
        raise UsageError(f"{path}: no column {gone[0]!r}", hint=hint)
    plain = {name: " ".join(name.replace("_", " ").replace("-", " ").lower().split()) for name in there}
    found = dict(said)
    for ours in COLUMNS:
        if ours in found:
            continue
        for word in _KNOWN[ours]:
            same = [name for name in there if plain[name] == word]
            if len(same) > 1:
                raise DataError(f"{path}: {same[0]!r} and {same[1]!r} may both be {ours}", hint=hint)
            if same:
                found[ours] = same[0]
                break
        else:
            raise DataError(f"{path}: no column that is {ours}", hint=hint)
    return found


def _table(path: Path) -> Any:
    import pyarrow

    arrow: Any = pyarrow  # it carries no types
    suffix = Path(path.stem).suffix if path.suffix in _PACKED else path.suffix
    kind = _KINDS.get(suffix.lower(), "")
    try:
        match kind:
            case "csv":
                return _csv(path)
            case "json":
                return _json(path)
            case "parquet":
                import pyarrow.parquet

                return arrow.parquet.ParquetFile(path).read()
            case "feather":
                import pyarrow.feather

                return arrow.feather.read_table(path)
            case _:
                raise DataError(
                    f"{path}: {path.suffix or 'no ending'} is no kind of file that is known here",
                    hint=f"name it {', '.join(_KINDS)}, or those with .gz",
                )
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="get it again, or look into it") from error


def _csv(path: Path) -> Any:
    """Return a CSV file's table, all text: delimiter, names and a first line of talk are found out."""
    import pyarrow.compute
    import pyarrow.csv

    arrow: Any = pyarrow
    with arrow.input_stream(str(path), compression="detect") as stream:
        head = stream.read(65_536).decode("utf-8-sig", "replace").splitlines()
    lines = [line for line in head[:3] if line.strip()]
    if not lines:
        raise DataError(f"{path}: empty", hint="get it again")
    mark = next((mark for mark in ";\t|" if lines[-1].count(mark) >= 5), ",")  # a comma may be a decimal point
    skip = 1 if len(lines) > 1 and lines[0].count(mark) < 4 <= lines[1].count(mark) else 0  # "https://www.…"
    first = [word.strip().strip('"') for word in lines[skip].split(mark)]
    nameless = all(_is_number(word) for word in first if word)
    names = [*COLUMNS, *map(str, range(6, len(first)))] if nameless else first  # as Binance's own files are
    if len(set(names)) < len(names):
        raise DataError(f"{path}: two columns have the same name: {', '.join(names)}", hint="name them apart")
    rows = arrow.csv.read_csv(
        str(path),
        read_options=arrow.csv.ReadOptions(column_names=names, skip_rows=skip + (0 if nameless else 1)),
        parse_options=arrow.csv.ParseOptions(delimiter=mark),
        convert_options=arrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, arrow.string()), strings_can_be_null=True
        ),
    )
    if mark == ";":  # where the comma is the point
        rows = arrow.table({name: arrow.compute.replace_substring(rows.column(name), ",", ".") for name in names})
    return rows


def _json(path: Path) -> Any:
    """Return the table of a JSON array of rows, each an array as freqtrade writes them or an object with names."""
    import msgspec
    import pyarrow

    arrow: Any = pyarrow
    with arrow.input_stream(str(path), compression="detect") as stream:
        try:
            rows = msgspec.json.decode(stream.read(), type=list[list[float | int | str | None] | dict[str, Any]])
        except msgspec.MsgspecError as error:
            raise DataError(
                f"{path}: not a JSON array of bars: {error}", hint="[[time, open, high, low, close, volume], …]"
            ) from None
    if not rows:
        raise DataError(f"{path}: no bars in it", hint="get it again")
    named = [row for row in rows if isinstance(row, dict)]
    plain = [row for row in rows if isinstance(row, list) and len(row) >= len(COLUMNS)]
    if len(named) == len(rows):
        return arrow.Table.from_pylist(named)
    if len(plain) < len(rows):
        raise DataError(f"{path}: not every row has {len(COLUMNS)} numbers", hint=" ".join(COLUMNS))
    return arrow.table({name: [row[at] for row in plain] for at, name in enumerate(COLUMNS)})


def _numbers(path: Path, name: str, values: Any) -> Any:
    """Return a column of prices or volumes as float64, NaN for what is empty."""
    import pyarrow.compute

    arrow: Any = pyarrow
    try:
        if arrow.types.is_string(values.type) or arrow.types.is_large_string(values.type):
            values = arrow.compute.utf8_trim_whitespace(values)
        return as_numpy(values.cast(arrow.float64()).fill_null(float("nan")))
    except arrow.ArrowException as error:
        raise DataError(
            f"{path}: column {name} holds what is no number: {error}", hint="mend it, or take another column"
        ) from None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
