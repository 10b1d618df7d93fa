"""What a strategy can say: each helper writes into the `orders` that `on_bar` was given.

Prices are quote units, sizes lots, sides +1 and -1. Nothing is sent from here: the engine checks the risk rules
first, and a market order fills at the open of the next bar.
"""

from __future__ import annotations

from algobot.kernel.jit import kernel
from algobot.kernel.records import (
    ALL_OR_NONE,
    ASKS,
    BY_RISK,
    CANCEL,
    GOOD,
    GOOD_TILL,
    HOLD_SIDE,
    IMMEDIATE,
    LIMIT,
    LOTS,
    MARKET,
    OF_EQUITY,
    QUANTITY,
    REBALANCE,
    STOP,
    STOP_LIMIT,
    TAKE_PROFIT,
    TRAILING,
    Rec,
)


@kernel
def target(orders: Rec, exposure: float) -> None:
    """Be long (1), short (-1) or flat (0), or a part of it; a position on the right side is left as it is.

    1 is the bot's `position_fraction` of its equity. Where shorts are not allowed, short means flat.
    """
    orders.exposure = exposure
    orders.wish = HOLD_SIDE


@kernel
def rebalance(orders: Rec, exposure: float) -> None:
    """Hold exactly this exposure: like `target`, but a position on the right side is resized too."""
    orders.exposure = exposure
    orders.wish = REBALANCE


@kernel
def protect(orders: Rec, stop: float, profit: float, trail: float) -> None:
    """Close the position at the price `stop` or `profit`, or `trail` below its best price; 0 is none of it.

    Said while flat it waits for the position that this bar's orders open. If one bar touches both, the stop counts.
    """
    orders.protects = 1
    orders.stop = stop
    orders.target = profit
    orders.trail = trail


@kernel
def because(
    orders: Rec,
    reason: int,
    a: float = 0.0,
    b: float = 0.0,
    c: float = 0.0,
    d: float = 0.0,
    e: float = 0.0,
    f: float = 0.0,
) -> None:
    """Say why, as a code of the strategy's `REASONS`; the numbers fill its blanks in their order."""
    orders.reason = reason
    orders.values[0] = a
    orders.values[1] = b
    orders.values[2] = c
    orders.values[3] = d
    orders.values[4] = e
    orders.values[5] = f


@kernel
def bracket(orders: Rec, stop_distance: float, target_distance: float, target_fraction: float = 0.0) -> None:
    """Protect the position that this bar's orders open, counted from its entry price; 0 is none of it.

    The stop lies `stop_distance` beyond it, the target `target_distance` plus `target_fraction` of the entry price.
    Said while in a position it says nothing about that one.
    """
    orders.brackets = 1
    orders.stop_distance = stop_distance
    orders.target_distance = target_distance
    orders.target_fraction = target_fraction


@kernel
def ratchet(orders: Rec, stop: float) -> None:
    """Move the stop of the position to the price `stop` if that is nearer to the market than it was."""
    orders.ratchet = stop


@kernel
def weigh(orders: Rec, score: float) -> None:
    """Weigh the size of what opens on this bar: 1 is the full size, 0 opens nothing."""
    orders.score = score


@kernel
def market(orders: Rec, side: int, lots: int, tag: int) -> None:
    """Trade `lots` at the next open."""
    _ask(orders, MARKET, side, lots, 0.0, 0.0, tag)


@kernel
def limit(orders: Rec, side: int, lots: int, price: float, tag: int) -> None:
    """Trade `lots` at `price` or better; it rests until filled or canceled."""
    _ask(orders, LIMIT, side, lots, price, 0.0, tag)


@kernel
def stop(orders: Rec, side: int, lots: int, price: float, tag: int) -> None:
    """Trade `lots` at market once the price has reached `price`, worse than now; it rests until then."""
    _ask(orders, STOP, side, lots, 0.0, price, tag)


@kernel
def stop_limit(orders: Rec, side: int, lots: int, trigger: float, price: float, tag: int) -> None:
    """Place a limit order at `price` once the price has reached `trigger`, worse than now."""
    _ask(orders, STOP_LIMIT, side, lots, price, trigger, tag)


@kernel
def take_profit(orders: Rec, side: int, lots: int, price: float, tag: int) -> None:
    """Trade `lots` at market once the price has reached `price`, better than now."""
    _ask(orders, TAKE_PROFIT, side, lots, 0.0, price, tag)


