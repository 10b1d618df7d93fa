# mypy: disable-error-code="no-any-return"
"""A position's stop, trailing stop and target: where they are, and whether a bar reaches them."""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.jit import inlined
from algobot.kernel.records import Rec


@inlined
def stop_level(position: Rec) -> float:
    """Return where the position ends by itself: the nearest of stop, trailing stop and liquidation; 0 is nowhere."""
    level = position.stop
    if position.trail > 0.0:
        trailing = position.extreme - position.side * position.trail
        if level <= 0.0 or (trailing - level) * position.side > 0.0:
            level = trailing
    forced = position.liquidation
    if forced > 0.0 and (level <= 0.0 or (forced - level) * position.side > 0.0):
        level = forced
    return level


@inlined
def stop_tag(position: Rec, level: float) -> int:
    """Return why a position that ends at its stop level ends."""
    if level == position.stop:
        return r.STOPPED
    return r.LIQUIDATED if level == position.liquidation else r.TRAILED


@inlined
def stop_reached(position: Rec, price: float) -> bool:
    """Whether `price` is at or beyond the position's stop."""
    level = stop_level(position)
    return level > 0.0 and (price - level) * position.side <= 0.0


@inlined
def target_reached(position: Rec, price: float) -> bool:
    """Whether `price` is at or beyond the position's target."""
    return position.target > 0.0 and (price - position.target) * position.side >= 0.0


@inlined
def follow(position: Rec, high: float, low: float) -> None:
    """Move the best price seen."""
    if position.side > 0:
        position.extreme = max(position.extreme, high)
    else:
        position.extreme = min(position.extreme, low)


@inlined
def is_quiet(position: Rec, bar: Rec) -> bool:
    """Whether the bar certainly leaves the position as it is; nothing that trails is ever certain."""
    if position.lots == 0:
        return True
    long = position.side > 0
    if position.trail > 0.0 or target_reached(position, bar.high if long else bar.low):
        return False
    return not stop_reached(position, bar.low if long else bar.high)
