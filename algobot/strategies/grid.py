"""Rest buys at even steps below an anchor; sell each a step higher than it was bought; begin anew when price has left.

Level i of `levels` lies at anchor / (1 + step_fraction)^i. Each level is bought for an equal part of `capital_fraction`
of equity (as it was when the anchor was set) and sold at the level above it; the topmost sells at the anchor. A sold
level is bought again. The hard stop lies `stop_fraction` below the lowest level and closes everything.

How many levels are held follows from the position alone: the upper ones are bought first and the lower ones sold first;
the first counts as held with any of it, each other from half of it on. What rests is looked up on every bar and what is
missing is placed: so the grid is right again after partial fills, refusals, restarts and a person's hand. With nothing
held and the price a step above the anchor, or below the first level (a stop, a person), it cancels what rests; on the
next bar it sets a new anchor at the close, after a stop only when `cooldown_bars` have passed. Buys are not post-only:
the price may have fallen through a level by the time its order arrives, and then it is to be bought. Sizes do not
depend on the bot's `position_fraction`.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, cancel, in_base, limit, protect, reduce_only
from algobot.kernel.records import OWN_TAGS, Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    levels: Annotated[int, Between(1, 10)] = 5  # buys below the anchor
    step_fraction: Annotated[float, Between(0.0005, 0.5)] = 0.01  # from one level to the next
    capital_fraction: Annotated[float, Between(0.001, 1)] = 0.5  # of equity, for all levels together
    stop_fraction: Annotated[float, Between(0, 0.9)] = 0.05  # below the lowest level; 0 is no stop
    cooldown_bars: Annotated[int, Between(0, 1_000_000)] = 24  # after the stop


TAGS = {OWN_TAGS + i: f"level {i}" for i in range(1, 11)}
STATE = record(
    anchor=float64,  # 0 while there is none
    notional=float64,  # of each level, quote units
    cooling=int64,  # bars
    closes=int64,
)

CLEARING, COOLING, ANCHORED, EMPTY, HOLDING, ALL_HELD = range(1, 7)
REASONS = {
    CLEARING: "nothing held and price {close:.6g} left the grid around {anchor:.6g}: cancels it to begin anew",
    COOLING: "stopped: waits {bars:.0f} more bars before a new grid",
    ANCHORED: "new grid around {anchor:.6g}: {levels:.0f} buys from {first:.6g} down to {last:.6g}, stop {stop:.6g}",
    EMPTY: "nothing held: buys at {buy:.6g}, begins anew above {top:.6g}",
    HOLDING: "{held:.0f} of {levels:.0f} levels held: buys at {buy:.6g}, sells at {sell:.6g}, stop {stop:.6g}",
    ALL_HELD: "all {held:.0f} levels held: sells at {sell:.6g}, stop {stop:.6g}",
}


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    deepest = 1.0 - 1.0 / (1.0 + params.step_fraction) ** params.levels
    if deepest > 0.9:
        return f"{params.levels} levels of step_fraction {params.step_fraction:g} reach {deepest:.0%} below the anchor"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Bring the resting orders in line with the levels that are held."""
    close = bar.close
    _notice_stop(state, bar, position, params)
    count = _held(state, position, params)
    flat = position.side == 0
    if state.anchor > 0.0 and flat and (close >= _level(state, params, -1) or close < _level(state, params, 1)):
        cancel(orders, 0)
        because(orders, CLEARING, close, state.anchor)
        state.anchor = 0.0
    elif state.anchor == 0.0 and state.cooling > 0:
        because(orders, COOLING, state.cooling)
    else:
        fresh = state.anchor == 0.0
        if fresh:
            state.anchor = close
            state.notional = params.capital_fraction * position.equity / params.levels
        _place(state, position, params, orders, count)
        protect(orders, _stop(state, params), 0.0, 0.0)
        _explain(state, params, orders, count, fresh)


@kernel
def _level(state: Rec, params: Rec, i: int) -> float:
    """Return the price of level `i`; 0 is the anchor, -1 a step above it."""
    price = float(state.anchor)
    if i < 0:
        price *= 1.0 + params.step_fraction
    for _ in range(i):  # not a power: compiled, its last bit is another than in plain Python
        price /= 1.0 + params.step_fraction
    return price


@kernel
def _stop(state: Rec, params: Rec) -> float:
    return _level(state, params, params.levels) * (1.0 - params.stop_fraction) if params.stop_fraction > 0.0 else 0.0


@kernel
def _notice_stop(state: Rec, bar: Rec, position: Rec, params: Rec) -> None:
    """Begin a pause if a position has ended on a bar that touched the stop."""
    state.cooling = max(state.cooling - 1, 0)
    ended = position.closes != state.closes
    state.closes = position.closes
    if ended and position.side == 0 and state.anchor > 0.0 and bar.low <= _stop(state, params):
        state.cooling = params.cooldown_bars


@kernel
def _held(state: Rec, position: Rec, params: Rec) -> int:
    """Return how many levels, from the top, the position amounts to."""
    left = position.quantity
    count = 0
    while count < params.levels and state.anchor > 0.0:
        size = state.notional / _level(state, params, count + 1)
        if left <= 0.0 or (count > 0 and left < 0.5 * size):
            break
        left -= size
        count += 1
    return count


@kernel
def _place(state: Rec, position: Rec, params: Rec, orders: Rec, count: int) -> None:
    """Place what does not rest yet: a sell for each level held, a buy for each of the others."""
    lower = 0.0  # the size of the levels held below the first
    for i in range(2, count + 1):
        lower += state.notional / _level(state, params, i)
    for i in range(1, params.levels + 1):
        side = -1 if i <= count else 1
        resting = _resting(orders, OWN_TAGS + i)
        if resting == side:
            continue
        if resting != 0:
            cancel(orders, OWN_TAGS + i)  # what is left of one that was filled in part
        size = state.notional / _level(state, params, i)
        if side > 0:
            limit(orders, 1, 0, _level(state, params, i), OWN_TAGS + i)
            in_base(orders, size)
        else:
            limit(orders, -1, 0, _level(state, params, i - 1), OWN_TAGS + i)
            in_base(orders, max(position.quantity - lower, 0.0) if i == 1 else size)
            reduce_only(orders)


@kernel
def _resting(orders: Rec, tag: int) -> int:
    """Return the side of the order that rests with this tag, or 0."""
    for i in range(orders.waits):
        if orders.waiting[i].tag == tag:
            return int(orders.waiting[i].side)
    return 0


@kernel
def _explain(state: Rec, params: Rec, orders: Rec, count: int, fresh: bool) -> None:  # noqa: FBT001 - a kernel
    buy = _level(state, params, count + 1)
    sell = _level(state, params, count - 1)
    stop = _stop(state, params)
    if fresh:
        last = _level(state, params, params.levels)
        because(orders, ANCHORED, state.anchor, params.levels, _level(state, params, 1), last, stop)
    elif count == 0:
        because(orders, EMPTY, buy, _level(state, params, -1))
    elif count < params.levels:
        because(orders, HOLDING, count, params.levels, buy, sell, stop)
    else:
        because(orders, ALL_HELD, count, sell, stop)
