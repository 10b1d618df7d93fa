"""How bars of the library are named, by a person and on disk: `binance:BTC/USDT:1h`, `binance/BTC_USDT/1h`.

A perpetual's symbol has a colon of its own: `binanceusdm:BTC/USDT:USDT:1h` lies in `binanceusdm/BTC_USDT+USDT/1h`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from algobot.errors import ConfigError, UsageError
from algobot.model import timeframe_ns

_VENUE: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SYMBOL: Final = re.compile(r"[^\s/:_+\\.][^\s/_+\\]*(/[^\s/_+\\]+)?")  # without _ and +, the folder's own signs
_SPEC: Final = re.compile(r"(?P<venue>[^:/\\]+):(?P<symbol>.+):(?P<timeframe>[^:/\\]+)")
_OURS: Final = re.compile(r"(?P<venue>[A-Z0-9]+)_(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)_(?P<timeframe>\d+[smhd])")
_FREQTRADE: Final = re.compile(
    r"(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+?)(_(?P<settle>[A-Z0-9]+))?-(?P<timeframe>\d+[smhd])(-futures|-mark)?"
)
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
HINT: Final = "write it like binance:BTC/USDT:1h"


class Key(NamedTuple):
    """Which bars: a venue's, of one instrument, of one length."""

    venue: str  # ccxt's id, or any word
    symbol: str  # as ccxt writes it: "BTC/USDT", "BTC/USDT:USDT"
    timeframe: str

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}:{self.timeframe}"

    @property
    def span_ns(self) -> int:
        """The length of one bar."""
        return timeframe_ns(self.timeframe)

    @property
    def folder(self) -> Path:
        """Where they lie, below the library's root."""
        return Path(self.venue, self.symbol.replace("/", "_").replace(":", "+"), self.timeframe)


def key(venue: str, symbol: str, timeframe: str) -> Key:
    """Return a key that can be a folder. Raises UsageError, naming what cannot."""
    if not _VENUE.fullmatch(venue):
        raise UsageError(f"venue {venue!r} is not a name", hint="small letters and digits, like binance")
    if not _SYMBOL.fullmatch(symbol):
        raise UsageError(f"symbol {symbol!r} is not one", hint="write it like BTC/USDT, or BTC/USDT:USDT")
    try:
        timeframe_ns(timeframe)
    except ConfigError as error:
        raise UsageError(error.message, hint=error.hint) from None
    return Key(venue, symbol, timeframe)


def parse(text: str) -> Key:
    """Return the key a person wrote. Raises UsageError."""
    found = _SPEC.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} names no bars", hint=HINT)
    return key(found["venue"], found["symbol"], found["timeframe"])


def looks_like_key(text: str) -> bool:
    """Return whether a person meant bars of the library and not a file."""
    return _SPEC.fullmatch(text) is not None


def of_folder(folder: Path) -> Key | None:
    """Return the key of `venue/BASE_QUOTE/timeframe`, None for a folder that is none of ours."""
    venue, symbol, timeframe = folder.parts[-3:]
    try:
        return key(venue, symbol.replace("_", "/", 1).replace("+", ":"), timeframe)
    except UsageError:
        return None


def of_file(path: Path) -> dict[str, str]:
    """Return what a file's name says of venue, symbol and timeframe: ours, or freqtrade's."""
    stem = path.name.split(".")[0]
    found = _OURS.fullmatch(stem) or _FREQTRADE.fullmatch(stem)
    if found is None:
        return {}
    words = found.groupdict()
    settle = f":{words['settle']}" if words.get("settle") else ""
    told = {"symbol": f"{words['base']}/{words['quote']}{settle}", "timeframe": words["timeframe"]}
    return told | ({"venue": words["venue"].lower()} if "venue" in words else {})


def timeframe_of(span_ns: int) -> str:
    """Return the name of bars of that length, "" for one that is no whole second."""
    seconds, rest = divmod(span_ns, 10**9)
    if rest or seconds <= 0:
        return ""
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS if seconds % size == 0)
