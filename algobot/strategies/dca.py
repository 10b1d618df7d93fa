"""Buy for a fixed part of equity every so many bars, more on a dip if you like, and sell all at a profit on average.

Every `every_bars` bars it buys for `buy_fraction` of equity; a close `dip_fraction` below that of the last purchase
buys for `dip_buy_fraction` more, whatever the schedule says. It stops buying at `max_buys` purchases and where the
position would exceed `max_invested_fraction` of equity, and goes on after it has sold. It sells everything once the
price is `take_profit_fraction` above the average price paid, or `stop_fraction` below it; both follow the average, from
the close of the bar on which a purchase filled.

Its sizes are parts of the whole equity: the bot's `position_fraction` does not shrink them, its risk limits do.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, market, of_equity, protect
from algobot.kernel.records import OWN_TAGS, Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    every_bars: Annotated[int, Between(1, 1_000_000)] = 24  # bars from one planned purchase to the next
    buy_fraction: Annotated[float, Between(0.0001, 1)] = 0.02  # of equity
    dip_fraction: Annotated[float, Between(0, 1)] = 0.0  # below the last purchase's close; 0 never buys dips
    dip_buy_fraction: Annotated[float, Between(0, 1)] = 0.02  # of equity
    take_profit_fraction: Annotated[float, Between(0, 100)] = 0.1  # above the average price; 0 never sells
    stop_fraction: Annotated[float, Between(0, 1)] = 0.0  # below the average price; 0 is no stop
    max_buys: Annotated[int, Between(1, 1_000_000)] = 40  # until it sells
    max_invested_fraction: Annotated[float, Between(0, 1)] = 0.8  # of equity


PLANNED, DIP = OWN_TAGS, OWN_TAGS + 1
TAGS = {PLANNED: "planned", DIP: "dip"}
STATE = record(
    since=int64,  # bars since the last planned purchase was due
    asked=float64,  # the close at which it last asked for one
    held=float64,  # base units, on the bar before
    buys=int64,  # that came about, of the present position
    last=float64,  # the close of the last of them
)

BUYS, BUYS_DIP, FULL, ENOUGH, WAITING, EMPTY = range(1, 7)
REASONS = {
    BUYS: "planned purchase {number:.0f}, every {bars:.0f} bars",
    BUYS_DIP: "purchase {number:.0f} on a dip: close {close:.6g} is {fall:.2%} below the last at {last:.6g}",
    FULL: "no purchase: {invested:.1%} of equity is invested, at most {most:.1%}",
    ENOUGH: "no purchase: all {most:.0f} are made",
    WAITING: "average {average:.6g}, sells at {target:.6g}, stop {stop:.6g}; next purchase in {bars:.0f} bars",
    EMPTY: "nothing held; next purchase in {bars:.0f} bars",
}


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.buy_fraction > params.max_invested_fraction:
        return f"buy_fraction {params.buy_fraction:g} is above max_invested_fraction {params.max_invested_fraction:g}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Buy what is due, and keep the protection at the average price."""
    close = bar.close
    state.since += 1
    _count(state, position)
    _protect(close, position, params, orders)

    due = state.since >= params.every_bars
    if due:
        state.since = 0
    dipped = params.dip_fraction > 0.0 and state.last > 0.0 and close <= state.last * (1.0 - params.dip_fraction)
    if due:
        _buy(state, close, position, params, orders, params.buy_fraction, PLANNED)
    elif dipped:
        _buy(state, close, position, params, orders, params.dip_buy_fraction, DIP)
    elif position.side != 0:
        left = params.every_bars - state.since
        because(orders, WAITING, position.average, position.target, position.stop, left)
    else:
        because(orders, EMPTY, params.every_bars - state.since)


@kernel
def _count(state: Rec, position: Rec) -> None:
    """Count a purchase once it is in the position: one that was not allowed, or only rehearsed, is none."""
    if position.side == 0:
        state.buys = 0
        state.last = 0.0
    elif position.quantity > state.held:
        state.buys += 1
        state.last = state.asked
    state.held = position.quantity


@kernel
def _protect(close: float, position: Rec, params: Rec, orders: Rec) -> None:
    """Count target and stop from the average price, or from the entry price of what is bought first."""
    if position.side == 0:
        bracket(orders, params.stop_fraction * close, 0.0, params.take_profit_fraction)
        return
    average = position.average
    level = average * (1.0 - params.stop_fraction) if params.stop_fraction > 0.0 else 0.0
    goal = average * (1.0 + params.take_profit_fraction) if params.take_profit_fraction > 0.0 else 0.0
    protect(orders, level, goal, 0.0)


@kernel
def _buy(state: Rec, close: float, position: Rec, params: Rec, orders: Rec, fraction: float, tag: int) -> None:
    """Buy for `fraction` of equity if the caps allow, and say which purchase it is or why there is none."""
    invested = position.quantity * close / position.equity
    if state.buys >= params.max_buys:
        because(orders, ENOUGH, params.max_buys)
    elif invested + fraction > params.max_invested_fraction:
        because(orders, FULL, invested, params.max_invested_fraction)
    else:
        market(orders, 1, 0, tag)
        of_equity(orders, fraction)
        state.asked = close
        if tag == DIP:
            because(orders, BUYS_DIP, state.buys + 1, close, 1.0 - close / state.last, state.last)
        else:
            because(orders, BUYS, state.buys + 1, params.every_bars)