@kernel
def trailing(orders: Rec, side: int, lots: int, distance: float, tag: int) -> None:
    """Trade `lots` at market once the price has turned by `distance` from its best since now."""
    _ask(orders, TRAILING, side, lots, 0.0, 0.0, tag)
    if orders.unheard == 0:
        orders.asks[orders.asked - 1].trail = distance


@kernel
def cancel(orders: Rec, tag: int) -> None:
    """Cancel the resting orders with this tag; 0 cancels all."""
    _ask(orders, CANCEL, 0, 0, 0.0, 0.0, tag)


@kernel
def replace(orders: Rec, kind: int, side: int, lots: int, price: float, trigger: float, tag: int) -> None:
    """Cancel the resting orders with this tag and ask for this one instead: both, or where there is no room neither.

    `kind` is one of the record's codes (`LIMIT`, `STOP`, `STOP_LIMIT` …); the price it does not have is 0. What makes
    the last order reduce only, expire and so on holds for the new one.
    """
    if orders.asked + 2 > ASKS:
        orders.unheard += 2
        return
    _ask(orders, CANCEL, 0, 0, 0.0, 0.0, tag)
    _ask(orders, kind, side, lots, price, trigger, tag)


@kernel
def reduce_only(orders: Rec) -> None:
    """Let the order asked for last only make the position smaller."""
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].reduce_only = 1


@kernel
def immediate(orders: Rec) -> None:
    """Let the order asked for last fill on the next bar, as much as can be, the rest canceled."""
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].force = IMMEDIATE


@kernel
def all_or_none(orders: Rec) -> None:
    """Let the order asked for last fill whole on the next bar or not at all (fill or kill)."""
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].force = ALL_OR_NONE


@kernel
def good_till(orders: Rec, expires_ns: int) -> None:
    """Let the order asked for last rest until this time (UTC nanoseconds) at the longest."""
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].force = GOOD_TILL
        orders.asks[orders.asked - 1].expires_ns = expires_ns


@kernel
def post_only(orders: Rec) -> None:
    """Let the limit order asked for last be canceled rather than take: it only ever pays the maker fee."""
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].post_only = 1


@kernel
def one_cancels_other(orders: Rec, count: int) -> None:
    """Tie the last `count` orders asked for: once one of them fills, the others are canceled."""
    first = max(orders.asked + orders.unheard - count, 0)
    for i in range(first, orders.asked):
        orders.asks[i].group = first + 1  # within this bar; the engine makes it unique


@kernel
def in_base(orders: Rec, quantity: float) -> None:
    """Size the order asked for last in base units instead of lots, rounded down to whole lots."""
    _size(orders, QUANTITY, quantity)


@kernel
def of_equity(orders: Rec, fraction: float) -> None:
    """Size the order asked for last by its value, as a fraction of the account's equity."""
    _size(orders, OF_EQUITY, fraction)


@kernel
def by_risk(orders: Rec) -> None:
    """Size the order asked for last as an entry is sized: by the bot's own rules, weighed by the score."""
    _size(orders, BY_RISK, 0.0)


@kernel
def rests_near(orders: Rec, side: int, price: float, tolerance: float) -> bool:
    """Whether an order of this side rests within `tolerance` of `price`, bounds included."""
    for i in range(orders.waits):
        order = orders.waiting[i]
        if order.side == side and abs(order.price - price) <= tolerance:
            return True
    return False


@kernel
def _size(orders: Rec, sizing: int, amount: float) -> None:
    if orders.asked > 0 and orders.unheard == 0:
        orders.asks[orders.asked - 1].sizing = sizing
        orders.asks[orders.asked - 1].amount = amount


@kernel
def _ask(orders: Rec, kind: int, side: int, lots: int, price: float, trigger: float, tag: int) -> None:
    """Add an order; past `ASKS` of them in one bar the rest are not heard, which the journal says."""
    if orders.asked >= ASKS:
        orders.unheard += 1
        return
    ask = orders.asks[orders.asked]
    ask.kind = kind
    ask.side = side
    ask.lots = lots
    ask.amount = 0.0
    ask.sizing = LOTS
    ask.price = price
    ask.trigger = trigger
    ask.trail = 0.0
    ask.tag = tag
    ask.force = GOOD
    ask.expires_ns = 0
    ask.post_only = 0
    ask.reduce_only = 0
    ask.group = 0
    ask.since_ns = 0
    ask.serial = 0
    ask.triggered = 0
    ask.age = 0
    orders.asked += 1
