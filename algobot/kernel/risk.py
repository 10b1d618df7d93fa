# mypy: disable-error-code="no-any-return"
"""The rules between a wish and an order: they cut what opens, never what closes."""

from __future__ import annotations

import math
from typing import Final

from algobot.kernel import records as r
from algobot.kernel.jit import kernel
from algobot.kernel.ledger import closing_lots
from algobot.kernel.records import Rec

NONE, NOT_OPENING, DRAWDOWN, DAILY_LOSS, NO_SHORTS, POSITION_CAP, ORDER_CAP, CASH, TOO_SMALL = range(9)
REFUSALS: Final = (
    "",
    "opens nothing now",
    "drawdown limit reached",
    "daily loss limit reached",
    "shorts are not allowed",
    "position limit reached",
    "order limit reached",
    "not enough cash",
    "less than one lot",
)
_MOST: Final = 2.0**53  # lots: every whole number up to here is exact in float64


@kernel
def whole_lots(notional: float, price: float, lot: float) -> int:
    """Return the lots that `notional` buys at `price`, rounded down; 0 where the numbers make no sense."""
    one = price * lot
    if not (notional > 0.0 and one > 0.0):
        return 0
    return math.floor(min(notional / one, _MOST))


@kernel
def entries_blocked(account: Rec, setting: Rec) -> int:
    """Return why nothing may be opened now, or NONE."""
    if account.may_open == 0:
        return NOT_OPENING
    drawdown = setting.max_drawdown_fraction
    if drawdown > 0.0 and account.equity <= account.peak * (1.0 - drawdown):
        return DRAWDOWN
    loss = setting.max_daily_loss_fraction
    if loss > 0.0 and account.equity <= account.day_start * (1.0 - loss):
        return DAILY_LOSS
    return NONE


@kernel
def affordable_lots(account: Rec, setting: Rec, price: float) -> int:
    """Return the lots that cash can buy at `price`, fee and slippage included."""
    cost = price * (1.0 + setting.taker_fee + setting.slippage)
    return whole_lots(account.cash, cost, setting.lot)


@kernel
def allowed_lots(account: Rec, slot: Rec, setting: Rec, held: int, side: int, lots: int, price: float) -> int:
    """Return how many of `lots` may be traded from a position of `held` lots; the reason for a cut is in the slot."""
    closing = closing_lots(held, side, lots)
    opening = lots - closing
    if opening <= 0:
        return closing
    why = entries_blocked(account, setting)
    if why == NONE and side < 0 and setting.allow_short == 0:
        why = NO_SHORTS
    if why != NONE:
        slot.refusal = why
        return closing
    after = 0 if closing > 0 else abs(held)
    if setting.max_position_fraction > 0.0:
        room = whole_lots(account.equity * setting.max_position_fraction, price, setting.lot) - after
        if room < opening:
            opening = max(room, 0)
            slot.refusal = POSITION_CAP
    if setting.max_order_notional > 0.0:
        room = whole_lots(setting.max_order_notional, price, setting.lot)
        if room < opening:
            opening = room
            slot.refusal = ORDER_CAP
    if side > 0 and closing == 0:
        room = affordable_lots(account, setting, price)
        if room < opening:
            opening = room
            slot.refusal = CASH
    return closing + opening


@kernel
def entry_lots(account: Rec, slot: Rec, setting: Rec, side: int, exposure: float, price: float) -> int:
    """Return the lots of an entry at `price`: the bot's share of its equity, or what its stop may lose if that is less.

    `exposure` is 1 for a whole entry; the strategy's score weighs what is risked.
    """
    orders = slot.orders
    notional = account.equity * setting.position_fraction * exposure
    risk = setting.risk_per_trade_fraction
    if risk <= 0.0:
        return whole_lots(notional * orders.score, price, setting.lot)
    distance = stop_distance(slot, side, price)
    if not distance > 0.0:
        return 0
    wanted = account.equity * risk * orders.score * exposure / distance * price
    return whole_lots(min(wanted, notional), price, setting.lot)


@kernel
def stop_distance(slot: Rec, side: int, price: float) -> float:
    """Return how far the planned stop of an entry at `price` is from it, 0.0 without one."""
    if slot.plan_stop_distance > 0.0:
        return slot.plan_stop_distance
    if slot.plan_stop > 0.0:
        return (price - slot.plan_stop) * side
    return slot.plan_trail


@kernel
def sized(account: Rec, slot: Rec, setting: Rec, ask: Rec, price: float) -> int:
    """Return the lots of what was asked for, in whatever way it was said."""
    if ask.sizing == r.QUANTITY:
        return math.floor(min(ask.amount / setting.lot * (1.0 + 1e-12), _MOST))
    if ask.sizing == r.OF_EQUITY:
        return whole_lots(account.equity * ask.amount, price, setting.lot)
    if ask.sizing == r.BY_RISK:
        return entry_lots(account, slot, setting, ask.side, 1.0, price)
    return ask.lots


@kernel
def to_tick(price: float, tick: float, up: bool) -> float:  # noqa: FBT001 - a kernel takes no keywords
    """Return `price` on a tick, the next above or below."""
    ticks = price / tick
    return (math.ceil(ticks - 1e-9) if up else math.floor(ticks + 1e-9)) * tick
