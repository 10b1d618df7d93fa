"""Market data: what a venue tells everybody."""

from __future__ import annotations

from typing import Final

import msgspec

from algobot.errors import ConfigError
from algobot.model.ids import Symbol
from algobot.model.orders import Side

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
_UNITS_NS: Final = {"s": SECOND_NS, "m": MINUTE_NS, "h": 60 * MINUTE_NS, "d": 1440 * MINUTE_NS}


def timeframe_ns(timeframe: str) -> int:
    """Return the length of `"1m"`, `"4h"`, `"1d"` … in nanoseconds.

    Raises:
        ConfigError: not a whole positive number followed by s, m, h or d.
    """
    count, unit = timeframe[:-1], timeframe[-1:]
    if unit not in _UNITS_NS or not (count.isascii() and count.isdigit()) or int(count) == 0:
        raise ConfigError(f"timeframe {timeframe!r} is not one", hint="write it like 1m, 15m, 1h, 4h or 1d")
    return int(count) * _UNITS_NS[unit]


class Bar(msgspec.Struct, frozen=True):
    """One closed bar; `close_ns` is the first instant after it, equal to the next bar's `open_ns`."""

    open_ns: int
    close_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float  # in base units


class Quote(msgspec.Struct, frozen=True):
    """The best bid and ask of an instrument."""

    symbol: Symbol
    bid: float
    ask: float
    ts_event_ns: int
    ts_recv_ns: int


class Trade(msgspec.Struct, frozen=True):
    """A public print; `side` is the taker's."""

    symbol: Symbol
    price: float
    quantity: float
    side: Side
    ts_event_ns: int
    ts_recv_ns: int


class BarUpdate(msgspec.Struct, frozen=True):
    """What a bar stream sends: the bar so far, or, once `closed`, for good."""

    symbol: Symbol
    timeframe: str
    bar: Bar
    closed: bool
    ts_recv_ns: int
