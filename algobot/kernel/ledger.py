# mypy: disable-error-code="no-any-return"
"""Cash and position after each fill: the sub-account of a bot.

The law: `cash + lots x lot x mark` changes by a fill only through its fee and the distance of its price to
the mark, and `cash == capital + realised - fees - lots x lot x average` at all times (up to rounding).
"""

from __future__ import annotations

import math
from typing import Final

from algobot.kernel.jit import kernel
from algobot.kernel.perpetual import appraise, liquidation_price
from algobot.kernel.records import Rec

MOST_LOTS: Final = 2.0**53  # lots: every whole number up to here is exact in float64


@kernel
def sign(lots: float) -> int:
    """Return -1, 0 or 1."""
    if lots > 0:
        return 1
    if lots < 0:
        return -1
    return 0


@kernel
def whole_lots(notional: float, price: float, lot: float) -> int:
    """Return the lots that `notional` buys at `price`, rounded down; 0 where the numbers make no sense."""
    one = price * lot
    if not (notional > 0.0 and one > 0.0):
        return 0
    return math.floor(min(notional / one, MOST_LOTS))


@kernel
def closing_lots(held: int, side: int, lots: int) -> int:
    """Return how many of `lots` make the position `held` smaller."""
    if held * side >= 0:
        return 0
    return min(lots, abs(held))


@kernel
def apply_fill(
    account: Rec, slot: Rec, setting: Rec, side: int, lots: int, price: float, fee: float, ts_ns: int
) -> float:
    """Book one fill and return what it realised, before fees.

    A position that opens takes over the protection that was planned for it; one that closes drops its own.
    """
    position = slot.position
    lot = setting.lot
    held = position.lots
    closing = closing_lots(held, side, lots)
    account.cash -= side * (lots * lot * price) + fee
    realised = 0.0
    if closing > 0:
        realised = closing * lot * (price - position.average) * position.side
    opening = lots - closing
    slot.won += realised - fee
    if closing > 0:
        _release(account, position, closing / abs(held))
    if closing > 0 and closing == abs(held):
        position.closes += 1
        account.held -= 1
        count_result(account, slot, setting)
    if opening > 0:
        if held * side > 0:
            position.average = (abs(held) * position.average + opening * price) / (abs(held) + opening)
        else:
            account.held += 1
            begin_position(slot, side, price, ts_ns)
        _take_on(account, slot, opening * lot, price)
    position.lots = held + side * lots
    position.side = sign(position.lots)
    position.quantity = position.lots * lot
    position.realised += realised
    position.fees += fee
    appraise(account, slot, setting, price)
    if position.lots == 0:
        forget(position)
    else:
        position.liquidation = liquidation_price(account, slot, setting)
    return realised


@kernel
def _take_on(account: Rec, slot: Rec, quantity: float, price: float) -> None:
    """Count what the stop of a purchase, or of what was sold short, may lose."""
    position = slot.position
    risk = quantity * abs(price - position.stop) if position.stop > 0.0 else 0.0
    position.risk += risk
    account.heat += risk


@kernel
def _release(account: Rec, position: Rec, share: float) -> None:
    """Let go of what a closed part of the position could have lost."""
    gone = position.risk if share >= 1.0 else position.risk * share
    position.risk -= gone
    account.heat -= gone


@kernel
def begin_position(slot: Rec, side: int, price: float, ts_ns: int) -> None:
    """Start a position with the protection that was planned for it."""
    position = slot.position
    position.average = price
    position.extreme = price
    position.opened_ns = ts_ns
    position.entries += 1
    position.stop = slot.plan_stop
    position.target = slot.plan_target
    position.trail = slot.plan_trail
    if slot.plan_stop_distance > 0.0:
        position.stop = max(price - side * slot.plan_stop_distance, 0.0)
    if slot.plan_target_distance > 0.0 or slot.plan_target_fraction > 0.0:
        goal = price * (1.0 + side * slot.plan_target_fraction) + side * slot.plan_target_distance
        position.target = max(goal, 0.0)


@kernel
def count_result(account: Rec, slot: Rec, setting: Rec) -> None:
    """Count a closed position as won or lost; after a loss its symbol cools down."""
    if slot.won > 0.0:
        account.losses = 0
    else:
        account.losses += 1
        slot.cooling = setting.cooldown_bars
    slot.won = 0.0


@kernel
def forget(position: Rec) -> None:
    """Clear what belonged to a position that is closed; its totals stay."""
    position.average = 0.0
    position.quantity = 0.0
    position.risk = 0.0
    position.stop = 0.0
    position.target = 0.0
    position.trail = 0.0
    position.extreme = 0.0
    position.liquidation = 0.0
    position.opened_ns = 0
    position.within = 0


@kernel
def value(slot: Rec, lot: float) -> float:
    """Return what the position is worth at its mark; negative when short."""
    if slot.position.lots == 0:
        return 0.0
    return slot.position.lots * lot * slot.mark


@kernel
def mark_equity(account: Rec, worth: float) -> None:
    """Set the account's equity to its cash and the `worth` of its positions."""
    account.equity = account.cash + worth
    account.peak = max(account.peak, account.equity)
