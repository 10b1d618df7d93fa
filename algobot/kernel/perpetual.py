# mypy: disable-error-code="no-any-return"
"""Perpetual swaps: an account that trades a multiple of what it owns, pays for holding, and can be closed by force.

Margin is shared by all positions of an account (cross margin): what counts is equity against what every position must
keep. With `leverage` 0 a symbol is spot: it is paid in full.
"""

from __future__ import annotations

import math

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, Records


@kernel
def keep_of(worth: float, setting: Rec) -> float:
    """Return what a position of this worth must keep of equity, in quote; nothing for spot."""
    return abs(worth) * setting.maintenance_fraction if setting.leverage > 0.0 else 0.0


@kernel
def appraise(account: Rec, slot: Rec, setting: Rec, price: float) -> None:
    """Value the position at `price`: what it is worth, and what of the account it ties up and must keep."""
    worth = slot.position.lots * setting.lot * price
    margin = abs(worth) / setting.leverage if setting.leverage > 0.0 else abs(worth)
    account.worth += worth - slot.worth
    account.margin += margin - slot.margin
    account.keep += keep_of(worth, setting) - keep_of(slot.worth, setting)
    slot.worth = worth
    slot.margin = margin


@kernel
def appraise_all(account: Rec, slots: Records, settings: Records) -> None:
    """Value every position at its mark, and say where each would be closed by force."""
    account.worth = 0.0
    account.margin = 0.0
    account.keep = 0.0
    for k in range(slots.shape[0]):
        slots[k].worth = 0.0
        slots[k].margin = 0.0
        appraise(account, slots[k], settings[k], slots[k].mark)
    for k in range(slots.shape[0]):
        if slots[k].position.lots != 0:
            slots[k].position.liquidation = liquidation_price(account, slots[k], settings[k])


@kernel
def any_leverage(settings: Records) -> bool:
    """Whether any symbol is traded on margin."""
    most = 0.0
    for k in range(settings.shape[0]):
        most = max(most, settings[k].leverage)
    return most > 0.0


@kernel
def liquidation_price(account: Rec, slot: Rec, setting: Rec) -> float:
    """Return the price at which the venue closes this position, everything else as last valued; 0.0 for never.

    Equity at a price p is `others + lots x lot x p`, where `others` is cash and the other positions less what these
    must keep; it ends where that is `maintenance_fraction` of the position's value.
    """
    quantity = slot.position.lots * setting.lot
    if setting.leverage <= 0.0 or quantity == 0.0:
        return 0.0
    others = account.cash + account.worth - slot.worth - (account.keep - keep_of(slot.worth, setting))
    price = -others / (quantity - abs(quantity) * setting.maintenance_fraction)
    return price if price > 0.0 and math.isfinite(price) else 0.0


@kernel
def pay_funding(account: Rec, slot: Rec, rate: float, price: float, lot: float) -> float:
    """Take the funding of one payment from the account: `rate` of the position's value; longs pay a positive one."""
    paid = slot.position.lots * lot * price * rate
    account.cash -= paid
    slot.position.funding -= paid
    slot.won -= paid
    return paid
