# mypy: disable-error-code="no-any-return"
"""How one bar fills what waits: worst case within the bar.

1. At the open: market orders, and resting orders the open has already reached, all at the open.
2. Within the bar: orders that open a position, at their price; then the position's stop or trailing stop; then resting
   orders that close it; then its target. So a bar that touches stop and target is a loss, and a position opened
   within the bar cannot reach its target in the same bar (nobody knows which came first).

Stops and market orders pay slippage and the taker fee; a limit order that rested pays the maker fee.
"""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel import risk
from algobot.kernel.jit import kernel
from algobot.kernel.ledger import apply_fill, closing_lots
from algobot.kernel.records import Rec, Records


@kernel
def match_open(account: Rec, slot: Rec, setting: Rec, bar: Rec, fills: Records, symbol: int) -> None:
    """Fill what the bar's open fills; fills are added to `fills` from `account.filled` on."""
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        side = order.side
        reached = ((order.price if order.kind == r.LIMIT else order.trigger) - bar.open) * side
        maker = 0
        if order.kind == r.LIMIT:
            if reached < 0.0:
                continue
            price = bar.open
            maker = 1 if order.age > 0 else 0
        elif order.kind == r.STOP and reached > 0.0:
            continue
        else:
            price = slipped(bar.open, side, setting.slippage)
        lots = _fillable(account, slot, setting, order, price)
        order.kind = r.EMPTY
        if lots > 0:
            book(account, slot, setting, fills, symbol, side, lots, price, maker, order.tag, bar.open_ns)


@kernel
def match_within(account: Rec, slot: Rec, setting: Rec, bar: Rec, fills: Records, symbol: int) -> None:
    """Fill what the bar's range fills, once every symbol of the account has had its open."""
    position = slot.position
    if slot.orders.waits > 0:
        _within(account, slot, setting, bar, fills, symbol, 0)
    if position.lots != 0:
        price = _stop_price(position, bar)
        if price > 0.0:
            tag = r.STOPPED if stop_level(position) == position.stop else r.TRAILED
            _close(account, slot, setting, fills, symbol, price, tag, bar.close_ns)
    if slot.orders.waits > 0:
        _within(account, slot, setting, bar, fills, symbol, 1)
    if position.lots != 0:
        price = _target_price(position, bar)
        if price > 0.0:
            _close(account, slot, setting, fills, symbol, price, r.TARGET, bar.close_ns)
    if slot.orders.waits > 0:
        _tidy(slot)
    if position.lots != 0:
        follow(position, bar)


@kernel
def book(
    account: Rec,
    slot: Rec,
    setting: Rec,
    fills: Records,
    symbol: int,
    side: int,
    lots: int,
    price: float,
    maker: int,
    tag: int,
    ts_ns: int,
) -> None:
    """Charge the fee, apply the fill to the ledger and write it down."""
    rate = setting.maker_fee if maker else setting.taker_fee
    fee = lots * setting.lot * price * rate
    realised = apply_fill(account, slot, setting, side, lots, price, fee, ts_ns)
    fill = fills[account.filled]
    fill.ts_ns = ts_ns
    fill.symbol = symbol
    fill.side = side
    fill.lots = lots
    fill.price = price
    fill.fee = fee
    fill.tag = tag
    fill.is_maker = maker
    fill.realised = realised
    account.filled += 1


@kernel
def slipped(price: float, side: int, slippage: float) -> float:
    """Return `price` worse by `slippage` for this side."""
    return price * (1.0 + side * slippage)


@kernel
def _fillable(account: Rec, slot: Rec, setting: Rec, order: Rec, price: float) -> int:
    """Return how much of an order can trade now: what it may open is limited by cash and by a pause."""
    held = slot.position.lots
    closing = closing_lots(held, order.side, order.lots)
    opening = order.lots - closing
    if opening <= 0 or order.reduce_only == 1 or account.may_open == 0:
        return closing
    if order.side > 0 and closing == 0:
        opening = min(opening, risk.affordable_lots(account, setting, price))
    return closing + opening


