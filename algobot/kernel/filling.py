# mypy: disable-error-code="no-any-return"
"""How much of an order trades at a price, and what that does to it, to its group and to the ledger."""

from __future__ import annotations

import math

from algobot.kernel import records as r
from algobot.kernel import risk
from algobot.kernel.costs import slip, slipped
from algobot.kernel.fees import DAY_NS, fee_rate
from algobot.kernel.jit import kernel
from algobot.kernel.journal import GROUPED, NOT_AT_ONCE, NOT_WHOLE, NOTHING_LEFT, drop, note
from algobot.kernel.ledger import apply_fill, closing_lots
from algobot.kernel.records import Rec
from algobot.kernel.rows import next_fill

FILLS_A_BAR = 2 * r.WAITING + 4  # rows at most, by symbol and bar matched: each order once, each position's end
OWN_EXIT = -1  # the group of what is left of a protective exit
_MOST = 2.0**53


@kernel
def book(
    account: Rec,
    slot: Rec,
    setting: Rec,
    side: int,
    lots: int,
    price: float,
    maker: int,
    tag: int,
    ts_ns: int,
    order: int = 0,
) -> None:
    """Charge the fee, apply the fill to the ledger and write it down."""
    notional = lots * setting.lot * price
    fee = notional * fee_rate(account, setting, maker, notional, ts_ns)
    if tag == r.LIQUIDATED:
        fee += notional * setting.liquidation_fee
    realised = apply_fill(account, slot, setting, side, lots, price, fee, ts_ns)
    fill = next_fill(account)
    fill.ts_ns = ts_ns
    fill.symbol = account.symbol
    fill.side = side
    fill.lots = lots
    fill.price = price
    fill.fee = fee
    fill.tag = tag
    fill.is_maker = maker
    fill.realised = realised
    fill.order = order


@kernel
def begin_volume(slot: Rec, setting: Rec, bar: Rec) -> None:
    """Let this bar's volume be shared by what fills in it."""
    slot.room = math.floor(min(bar.volume * setting.participation_fraction / setting.lot * (1.0 + 1e-12), _MOST))


@kernel
def fill_order(
    account: Rec,
    slot: Rec,
    setting: Rec,
    bar: Rec,
    order: Rec,
    price: float,
    maker: int,
    ts_ns: int,
) -> None:
    """Trade what can be traded of an order at `price`.

    What the bar has no volume for, or what may be sold tomorrow, waits on; what cash or a pause forbids is canceled.
    """
    wanted = order.lots
    may = _may_trade(account, slot, setting, order, price)
    now = _can_trade(slot, setting, bar, order.side, may)
    if order.force == r.ALL_OR_NONE and now < wanted:
        drop(account, order, r.CANCELED, NOT_WHOLE, ts_ns)
        return
    if now > 0:
        _trade(account, slot, setting, bar, order.side, now, price, maker, order.tag, ts_ns, order.serial)
        note(account, order, r.FILLED, risk.NONE, now, price, ts_ns)
        order.lots = wanted - now
        if order.group > 0:
            _cancel_group(account, slot, order, ts_ns)
    if may > now:
        _wait_on(account, bar, order, ts_ns)
    elif order.lots > 0:
        drop(account, order, r.CANCELED, _why_not(account, slot, order), ts_ns)
    else:
        order.kind = r.EMPTY


@kernel
def close_at(
    account: Rec,
    slot: Rec,
    setting: Rec,
    bar: Rec,
    price: float,
    tag: int,
) -> bool:
    """Close the position at market, at `price` less slippage; return whether that could be done or queued.

    What cannot trade in this bar becomes a market order for the next, and the protection is gone.
    """
    position = slot.position
    side = -position.side
    held = abs(position.lots)
    now = _can_trade(slot, setting, bar, side, held)
    if now < held:
        if slot.orders.waits >= r.WAITING:
            return False
        _queue_exit(account, slot, bar, side, held - now, tag)
        position.stop = 0.0
        position.target = 0.0
        position.trail = 0.0
    if now > 0:
        price = slipped(price, side, slip(setting, bar, now))
        _trade(account, slot, setting, bar, side, now, price, 0, tag, bar.close_ns, 0)
    if now < held:
        position.liquidation = 0.0  # it is under way
    return True


