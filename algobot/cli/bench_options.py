"""How the validation's commands read lengths and show numbers."""

from __future__ import annotations

from algobot.errors import ConfigError, UsageError
from algobot.model import timeframe_ns


def in_bars(option: str, text: str, span_ns: int) -> int:
    """Return a length given as bars ("5000") or as time ("90d") in bars.

    Raises:
        UsageError: neither.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return timeframe_ns(text) // span_ns
    except ConfigError:
        raise UsageError(f"{option} {text!r} is no length", hint="write bars, like 5000, or time, like 90d") from None


def percent(fraction: float | None) -> str:
    """Return a fraction as people read it, with its sign."""
    return "–" if fraction is None else f"{fraction:+,.1%}"


def depth(fraction: float | None) -> str:
    """Return a fall as people read it: below nothing."""
    return percent(None if fraction is None else -fraction)


def number(value: float | None) -> str:
    """Return a number as people read it."""
    return "–" if value is None else f"{value:,.2f}"
