# mypy: disable-error-code="no-any-return"
"""The rules between a wish and an order: they cut what opens, never what closes.

An entry is the bot's `position_fraction` of its equity; with `risk_per_trade_fraction` it is what the distance to its
stop lets it lose, and the former is the most. Falling from the peak of equity, and losing several times in a row, makes
that smaller in steps; falling further, losing too much in a day, too many positions, too much at risk at once, or a
recent loss in the same symbol lets nothing open at all.
"""

from __future__ import annotations

import math
from typing import Final

from algobot.kernel import records as r
from algobot.kernel.jit import kernel
from algobot.kernel.ledger import MOST_LOTS, closing_lots, sign, whole_lots
from algobot.kernel.records import Rec

NONE, NOT_OPENING, DRAWDOWN, DAILY_LOSS, NO_SHORTS, POSITION_CAP, ORDER_CAP, CASH, TOO_SMALL = range(9)
POSITIONS, HEAT, COOLING, NO_STOP = range(9, 13)
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
    "as many positions as allowed",
    "as much at risk as allowed",
    "cooling down after a loss",
    "no stop to size the risk by",
)


@kernel
def entries_blocked(account: Rec, slot: Rec, setting: Rec) -> int:
    """Return why nothing may be opened now, or NONE."""
    if account.may_open == 0:
        return NOT_OPENING
    drawdown = setting.max_drawdown_fraction
    if drawdown > 0.0 and account.equity <= account.peak * (1.0 - drawdown):
        return DRAWDOWN
    loss = setting.max_daily_loss_fraction
    if loss > 0.0 and account.equity <= account.day_start * (1.0 - loss):
        return DAILY_LOSS
    if slot.cooling > 0:
        return COOLING
    if setting.max_positions > 0 and slot.committed == 0 and account.committed >= setting.max_positions:
        return POSITIONS
    return NONE


@kernel
def multiplier(account: Rec, setting: Rec) -> float:
    """Return what drawdown and losses in a row leave of a full size, 0 to 1."""
    left = 1.0
    critical, warning = setting.critical_drawdown_fraction, setting.warning_drawdown_fraction
    if critical > 0.0 and account.equity <= account.peak * (1.0 - critical):
        left = setting.critical_multiplier
    elif warning > 0.0 and account.equity <= account.peak * (1.0 - warning):
        left = setting.warning_multiplier
    if setting.max_losses > 0 and account.losses >= setting.max_losses:
        left *= setting.losses_multiplier
    return left


@kernel
def clear_commitments(account: Rec) -> None:
    """Begin to count which symbols have a position or orders that may open one."""
    account.committed = 0
    account.planned = 0.0


@kernel
def count_commitment(account: Rec, slot: Rec, setting: Rec) -> None:
    """Count one symbol, and what its entries on their way may lose."""
    slot.committed = 0
    slot.planned = 0.0
    if slot.position.lots != 0 or slot.pending != 0 or slot.orders.waits > 0:
        slot.committed = 1
        account.committed += 1
        if setting.max_heat_fraction > 0.0:
            slot.planned = _risk_on_its_way(slot, setting)
            account.planned += slot.planned


@kernel
def _risk_on_its_way(slot: Rec, setting: Rec) -> float:
    """Return what the stops of the entries that rest, or are on their way as market orders, may lose."""
    held = slot.position.lots
    risk = 0.0
    if slot.pending * held >= 0:
        distance = stop_distance(slot, sign(slot.pending), slot.mark)
        risk = abs(slot.pending) * setting.lot * max(distance, 0.0)
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.kind != r.MARKET and order.reduce_only == 0 and held * order.side >= 0:
            at = order.price if order.price > 0.0 else order.trigger
            risk += order.lots * setting.lot * max(stop_distance(slot, order.side, at), 0.0)
    return risk


@kernel
def _commit(account: Rec, slot: Rec, risk: float) -> None:
    """Count an entry that was just allowed."""
    if slot.committed == 0:
        slot.committed = 1
        account.committed += 1
    slot.planned += risk
    account.planned += risk


@kernel
def affordable_lots(account: Rec, setting: Rec, price: float) -> int:
    """Return the lots that cash, or free margin, carries at `price`, fee and fixed slippage included."""
    if setting.leverage > 0.0:
        free = (account.cash + account.worth - account.margin) * setting.leverage
        return whole_lots(free / (1.0 + (setting.taker_fee + setting.slippage) * setting.leverage), price, setting.lot)
    cost = price * (1.0 + setting.taker_fee + setting.slippage)
    return whole_lots(account.cash, cost, setting.lot)


@kernel
def allowed_lots(account: Rec, slot: Rec, setting: Rec, held: int, side: int, lots: int, price: float) -> int:
    """Return how many of `lots` may be traded from a position of `held` lots; the reason for a cut is in the slot."""
    closing = closing_lots(held, side, lots)
    opening = lots - closing
    if opening <= 0:
        return closing
    why = entries_blocked(account, slot, setting)
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
    if closing == 0 and (side > 0 or setting.leverage > 0.0):
        room = affordable_lots(account, setting, price)
        if room < opening:
            opening = room
            slot.refusal = CASH
    distance = stop_distance(slot, side, price)
    if setting.max_heat_fraction > 0.0 and distance > 0.0:
        spare = account.equity * setting.max_heat_fraction - account.heat - account.planned
        room = whole_lots(spare, distance, setting.lot)
        if room < opening:
            opening = room
            slot.refusal = HEAT
    if opening > 0:
        _commit(account, slot, opening * setting.lot * max(distance, 0.0))
    return closing + opening


@kernel
def entry_lots(account: Rec, slot: Rec, setting: Rec, side: int, exposure: float, price: float) -> int:
    """Return the lots of an entry at `price`; `exposure` is 1 for a whole one, the strategy's score weighs it.

    Sized by risk, score and multipliers weigh what may be lost; else the value.
    """
    orders = slot.orders
    most = account.equity * setting.position_fraction * exposure
    left = multiplier(account, setting) * orders.score
    risk = setting.risk_per_trade_fraction
    if risk <= 0.0:
        return whole_lots(most * left, price, setting.lot)
    distance = stop_distance(slot, side, price)
    if not distance > 0.0:
        slot.refusal = NO_STOP
        return 0
    wanted = account.equity * risk * left * exposure / distance * price
    return whole_lots(min(wanted, most), price, setting.lot)


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
        return math.floor(min(ask.amount / setting.lot * (1.0 + 1e-12), MOST_LOTS))
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
