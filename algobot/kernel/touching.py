# mypy: disable-error-code="no-any-return"
"""Where an order that waits is, and what it does when the price is there."""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.costs import slip, slipped
from algobot.kernel.filling import fill_order
from algobot.kernel.jit import kernel
from algobot.kernel.journal import WOULD_TAKE, drop, note
from algobot.kernel.protection import stop_reached, target_reached
from algobot.kernel.records import Rec
from algobot.kernel.risk import NONE


@kernel
def takes_part(order: Rec, bar: Rec) -> bool:
    """Whether an order is at the venue in all of this bar, and may still be touched in it."""
    return order.kind != r.EMPTY and order.kind != r.MARKET and order.since_ns <= bar.open_ns


@kernel
def is_limit(order: Rec) -> bool:
    """Whether it waits for a better price than now, and not for a worse one."""
    return order.kind == r.LIMIT or order.kind == r.TAKE_PROFIT


@kernel
def level_of(order: Rec) -> float:
    """Return the price it waits for."""
    return order.price if order.kind == r.LIMIT else order.trigger


@kernel
def is_reached(order: Rec, price: float) -> bool:
    """Whether `price` is at or beyond what it waits for."""
    beyond = (price - level_of(order)) * order.side
    return beyond <= 0.0 if is_limit(order) else beyond >= 0.0


@kernel
def in_range(order: Rec, bar: Rec) -> bool:
    """Whether the bar's range reaches what it waits for."""
    return is_reached(order, bar.low if (order.side > 0) == is_limit(order) else bar.high)


@kernel
def touch(
    account: Rec,
    slot: Rec,
    setting: Rec,
    bar: Rec,
    order: Rec,
    price: float,
    rested: int,
    ts_ns: int,
) -> None:
    """Do what an order does when the price is `price`: a limit fills, a stop fills or becomes a limit order.

    A limit order that has not rested takes; if it must not, it is refused.
    """
    side = order.side
    if order.kind == r.LIMIT:
        if rested == 0 and order.post_only == 1:
            drop(account, order, r.REFUSED, WOULD_TAKE, ts_ns)
            return
        fill_order(account, slot, setting, bar, order, price, rested, ts_ns)
        return
    lots = min(order.lots, max(slot.room, 1)) if setting.participation_fraction > 0.0 else order.lots
    at = slipped(price, side, slip(setting, bar, lots))
    if order.kind == r.STOP_LIMIT:
        note(account, order, r.TRIGGERED, NONE, order.lots, order.price, ts_ns)
        order.kind = r.LIMIT
        order.triggered = 1
        if (order.price - price) * side < 0.0:
            return
        if order.post_only == 1:
            drop(account, order, r.REFUSED, WOULD_TAKE, ts_ns)
            return
        at = min(at, order.price) if side > 0 else max(at, order.price)
    fill_order(account, slot, setting, bar, order, at, 0, ts_ns)


@kernel
def both_ways(slot: Rec, bar: Rec) -> bool:
    """Whether the bar reaches something above its open and something below it: its path decides which came first."""
    above = False
    below = False
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if takes_part(order, bar) and in_range(order, bar):
            if (order.side > 0) == is_limit(order):
                below = True
            else:
                above = True
    position = slot.position
    if position.lots != 0:
        long = position.side > 0
        worst = bar.low if long else bar.high
        best = bar.high if long else bar.low
        stopped = stop_reached(position, worst) and not stop_reached(position, bar.open)
        gained = target_reached(position, best) and not target_reached(position, bar.open)
        if stopped if long else gained:
            below = True
        if gained if long else stopped:
            above = True
        if position.trail > 0.0 and not stopped and (worst - best) * position.side + position.trail <= 0.0:
            return True  # it trails behind the best price if that came first
    return above and below


@kernel
def unsure_entry(position: Rec, bar: Rec) -> bool:
    """Whether nobody knows if a position opened within the bar reached its target or stop after that."""
    long = position.side > 0
    if target_reached(position, bar.high if long else bar.low):
        return True
    against = (position.average - bar.open) * position.side > 0.0  # the price came from where its stop is
    return against and stop_reached(position, bar.low if long else bar.high)
