"""What a strategy can say: each helper writes into the `orders` that `on_bar` was given.

Prices are quote units, sizes lots, sides +1 and -1. Nothing is sent from here: the engine checks the risk rules
first, and a market order fills at the open of the next bar.
"""

from __future__ import annotations

from algobot.kernel.jit import kernel
from algobot.kernel.records import ASKS, CANCEL, HOLD_SIDE, LIMIT, MARKET, REBALANCE, STOP, Rec


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
    orders: Rec, reason: int, a: float = 0.0, b: float = 0.0, c: float = 0.0, d: float = 0.0, e: float = 0.0
) -> None:
    """Say why, as a code of the strategy's `REASONS`; the numbers fill its blanks in their order."""
    orders.reason = reason
    orders.values[0] = a
    orders.values[1] = b
    orders.values[2] = c
    orders.values[3] = d
    orders.values[4] = e


@kernel
def market(orders: Rec, side: int, lots: int, tag: int) -> None:
    """Trade `lots` at the next open."""
    _ask(orders, MARKET, side, lots, 0.0, tag)


@kernel
def limit(orders: Rec, side: int, lots: int, price: float, tag: int) -> None:
    """Trade `lots` at `price` or better; it rests until filled or canceled."""
    _ask(orders, LIMIT, side, lots, price, tag)


@kernel
def stop(orders: Rec, side: int, lots: int, price: float, tag: int) -> None:
    """Trade `lots` at market once the price has reached `price`; it rests until then."""
    _ask(orders, STOP, side, lots, price, tag)


@kernel
def cancel(orders: Rec, tag: int) -> None:
    """Cancel the resting orders with this tag; 0 cancels all."""
    _ask(orders, CANCEL, 0, 0, 0.0, tag)


@kernel
def reduce_only(orders: Rec) -> None:
    """Let the order asked for last only make the position smaller."""
    if orders.asked > 0:
        orders.asks[orders.asked - 1].reduce_only = 1


@kernel
def immediate(orders: Rec) -> None:
    """Let the order asked for last fill on the next bar or be canceled (immediate or cancel)."""
    if orders.asked > 0:
        orders.asks[orders.asked - 1].ioc = 1


@kernel
def _ask(orders: Rec, kind: int, side: int, lots: int, price: float, tag: int) -> None:
    """Add an order; past `ASKS` of them in one bar the rest are not heard."""
    if orders.asked >= ASKS:
        return
    ask = orders.asks[orders.asked]
    ask.kind = kind
    ask.side = side
    ask.lots = lots
    ask.price = price
    ask.tag = tag
    ask.ioc = 0
    ask.reduce_only = 0
    ask.age = 0
    orders.asked += 1
