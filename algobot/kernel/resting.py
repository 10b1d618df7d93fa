# mypy: disable-error-code="no-any-return"
"""The life of an order that waits: placed, canceled by its tag, following the price, gone."""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.filling import OWN_EXIT
from algobot.kernel.jit import kernel
from algobot.kernel.journal import BY_STRATEGY, NO_ROOM, NOT_AT_ONCE, NOTHING_LEFT, TOO_MANY, drop, note
from algobot.kernel.records import Rec
from algobot.kernel.risk import NONE


@kernel
def rest(account: Rec, slot: Rec, setting: Rec, ts_ns: int) -> None:
    """Move what this bar asked for to where it waits, in its order; where there is no room it is refused."""
    orders = slot.orders
    for i in range(orders.asked):
        ask = orders.asks[i]
        if ask.kind == r.CANCEL:
            cancel_tag(account, slot, ask.tag, ts_ns)
        if ask.kind == r.EMPTY or ask.kind == r.CANCEL:
            continue
        account.orders += 1
        ask.serial = account.orders
        if orders.waits >= r.WAITING:
            drop(account, ask, r.REFUSED, NO_ROOM, ts_ns)
            continue
        order = orders.waiting[orders.waits]
        orders.waits += 1
        copy_order(order, ask)
        order.age = 0
        order.since_ns = ts_ns + setting.latency_ns
        if ask.group > 0:
            order.group = account.bars * (r.ASKS + 1) + ask.group  # of this bar and no other
        note(account, order, r.PLACED, NONE, order.lots, order.price, ts_ns)
    if orders.unheard > 0:
        account.orders += orders.unheard
        refused = orders.asks[0]
        refused.serial = account.orders
        refused.kind = r.EMPTY
        note(account, refused, r.REFUSED, TOO_MANY, orders.unheard, 0.0, ts_ns)


@kernel
def refuse(account: Rec, ask: Rec, why: int, ts_ns: int) -> None:
    """Refuse what was asked for, under a number of its own."""
    account.orders += 1
    ask.serial = account.orders
    drop(account, ask, r.REFUSED, why, ts_ns)


@kernel
def cancel_tag(account: Rec, slot: Rec, tag: int, ts_ns: int) -> None:
    """Cancel the waiting orders with this tag, or all."""
    orders = slot.orders
    keep = 0
    for i in range(orders.waits):
        order = orders.waiting[i]
        if order.group != OWN_EXIT and (tag == r.NO_TAG or order.tag == tag):
            drop(account, order, r.CANCELED, BY_STRATEGY, ts_ns)
            continue
        if keep < i:
            copy_order(orders.waiting[keep], order)
        keep += 1
    orders.waits = keep


@kernel
def trail_to(order: Rec, price: float) -> None:
    """Move the trigger of a trailing stop after a price that was seen, never away from it."""
    level = price + order.side * order.trail
    if (order.trigger - level) * order.side > 0.0:
        order.trigger = level


@kernel
def tidy(account: Rec, slot: Rec, bar: Rec) -> None:
    """Drop what is done, immediate orders, and orders that only reduce once there is nothing left to reduce."""
    orders = slot.orders
    opens = False
    for i in range(orders.waits):
        order = orders.waiting[i]
        if order.kind == r.EMPTY:
            continue
        arrived = order.since_ns <= bar.open_ns
        if arrived and (order.force == r.IMMEDIATE or order.force == r.ALL_OR_NONE):
            drop(account, order, r.CANCELED, NOT_AT_ONCE, bar.close_ns)
        elif order.reduce_only == 0:
            opens = True
    keep = 0
    flat = slot.position.lots == 0
    for i in range(orders.waits):
        order = orders.waiting[i]
        if order.kind != r.EMPTY and flat and order.reduce_only == 1 and (not opens or order.group == OWN_EXIT):
            drop(account, order, r.CANCELED, NOTHING_LEFT, bar.close_ns)
        if order.kind == r.EMPTY:
            continue
        if order.since_ns <= bar.open_ns:
            order.age += 1
            if order.kind == r.TRAILING:
                trail_to(order, bar.low if order.side > 0 else bar.high)
        if keep < i:
            copy_order(orders.waiting[keep], order)
        keep += 1
    orders.waits = keep


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