@kernel
def _within(account: Rec, slot: Rec, setting: Rec, bar: Rec, fills: Records, symbol: int, closes: int) -> None:
    """Fill the resting orders the bar's range reaches: those that open, or with `closes` those that close."""
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        side = order.side
        if order.kind == r.EMPTY or (slot.position.lots * side < 0 or order.reduce_only == 1) != (closes == 1):
            continue
        best = bar.low if side > 0 else bar.high  # for a limit
        worst = bar.high if side > 0 else bar.low  # for a stop
        if order.kind == r.LIMIT and (order.price - best) * side >= 0.0:
            price = order.price
            maker = 1
        elif order.kind == r.STOP and (worst - order.trigger) * side >= 0.0:
            price = slipped(order.trigger, side, setting.slippage)
            maker = 0
        else:
            continue
        lots = _fillable(account, slot, setting, order, price)
        order.kind = r.EMPTY
        if lots > 0:
            opened = slot.position.lots == 0
            book(account, slot, setting, fills, symbol, side, lots, price, maker, order.tag, bar.close_ns)
            if opened:
                slot.position.within = 1


@kernel
def stop_level(position: Rec) -> float:
    """Return the price of the position's stop, the tighter of fixed and trailing; 0 is none."""
    level = position.stop
    if position.trail > 0.0:
        trailing = position.extreme - position.side * position.trail
        if level <= 0.0 or (trailing - level) * position.side > 0.0:
            level = trailing
    return level


@kernel
def _stop_price(position: Rec, bar: Rec) -> float:
    """Return the price at which this bar stops the position, or 0."""
    side = position.side
    level = stop_level(position)
    worst = bar.low if side > 0 else bar.high
    if level <= 0.0 or (worst - level) * side > 0.0:
        return 0.0
    start = position.average if position.within == 1 else bar.open
    return level if (start - level) * side > 0.0 else start  # gapped through: no better than where the bar began


@kernel
def _target_price(position: Rec, bar: Rec) -> float:
    """Return the price at which this bar reaches the position's target, or 0."""
    side = position.side
    best = bar.high if side > 0 else bar.low
    if position.within == 1 or position.target <= 0.0 or (best - position.target) * side < 0.0:
        return 0.0
    return position.target if (position.target - bar.open) * side > 0.0 else bar.open


@kernel
def _close(
    account: Rec, slot: Rec, setting: Rec, fills: Records, symbol: int, price: float, tag: int, ts_ns: int
) -> None:
    """Close the position at market, at `price` less slippage."""
    side = -slot.position.side
    price = slipped(price, side, setting.slippage)
    book(account, slot, setting, fills, symbol, side, abs(slot.position.lots), price, 0, tag, ts_ns)


@kernel
def follow(position: Rec, bar: Rec) -> None:
    """Move the best price seen; it protects from the next bar on."""
    if position.side > 0:
        position.extreme = max(position.extreme, bar.high)
    else:
        position.extreme = min(position.extreme, bar.low)


@kernel
def _tidy(slot: Rec) -> None:
    """Drop what is filled, immediate orders, and orders that only reduce once there is nothing left to reduce."""
    opens = False
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.force == r.IMMEDIATE:
            order.kind = r.EMPTY
        if order.kind != r.EMPTY and order.reduce_only == 0:
            opens = True
    keep = 0
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.kind == r.EMPTY or (order.reduce_only == 1 and slot.position.lots == 0 and not opens):
            continue
        copy_order(slot.orders.waiting[keep], order)
        slot.orders.waiting[keep].age += 1
        keep += 1
    slot.orders.waits = keep


@kernel
def copy_order(into: Rec, order: Rec) -> None:
    """Copy every field."""
    into.kind = order.kind
    into.side = order.side
    into.lots = order.lots
    into.amount = order.amount
    into.sizing = order.sizing
    into.price = order.price
    into.trigger = order.trigger
    into.trail = order.trail
    into.tag = order.tag
    into.force = order.force
    into.expires_ns = order.expires_ns
    into.post_only = order.post_only
    into.reduce_only = order.reduce_only
    into.group = order.group
    into.since_ns = order.since_ns
    into.serial = order.serial
    into.triggered = order.triggered
    into.age = order.age
