"""Figures as a person reads them: thousands separators, a sign always where it matters, units in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tui.glyphs import Glyphs

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

Number = float | Decimal


def money(value: Number, glyphs: Glyphs, *, places: int = 2) -> str:
    """`1,012.34`; a dash when it is not a number."""
    if not math.isfinite(value):
        return glyphs.dash
    return _minus(f"{value:,.{places}f}", glyphs)


def signed(value: Number, glyphs: Glyphs, *, places: int = 2) -> str:
    """`+12.34`, `−0.80`, and `0.00` without a sign."""
    if not math.isfinite(value):
        return glyphs.dash
    text = f"{value:+,.{places}f}"
    return text[1:] if not any(digit in text for digit in "123456789") else _minus(text, glyphs)


def compact(value: Number, glyphs: Glyphs, cells: int, *, sign: bool = False) -> str:
    """An amount in at most `cells`, with as many of its (at most two) decimals as there is room for.

    Whole digits are never cut: an amount that still does not fit is told in thousands, millions or billions.
    """
    if not math.isfinite(value):
        return glyphs.dash
    for places in (2, 1, 0):
        text = signed(value, glyphs, places=places) if sign else money(value, glyphs, places=places)
        if len(text) <= cells:
            return text
    for unit, factor in (("k", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)):
        scaled = float(value) / factor
        text = (signed if sign else money)(scaled, glyphs, places=1) + f" {unit}"
        if len(text) <= cells:
            return text
    return f"{float(value):.0e}"


def rounded(value: Decimal, glyphs: Glyphs, cells: int) -> str:
    """A signed quantity in at most `cells`: exact where that fits, else rounded to what does."""
    text = quantity(value, glyphs, sign=True)
    if len(text) <= cells:
        return text
    whole = len(f"{int(value):+,d}")
    if whole > cells - 2:
        return compact(value, glyphs, cells, sign=True)
    return quantity(round(value, cells - whole - 1), glyphs, sign=True)


def change(fraction: float, glyphs: Glyphs) -> str:
    """`▲ +1.2 %`, `▼ −0.8 %` or `· 0.0 %`: a fraction as a direction, a sign and per cent."""
    if not math.isfinite(fraction):
        return glyphs.dash
    mark = {"up": glyphs.up, "down": glyphs.down}.get(ink_of(fraction * 100, places=1), glyphs.same)
    return f"{mark} {signed(fraction * 100, glyphs, places=1 if abs(fraction) < 0.9995 else 0)} %"


def ink_of(value: Number, *, places: int = 2) -> str:
    """The ink of a gain or a loss; what rounds to nothing is plain."""
    if not math.isfinite(value):
        return "dim"
    shown = round(float(value), places)
    return "up" if shown > 0 else "down" if shown < 0 else "plain"


def price(value: float, glyphs: Glyphs) -> str:
    """A price with about seven significant digits: `64,123.50`, `1.23457`; a dash for none."""
    if not math.isfinite(value) or value <= 0:
        return glyphs.dash
    places = min(8, max(2, 5 - math.floor(math.log10(value))))
    return f"{value:,.{2 if value >= 1000 else places}f}"


def quantity(value: Decimal, glyphs: Glyphs, *, sign: bool = False, least: int = 0) -> str:
    """An exact amount without trailing zeros beyond `least` decimals: `0.015`, `+0.5`, `3,107.70`; zero is `0`."""
    if not value:
        return "0"
    text = f"{value:+,f}" if sign else f"{value:,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return _minus(f"{whole}.{decimals}" if decimals else whole, glyphs)


def age(duration_ns: int) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`: how long ago, in six cells."""
    span = max(0, duration_ns)
    if span < 10 * SECOND:
        return f"{span // (SECOND // 10) / 10:.1f} s"
    if span < 2 * MINUTE:
        return f"{span // SECOND} s"
    if span < 100 * MINUTE:
        return f"{span // MINUTE} min"
    if span < 2 * DAY:
        return f"{span // HOUR} h"
    return f"{span // DAY} d"


def milliseconds(duration_ns: int) -> str:
    """`0.3 ms`, `12 ms`, `1,240 ms`."""
    span = duration_ns / 1_000_000
    return f"{span:.1f} ms" if span < 10 else f"{span:,.0f} ms"


def size(count: int) -> str:
    """Bytes as `123 MiB`."""
    return f"{count / 1_048_576:,.0f} MiB"


def clock(ts_ns: int) -> str:
    """`14:03:11`, UTC."""
    return _utc(ts_ns).strftime("%H:%M:%S")


def moment(ts_ns: int, now_ns: int) -> str:
    """The time of day when it was today, else the day (`19 Nov`), UTC."""
    then = _utc(ts_ns)
    return then.strftime("%H:%M:%S" if then.date() == _utc(now_ns).date() else "%d %b")


def _utc(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns / SECOND, UTC)


def _minus(text: str, glyphs: Glyphs) -> str:
    return text.replace("-", glyphs.minus)
