"""What walking forward is told beside the run itself: values to search, lengths; and how its numbers are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algobot.cli.run_options import param_value
from algobot.errors import UsageError
from algobot.model import Param, timeframe_ns

if TYPE_CHECKING:
    from algobot.kernel.strategy import Strategy


def grid_values(strategy: Strategy, words: tuple[str, ...]) -> dict[str, list[Param]]:
    """Return `-O name=v1,v2` words as the values of the types the strategy declares."""
    kinds = {info.name: info.type for info in strategy.parameters()}
    found: dict[str, list[Param]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text.strip(","):
            raise UsageError(f"-O {word!r} is not NAME=VALUE,VALUE…", hint="write it like -O fast=5,10,20")
        strategy.params({} if name in kinds else {name: 0})  # says which names there are
        found[name] = [param_value(name, one, kinds[name]) for one in text.split(",") if one]
    return found


def in_bars(option: str, text: str, span_ns: int) -> int:
    """Return a length given as bars ("5000") or as time ("90d") in bars.

    Raises:
        UsageError: neither.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return timeframe_ns(text) // span_ns
    except Exception:
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
