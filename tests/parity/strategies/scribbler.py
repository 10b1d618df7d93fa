"""Asks for anything at random, so that every path of the engine is walked; its dice are part of its state."""

from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.jit import kernel
from algobot.kernel.orders import (
    because,
    cancel,
    immediate,
    limit,
    market,
    protect,
    rebalance,
    reduce_only,
    stop,
    target,
)
from algobot.kernel.records import int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """Which dice, and how large the orders are."""

    seed: Annotated[int, Between(0, 1_000_000)] = 1
    lots: Annotated[int, Between(1, 1_000_000_000)] = 1000
    calm: Annotated[int, Between(1, 100)] = 2


STATE = record(atr=ATR, dice=int64)
REASONS = {1: "the dice said {dice:.0f}"}
TAGS = {16: "scribble"}
SCRIBBLE = 16


@kernel
def roll(state, sides):
    """Return 0 to `sides` - 1 from a linear congruential generator."""
    state.dice = (state.dice * 1103515245 + 12345) % 2147483648
    return (state.dice // 65536) % sides


@kernel
def on_bar(state, bar, position, params, orders):
    """Do something, or nothing."""
    if state.dice == 0:
        state.dice = params.seed + 1
    reach = atr(state.atr, bar, 5)
    if not reach > 0.0 or roll(state, params.calm) > 0:
        return
    dice = roll(state, 12)
    because(orders, 1, dice)
    side = 1 - 2 * roll(state, 2)
    lots = 1 + roll(state, 7) * params.lots
    away = reach * (roll(state, 5) - 1) * 0.5
    if dice == 0:
        market(orders, side, lots, SCRIBBLE)
    elif dice == 1:
        limit(orders, side, lots, bar.close - side * away, SCRIBBLE)
    elif dice == 2:
        stop(orders, side, lots, bar.close + side * away, SCRIBBLE + 1)
    elif dice == 3:
        cancel(orders, SCRIBBLE * roll(state, 2))
    elif dice == 4:
        target(orders, 1.0)
        protect(orders, bar.close - reach, bar.close + 2.0 * reach, 0.0)
    elif dice == 5:
        target(orders, -1.0)
        protect(orders, bar.close + reach, bar.close - reach, 1.5 * reach)
    elif dice == 6:
        target(orders, 0.0)
    elif dice == 7:
        rebalance(orders, (roll(state, 9) - 4) * 0.25)
    elif dice == 8:
        protect(orders, 0.0, 0.0, reach)
    elif dice == 9:
        limit(orders, -position.side, lots, bar.close + position.side * away, SCRIBBLE)
        reduce_only(orders)
    elif dice == 10:
        limit(orders, side, lots, bar.close + side * away, SCRIBBLE)
        immediate(orders)
        stop(orders, -side, lots, bar.close - side * reach, SCRIBBLE)
        reduce_only(orders)
    else:
        for _ in range(10):  # more than one bar may ask for
            limit(orders, side, lots, bar.close - side * 3.0 * reach, SCRIBBLE)
