"""Asks for anything at random, so that every path of the engine is walked; its dice are part of its state."""

from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.jit import kernel
from algobot.kernel.orders import (
    all_or_none,
    because,
    bracket,
    cancel,
    good_till,
    immediate,
    limit,
    market,
    of_equity,
    one_cancels_other,
    post_only,
    protect,
    rebalance,
    reduce_only,
    replace,
    stop,
    stop_limit,
    take_profit,
    target,
    trailing,
)
from algobot.kernel.records import LIMIT, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """Which dice, and how large the orders are."""

    seed: Annotated[int, Between(0, 1_000_000)] = 1
    lots: Annotated[int, Between(1, 1_000_000_000)] = 1000
    calm: Annotated[int, Between(1, 100)] = 2


STATE = record(atr=ATR, dice=int64)
REASONS = {1: "the dice said {dice:.0f}"}
TAGS = {16: "scribble", 18: "reduces", 19: "pair", 20: "whole", 21: "posted", 22: "brief"}
SCRIBBLE, REDUCES, PAIR, WHOLE, POSTED, BRIEF = 16, 18, 19, 20, 21, 22


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
    dice = roll(state, 20)
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
        limit(orders, -position.side, lots, bar.close + position.side * away, REDUCES)
        reduce_only(orders)
    elif dice == 10:
        limit(orders, side, lots, bar.close + side * away, SCRIBBLE)
        immediate(orders)
        stop(orders, -side, lots, bar.close - side * reach, REDUCES)
        reduce_only(orders)
    elif dice > 11:
        more(orders, bar, dice, side, lots, reach, away)
    else:
        for _ in range(10):  # more than one bar may ask for
            limit(orders, side, lots, bar.close - side * 3.0 * reach, SCRIBBLE)


@kernel
def more(orders, bar, dice, side, lots, reach, away):
    """Ask for the rarer kinds."""
    if dice == 12:
        stop_limit(orders, side, lots, bar.close + side * 0.3 * reach, bar.close + side * away, SCRIBBLE)
    elif dice == 13:
        take_profit(orders, side, lots, bar.close - side * 0.5 * reach, SCRIBBLE)
    elif dice == 14:
        trailing(orders, side, lots, reach, SCRIBBLE)
    elif dice == 15:
        limit(orders, side, lots, bar.close - side * 0.4 * reach, PAIR)
        stop(orders, side, lots, bar.close + side * 0.4 * reach, PAIR)
        one_cancels_other(orders, 2)
        bracket(orders, reach, 0.5 * reach)
    elif dice == 16:
        limit(orders, side, lots, bar.close + side * away, POSTED)
        post_only(orders)
    elif dice == 17:
        limit(orders, side, lots, bar.close + side * away, WHOLE)
        all_or_none(orders)
        market(orders, -side, lots, WHOLE)
        all_or_none(orders)
    elif dice == 18:
        limit(orders, side, lots, bar.close - side * 0.4 * reach, BRIEF)
        good_till(orders, bar.close_ns + 3 * (bar.close_ns - bar.open_ns))
        limit(orders, side, 0, bar.close - side * 0.4 * reach, SCRIBBLE)
        of_equity(orders, 0.05)
    else:
        replace(orders, LIMIT, side, lots, bar.close - side * reach, 0.0, SCRIBBLE)
