"""Times as others write them, in milliseconds UTC: numbers of any unit, text, and what a file calls a timestamp.

Seconds, milliseconds, microseconds and nanoseconds since 1970 differ a thousandfold: between 2000 and 2100 a number is
of one unit only. Anything else is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from algobot.errors import DataError, UsageError
from algobot.market.store import YEARS_MS, as_numpy, first_empty

PER_MS: Final = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}
_FORMAT_HINT: Final = "say how they are written, like --time-format '%d.%m.%Y %H:%M'"
_UNIT_HINT: Final = "say what they are: --unit s, ms, us or ns"


def to_ms(path: Path, values: Any, *, unit: str = "", time_format: str = "") -> npt.NDArray[np.int64]:
    """Return a column of times in milliseconds; text without a zone is UTC.

    Raises:
        DataError: a row is empty, or could mean two times.
        UsageError: `unit` is none.
    """
    import pyarrow

    arrow: Any = pyarrow  # it carries no types
    if unit and unit not in PER_MS:
        raise UsageError(f"--unit {unit} is none of {', '.join(PER_MS)}")
    if values.null_count:
        raise DataError(f"{path}: row {first_empty(values)}: time is empty", hint="remove the row")
    kind = values.type
    if arrow.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if arrow.types.is_timestamp(kind) or arrow.types.is_date(kind):
        return _whole(path, values.cast(arrow.timestamp("us", tz=getattr(kind, "tz", None)), safe=False))
    if arrow.types.is_string(kind) or arrow.types.is_large_string(kind):
        return _from_text(path, values, unit, time_format)
    if arrow.types.is_integer(kind) or arrow.types.is_floating(kind):
        return _from_numbers(path, as_numpy(values), unit)
    raise DataError(f"{path}: column time is {kind}", hint="it must be numbers, text or timestamps")


def _from_text(path: Path, values: Any, unit: str, time_format: str) -> npt.NDArray[np.int64]:
    import pyarrow.compute

    arrow: Any = pyarrow
    words = arrow.compute.utf8_trim_whitespace(values)
    if time_format:
        try:
            return _whole(path, arrow.compute.strptime(words, format=time_format, unit="us"))
        except arrow.ArrowException as error:
            raise DataError(f"{path}: times are not written like {time_format!r}: {error}", hint=_FORMAT_HINT) from None
    first = str(words[0])
    if first.replace(".", "", 1).isdigit():
        whole = arrow.int64() if "." not in first else arrow.float64()
        try:
            return _from_numbers(path, as_numpy(words.cast(whole)), unit)
        except arrow.ArrowException as error:
            raise DataError(f"{path}: not every time is a number: {error}", hint=_FORMAT_HINT) from None
    for zone in (
        None,
        "UTC",
    ):  # text with a zone is moved to UTC, text without one is taken as UTC: never both in one file
        try:
            return _whole(path, words.cast(arrow.timestamp("us", tz=zone)))
        except arrow.ArrowException:
            continue
    raise DataError(f"{path}: times like {first!r} may mean several things", hint=_FORMAT_HINT)


def _whole(path: Path, values: Any) -> npt.NDArray[np.int64]:
    """Return timestamps in microseconds as whole milliseconds."""
    import pyarrow

    arrow: Any = pyarrow
    micros = as_numpy(values.cast(arrow.int64()))
    if (odd := micros % 1000 != 0).any():
        raise DataError(
            f"{path}: row {int(np.argmax(odd))}: a bar does not open within a millisecond", hint="remove the row"
        )
    return np.asarray(micros // 1000, np.int64)


def _from_numbers(path: Path, numbers: npt.NDArray[Any], unit: str) -> npt.NDArray[np.int64]:
    if not unit:
        unit = _unit_of(path, numbers)
    if unit == "ms" and numbers.dtype.kind in "iu":
        return np.asarray(numbers, np.int64)
    if numbers.dtype.kind in "iu":
        exact = numbers.astype(np.int64)
        per = int(PER_MS[unit]) if unit != "s" else 0
        millis = exact * 1000 if unit == "s" else exact // per
        odd = np.zeros(len(exact), bool) if unit == "s" else exact % per != 0
    else:
        scaled = numbers / PER_MS[unit]
        millis = np.round(scaled)
        odd = ~(np.abs(scaled - millis) < 1e-3)
    if odd.any():
        row = int(np.argmax(odd))
        raise DataError(f"{path}: row {row}: time {numbers[row]} is no whole number of milliseconds", hint=_UNIT_HINT)
    return np.asarray(millis, np.int64)


def _unit_of(path: Path, numbers: npt.NDArray[Any]) -> str:
    """Return the only unit in which every number lies between 2000 and 2100."""
    low, high = YEARS_MS
    fits = {name: (numbers >= low * per) & (numbers <= high * per) for name, per in PER_MS.items()}
    for name, mask in fits.items():
        if mask.all():
            return name
    row = next((int(np.argmin(mask)) for mask in fits.values() if mask[0]), 0)
    if any(mask.any() for mask in fits.values()):
        first, other = numbers[0], numbers[row]
        raise DataError(
            f"{path}: times are of two units: row 0 has {first}, row {row} has {other}",
            hint="mend the file: one unit throughout",
        )
    raise DataError(f"{path}: times like {numbers[0]} are no seconds, ms, us or ns since 1970", hint=_UNIT_HINT)
