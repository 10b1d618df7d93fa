"""Times as text: ISO 8601 in UTC, to the millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_DAY_MS: Final = 86_400_000
_WIDTH: Final = 24  # 2025-07-01T12:30:00.000Z
_DATE: Final = 10

Times = npt.NDArray[Any]


def iso(ts_ns: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond; "" for none."""
    if ts_ns == 0:
        return ""
    return datetime.fromtimestamp(ts_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Return the nanoseconds of what `iso` wrote."""
    if not text:
        return 0
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1_000_000


def stamps(ts_ns: Times) -> Times:
    """Return [n, 24] bytes of ASCII, a row per time in order: what `iso` says, a hundred times faster.

    Each day's date and each time of day is written once and copied.
    """
    ms = ts_ns // 1_000_000
    days = ms // _DAY_MS
    rows = np.empty((len(ms), _WIDTH), np.uint8)
    _, first, of_day = np.unique(days, return_index=True, return_inverse=True)
    dates = np.datetime_as_string(days[first].astype("datetime64[D]")).astype(f"S{_DATE}")
    rows[:, :_DATE] = dates.view(np.uint8).reshape(-1, _DATE)[of_day]
    times, of_time = np.unique(ms - days * _DAY_MS, return_inverse=True)
    words = np.array([_time_of_day(one) for one in times.tolist()], f"S{_WIDTH - _DATE}")
    rows[:, _DATE:] = words.view(np.uint8).reshape(-1, _WIDTH - _DATE)[of_time]
    return rows


def isos(ts_ns: Sequence[int]) -> list[str]:
    """Return what `iso` says of each time, many at once."""
    text = stamps(np.array(ts_ns, np.int64)).tobytes().decode("ascii")
    words = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return [word if at else "" for word, at in zip(words, ts_ns, strict=True)]


def _time_of_day(ms: int) -> str:
    return f"T{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}Z"
