# mypy: disable-error-code="no-any-return"
"""Perpetual swaps: an account that trades a multiple of what it owns, pays for holding, and can be closed by force.

Margin is shared by all positions of an account (cross margin): what counts is equity against what every position must
keep. With `leverage` 0 a symbol is spot: it is paid in full.
"""

from __future__ import annotations

import math

from algobot.kernel.jit import kernel
from algobot.kernel.ledger import whole_lots
from algobot.kernel.records import Rec


@kernel
def keep_of(slot: Rec, setting: Rec) -> float:
    """Return what the position must keep of equity, in quote; nothing for spot."""
    return abs(slot.worth) * setting.maintenance_fraction if setting.leverage > 0.0 else 0.0


@kernel
def liquidation_price(account: Rec, slot: Rec, setting: Rec) -> float:
    """Return the price at which the venue closes this position, everything else as last valued; 0.0 for never.

    Equity at a price p is `others + lots x lot x p`, where `others` is cash and the other positions less what these
    must keep; it ends where that is `maintenance_fraction` of the position's value.
    """
    quantity = slot.position.lots * setting.lot
    if setting.leverage <= 0.0 or quantity == 0.0:
        return 0.0
    others = account.cash + account.worth - slot.worth - (account.keep - keep_of(slot, setting))
    price = -others / (quantity - abs(quantity) * setting.maintenance_fraction)
    return price if price > 0.0 and math.isfinite(price) else 0.0


@kernel
def free_margin_lots(account: Rec, setting: Rec, price: float, cost: float) -> int:
    """Return the lots that what is not tied up carries at `price`; `cost` is the fraction a fill costs."""
    free = account.cash + account.worth - account.margin
    return whole_lots(free * setting.leverage / (1.0 + cost * setting.leverage), price, setting.lot)


@kernel
def pay_funding(account: Rec, slot: Rec, rate: float, price: float, lot: float) -> float:
    """Take the funding of one payment from the account: `rate` of the position's value; longs pay a positive one."""
    paid = slot.position.lots * lot * price * rate
    account.cash -= paid
    slot.position.funding -= paid
    slot.won -= paid
    return paid
