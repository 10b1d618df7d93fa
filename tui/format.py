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


def change(fraction: float, glyphs: Glyphs) -> str:
    """`▲ +1.2 %`, `▼ −0.8 %` or `· 0.0 %`: a fraction as a direction, a sign and per cent."""
    if not math.isfinite(fraction):
        return glyphs.dash
    mark = {"up": glyphs.up, "down": glyphs.down}.get(ink_of(fraction * 100, places=1), glyphs.same)
    return f"{mark} {signed(fraction * 100, glyphs, places=1)} %"


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


def quantity(value: Decimal, glyphs: Glyphs, *, sign: bool = False) -> str:
    """An exact amount without trailing zeros: `0.015`, `+0.5`, and `flat` never: zero is `0`."""
    text = f"{value:+,f}" if sign and value else f"{value:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _minus(text if text not in {"", "-", "+", "-0", "+0"} else "0", glyphs)


def age(duration_ns: int) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`: how long ago, in at most six cells."""
    span = max(0, duration_ns)
    if span < 10 * SECOND:
        return f"{span // (SECOND // 10) / 10:.1f} s"
    if span < 2 * MINUTE:
        return f"{span // SECOND} s"
    if span < 2 * HOUR:
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
    """The time of day when it was today, else month, day and time, UTC."""
    then = _utc(ts_ns)
    return then.strftime("%H:%M:%S" if then.date() == _utc(now_ns).date() else "%m-%d %H:%M")


def _utc(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns / SECOND, UTC)


def _minus(text: str, glyphs: Glyphs) -> str:
    return text.replace("-", glyphs.minus)
