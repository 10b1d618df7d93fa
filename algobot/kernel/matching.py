# mypy: disable-error-code="no-any-return"
"""How one bar fills what waits: first its open, then its range, the worst way it can have gone.

1. At the open: market orders, and resting orders the open has already reached, all at the open.
2. Within the bar: orders that open a position, at their price; then the position's stop or trailing stop; then resting
   orders that close it, stops before limits; then its target. So a bar that touches stop and target is a loss, and a
   position opened within the bar cannot reach its target or a closing limit in the same bar (nobody knows which came
   first). What trails follows a bar's extreme from the next bar on.

A stop-limit touched within the bar is a limit order from there on. It fills in the same bar if its limit allows the
trigger's price, or if the close, which came later for sure, is beyond its limit. Stops and market orders pay slippage
and the taker fee; a limit order that rested pays the maker fee. The other ways through a bar are in `path`.
"""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel import risk
from algobot.kernel.filling import close_at
from algobot.kernel.jit import kernel
from algobot.kernel.journal import drop
from algobot.kernel.path import walk
from algobot.kernel.protection import follow, stop_level, stop_tag, target_reached
from algobot.kernel.records import Rec
from algobot.kernel.resting import tidy, trail_to
from algobot.kernel.touching import (
    both_ways,
    in_range,
    is_limit,
    is_reached,
    level_of,
    takes_part,
    touch,
    unsure_entry,
)

_OPENING, _CLOSING_STOPS, _CLOSING_LIMITS = range(3)


@kernel
def match_open(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Fill what the bar's open fills; fills are added to `fills` from `account.filled` on."""
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.kind == r.EMPTY or order.since_ns > bar.open_ns:
            continue
        if order.force == r.GOOD_TILL and bar.open_ns >= order.expires_ns:
            drop(account, order, r.EXPIRED, risk.NONE, bar.open_ns)
        elif order.kind == r.MARKET or is_reached(order, bar.open):
            rested = 1 if order.age > 0 else 0
            touch(account, slot, setting, bar, order, bar.open, rested, bar.open_ns)
        elif order.kind == r.TRAILING:
            trail_to(order, bar.open)


@kernel
def match_within(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Fill what the bar's range fills, once every symbol of the account has had its open."""
    position = slot.position
    if setting.path != r.WORST:
        walk(account, slot, setting, bar)
    else:
        if slot.orders.waits > 0:
            if both_ways(slot, bar):
                slot.unsure = 1
            _within(account, slot, setting, bar, _OPENING)
        if position.lots != 0:
            _stop(account, slot, setting, bar)
        if slot.orders.waits > 0:
            _within(account, slot, setting, bar, _CLOSING_STOPS)
            _within(account, slot, setting, bar, _CLOSING_LIMITS)
        if position.target > 0.0:
            _target(account, slot, setting, bar)
        if position.lots != 0:
            follow(position, bar.high, bar.low)
    if slot.orders.waits > 0:
        tidy(account, slot, bar)


@kernel
def _within(account: Rec, slot: Rec, setting: Rec, bar: Rec, phase: int) -> None:
    """Fill the resting orders of one phase that the bar's range reaches."""
    position = slot.position
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if not takes_part(order, bar) or _phase(position, order) != phase or not in_range(order, bar):
            continue
        if phase == _CLOSING_LIMITS and position.within == 1:
            slot.unsure = 1
            continue
        entries = position.entries
        was = order.kind
        touch(account, slot, setting, bar, order, level_of(order), 1, bar.close_ns)
        if was == r.STOP_LIMIT and order.kind == r.LIMIT and order.since_ns <= bar.open_ns:
            if is_reached(order, bar.close):
                touch(account, slot, setting, bar, order, order.price, 1, bar.close_ns)
            else:
                order.since_ns = bar.close_ns
                order.age = 1
        if position.entries != entries:
            position.within = 1
            if unsure_entry(position, bar):
                slot.unsure = 1


@kernel
def _phase(position: Rec, order: Rec) -> int:
    if position.lots * order.side >= 0 and order.reduce_only == 0:
        return _OPENING
    return _CLOSING_LIMITS if is_limit(order) else _CLOSING_STOPS


@kernel
def _stop(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Close the position where this bar stops it; gapped through, no better than where the bar began."""
    position = slot.position
    level = stop_level(position)
    if level <= 0.0:
        return
    long = position.side > 0
    if ((bar.low if long else bar.high) - level) * position.side > 0.0:
        if position.trail > 0.0 and both_ways(slot, bar):
            slot.unsure = 1
        return
    price = position.average if position.within == 1 else bar.open
    if (price - level) * position.side > 0.0:
        price = level
        if target_reached(position, bar.high if long else bar.low):
            slot.unsure = 1
    close_at(account, slot, setting, bar, price, stop_tag(position, level))


@kernel
def _target(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Close the position where this bar reaches its target; gapped through at the open, which is better."""
    position = slot.position
    if position.within == 1 or not target_reached(position, bar.high if position.side > 0 else bar.low):
        return
    price = bar.open if target_reached(position, bar.open) else position.target
    close_at(account, slot, setting, bar, price, r.TARGET)