@kernel
def _trade(
    account: Rec,
    slot: Rec,
    setting: Rec,
    bar: Rec,
    side: int,
    lots: int,
    price: float,
    maker: int,
    tag: int,
    ts_ns: int,
    order: int,
) -> None:
    """Book a fill, and count it against the bar's volume and the day's purchases."""
    book(account, slot, setting, side, lots, price, maker, tag, ts_ns, order)
    if setting.participation_fraction > 0.0:
        slot.room -= lots
    if setting.sell_next_day == 1 and side > 0 and slot.position.lots > 0:
        day_ns = bar.open_ns // DAY_NS * DAY_NS
        before = slot.locked if slot.locked_ns == day_ns else 0
        slot.locked = before + min(lots, slot.position.lots)
        slot.locked_ns = day_ns


@kernel
def _may_trade(account: Rec, slot: Rec, setting: Rec, order: Rec, price: float) -> int:
    """Return how much of an order the account lets trade: what it may open is limited by cash and by a pause."""
    closing = closing_lots(slot.position.lots, order.side, order.lots)
    opening = order.lots - closing
    if opening <= 0 or order.reduce_only == 1 or account.may_open == 0:
        return closing
    if order.side > 0 and closing == 0:
        opening = min(opening, risk.affordable_lots(account, setting, price))
    return closing + opening


@kernel
def _why_not(account: Rec, slot: Rec, order: Rec) -> int:
    if order.reduce_only == 1:
        return NOTHING_LEFT
    return risk.NOT_OPENING if account.may_open == 0 else risk.CASH


@kernel
def _can_trade(slot: Rec, setting: Rec, bar: Rec, side: int, lots: int) -> int:
    """Return how much of that the bar lets trade: its volume, and what was not bought on the same day."""
    if setting.participation_fraction > 0.0:
        lots = min(lots, max(slot.room, 0))
    held = slot.position.lots
    if setting.sell_next_day == 1 and side < 0 < held and slot.locked_ns == bar.open_ns // DAY_NS * DAY_NS:
        lots = min(lots, max(held - slot.locked, 0))
    return lots


@kernel
def _cancel_group(account: Rec, slot: Rec, filled: Rec, ts_ns: int) -> None:
    """Cancel the other orders of a group."""
    group = filled.group
    serial = filled.serial
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.group == group and order.serial != serial and order.kind != r.EMPTY:
            drop(account, order, r.CANCELED, GROUPED, ts_ns)


@kernel
def _wait_on(account: Rec, bar: Rec, order: Rec, ts_ns: int) -> None:
    """Let what is left of an order take part again from the next bar on; a stop that was touched is a market order."""
    if order.force == r.IMMEDIATE:
        drop(account, order, r.CANCELED, NOT_AT_ONCE, ts_ns)
        return
    order.since_ns = max(order.since_ns, bar.close_ns)
    order.age = max(order.age, 1)
    if order.kind != r.MARKET and order.kind != r.LIMIT:
        note(account, order, r.TRIGGERED, risk.NONE, order.lots, order.price, ts_ns)
        order.kind = r.MARKET
        order.triggered = 1


@kernel
def _queue_exit(account: Rec, slot: Rec, bar: Rec, side: int, lots: int, tag: int) -> None:
    """Let the rest of a protective exit wait as a market order."""
    order = slot.orders.waiting[slot.orders.waits]
    slot.orders.waits += 1
    account.orders += 1
    order.kind = r.MARKET
    order.side = side
    order.lots = lots
    order.amount = 0.0
    order.sizing = r.LOTS
    order.price = 0.0
    order.trigger = 0.0
    order.trail = 0.0
    order.tag = tag
    order.force = r.GOOD
    order.expires_ns = 0
    order.post_only = 0
    order.reduce_only = 1
    order.group = OWN_EXIT
    order.since_ns = bar.close_ns
    order.serial = account.orders
    order.triggered = 1
    order.age = 0
    note(account, order, r.PLACED, risk.NONE, lots, 0.0, bar.close_ns)
