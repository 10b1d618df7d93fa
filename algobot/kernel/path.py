# mypy: disable-error-code="no-any-return"
"""How one bar fills what waits if the price went one certain way: from the open to one extreme, the other, the close.

OHLC takes the shorter of the two ways: a bar that rose went to its low first, one that fell to its high. ADAPTIVE goes
to the extreme nearer to the open first. Along the way each order and each protective price is met in its turn, and what
is opened on the way has its protection from there on; what trails follows the best price so far.
"""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.filling import close_at
from algobot.kernel.jit import kernel
from algobot.kernel.protection import follow, stop_level, stop_reached, stop_tag, target_reached
from algobot.kernel.records import Rec
from algobot.kernel.resting import trail_to
from algobot.kernel.touching import both_ways, is_limit, is_reached, level_of, takes_part, touch, unsure_entry

_NOTHING, _STOP, _TARGET = -1, -2, -3  # beside the places of orders


@kernel
def walk(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Fill what the price meets on its way through the bar."""
    if both_ways(slot, bar):
        slot.unsure = 1
    if high_first(setting.path, bar):
        first = bar.high
        second = bar.low
    else:
        first = bar.low
        second = bar.high
    if _leg(account, slot, setting, bar, bar.open, first) and _leg(account, slot, setting, bar, first, second):
        _leg(account, slot, setting, bar, second, bar.close)


@kernel
def high_first(path: int, bar: Rec) -> bool:
    """Whether the bar is taken to have reached its high before its low."""
    if path == r.OHLC:
        return bar.close < bar.open
    return bar.high - bar.open < bar.open - bar.low


@kernel
def _leg(
    account: Rec,
    slot: Rec,
    setting: Rec,
    bar: Rec,
    start: float,
    end: float,
) -> bool:
    """Go straight from one price to another; return whether to go on."""
    way = 1 if end > start else -1
    position = slot.position
    at = start
    while True:
        place, at = _next(slot, bar, at, end, way)
        if place == _NOTHING:
            break
        if place >= 0:
            entries = position.entries
            order = slot.orders.waiting[place]
            touch(account, slot, setting, bar, order, at, 1, bar.close_ns)
            if position.entries != entries and unsure_entry(position, bar):
                slot.unsure = 1
            continue
        tag = r.TARGET
        if place == _STOP:
            tag = stop_tag(position, stop_level(position))
        if not close_at(account, slot, setting, bar, at, tag):
            return False
    if position.side == way:
        follow(position, end, end)
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.kind == r.TRAILING and order.since_ns <= bar.open_ns:
            trail_to(order, end)
    return True


@kernel
def _next(slot: Rec, bar: Rec, at: float, end: float, way: int) -> tuple[int, float]:
    """Return what the price meets first between `at` and `end`, and where; of two at one price the stop."""
    place = _NOTHING
    where = end
    nearest = (end - at) * way
    stops = False
    position = slot.position
    side = position.side
    if side != 0:
        if stop_reached(position, at):
            return _STOP, at
        if way == -side and stop_reached(position, end):
            place = _STOP
            where = stop_level(position)
            nearest = (where - at) * way
            stops = True
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if not takes_part(order, bar) or (not is_reached(order, end) and not is_reached(order, at)):
            continue
        limit = is_limit(order)
        level = at if is_reached(order, at) else level_of(order)
        distance = (level - at) * way
        if place == _NOTHING or distance < nearest or (distance == nearest and not limit and not stops):
            place = i
            where = level
            nearest = distance
            stops = not limit
    if side != 0 and target_reached(position, at if target_reached(position, at) else end):
        level = at if target_reached(position, at) else position.target
        if place == _NOTHING or (level - at) * way < nearest:
            place = _TARGET
            where = level
    return place, where
