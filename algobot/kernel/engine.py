# mypy: disable-error-code="no-any-return"
"""The loop that is a backtest, a paper bot and a live bot: the same compiled code, fed differently.

One bar, in this order: match what waits (at the open, then within the bar, protective exits included) → mark →
`on_bar` → risk rules → rest or queue. A live bar leaves out the matching and hands the orders out; a warm-up bar
only folds. One symbol or many sharing one account: all have their open, then all their range, then all decide.
"""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.dispatch import fold_at
from algobot.kernel.jit import kernel
from algobot.kernel.ledger import apply_fill, forget, mark_equity, sign, value
from algobot.kernel.matching import book, copy_order, follow, match_open, match_within, slipped, stop_level
from algobot.kernel.orders import market
from algobot.kernel.records import Rec, Records
from algobot.kernel.risk import (
    NONE,
    TOO_SMALL,
    allowed_lots,
    clear_commitments,
    count_commitment,
    entry_lots,
    sized,
    to_tick,
)

_DAY_NS = 86_400_000_000_000


@kernel
def simulate(
    strategy: int,
    accounts: Records,
    slots: Records,
    states: Records,
    settings: Records,
    params: Records,
    bars: Records,
    fills: Records,
    notes: Records,
    curve: Records,
    start: int,
) -> int:
    """Fold `bars[symbol, t]` from `t = start` and return the first `t` not folded.

    `strategy` is the address of its fold; `states` and `params` are the bytes of its own records, a row per symbol. It
    ends early when `fills` could overflow: take the first `accounts[0].filled` and call again. A bar whose close is not
    a number is a bar that symbol does not have. `curve[t]` gets the equity after bar t.
    """
    account = accounts[0]
    account.filled = 0
    room = fills.shape[0] - slots.shape[0] * (r.WAITING + 2)
    for t in range(start, bars.shape[1]):
        if account.filled > room:
            return t
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                _begin(account, slots[k], bars[k, t])
                if slots[k].orders.waits > 0 and account.mode == r.PAPER:
                    match_open(account, slots[k], settings[k], bars[k, t], fills, k)
        worth = 0.0
        clear_commitments(account)
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                if account.mode == r.PAPER:
                    if slots[k].orders.waits > 0 or slots[k].position.lots != 0:
                        match_within(account, slots[k], settings[k], bars[k, t], fills, k)
                elif slots[k].position.lots != 0:
                    follow(slots[k].position, bars[k, t])
                slots[k].mark = bars[k, t].close
            worth += value(slots[k], settings[k].lot)
            count_commitment(account, slots[k])
        mark_equity(account, worth)
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                _ask(account, slots[k], strategy, states, params, slots, bars, k, t)
                _decide(account, slots[k], settings[k], bars[k, t])
        curve[t] = account.equity
    return bars.shape[1]


@kernel
def _begin(account: Rec, slot: Rec, bar: Rec) -> None:
    """Count the bar; the first of a UTC day takes the equity of the last mark as the day's start."""
    if not account.day_ns <= bar.open_ns < account.day_ns + _DAY_NS:
        account.day_ns = bar.open_ns // _DAY_NS * _DAY_NS
        account.day_start = account.equity
    slot.position.within = 0
    if slot.cooling > 0:
        slot.cooling -= 1
    if bar.close_ns > account.bar_ns:
        account.bar_ns = bar.close_ns
        account.bars += 1


@kernel
def _ask(
    account: Rec,
    slot: Rec,
    strategy: int,
    states: Records,
    params: Records,
    slots: Records,
    bars: Records,
    k: int,
    t: int,
) -> None:
    """Let the strategy say what it wants on this bar."""
    orders = slot.orders
    position = slot.position
    orders.asked = 0
    orders.wish = r.NO_WISH
    orders.protects = 0
    orders.brackets = 0
    orders.ratchet = 0.0
    orders.score = 1.0
    orders.reason = 0
    slot.refusal = NONE
    if position.lots == 0 and orders.waits == 0 and slot.pending == 0:
        _forget_plan(slot)
    position.equity = account.equity
    position.peak = account.peak
    position.cash = account.cash
    if slots.shape[0] > 1:
        for i in range(r.SHARED):
            orders.shared[i] = account.shared[i]
    fold_at(strategy, states, params, slots, bars, k, t)
    if slots.shape[0] > 1:
        for i in range(r.SHARED):
            account.shared[i] = orders.shared[i]


@kernel
def _decide(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Turn what it said into protection and orders, as the rules allow."""
    orders = slot.orders
    if orders.protects == 1 or orders.brackets == 1:
        _plan(slot, orders)
    if orders.ratchet > 0.0:
        _tighten(slot.position, orders.ratchet)
    if account.mode == r.FOLD:
        orders.asked = 0
        return
    if orders.wish != r.NO_WISH:
        _pursue(account, slot, setting, bar.close)
    for i in range(orders.asked):
        _check(account, slot, setting, orders.asks[i], bar.close)
    if account.mode == r.PAPER:
        _rest(slot)


@kernel
def _forget_plan(slot: Rec) -> None:
    slot.plan_stop = 0.0
    slot.plan_target = 0.0
    slot.plan_trail = 0.0
    slot.plan_stop_distance = 0.0
    slot.plan_target_distance = 0.0
    slot.plan_target_fraction = 0.0


@kernel
def _plan(slot: Rec, orders: Rec) -> None:
    """Protect the next position so; absolute prices protect the present one too unless it is to be turned around."""
    position = slot.position
    if orders.brackets == 1:
        slot.plan_stop_distance = orders.stop_distance
        slot.plan_target_distance = orders.target_distance
        slot.plan_target_fraction = orders.target_fraction
    if orders.protects == 1:
        slot.plan_stop = orders.stop
        slot.plan_target = orders.target
        slot.plan_trail = orders.trail
        turns = orders.wish != r.NO_WISH and sign(orders.exposure) != position.side
        if position.lots != 0 and not turns:
            position.stop = orders.stop
            position.target = orders.target
            position.trail = orders.trail


@kernel
def _tighten(position: Rec, level: float) -> None:
    if position.lots != 0 and (position.stop <= 0.0 or (level - position.stop) * position.side > 0.0):
        position.stop = level


@kernel
def _pursue(account: Rec, slot: Rec, setting: Rec, price: float) -> None:
    """Turn the wished exposure into market orders: one that closes, one that opens."""
    orders = slot.orders
    exposure = orders.exposure
    if exposure < 0.0 and setting.allow_short == 0:
        exposure = 0.0
    held = slot.position.lots + slot.pending
    side = sign(exposure)
    if side == sign(held) and (orders.wish == r.HOLD_SIDE or side == 0):
        return
    wanted = side * entry_lots(account, slot, setting, side, abs(exposure), price)
    if held * side < 0 or side == 0:
        _order(orders, sign(-held), abs(held), r.EXIT, 1)
        held = 0
    change = wanted - held
    if change * sign(held) < 0:
        _order(orders, sign(change), abs(change), r.EXIT, 1)
        return
    lots = allowed_lots(account, slot, setting, held, side, abs(change), price)
    if lots > 0:
        _order(orders, side, lots, r.ENTRY, 0)
    elif side != 0 and slot.refusal == NONE and held == 0:
        slot.refusal = TOO_SMALL


@kernel
def _order(orders: Rec, side: int, lots: int, tag: int, reduces: int) -> None:
    """Ask for a market order in the engine's own name; it is checked already."""
    if orders.asked >= r.ASKS or lots == 0:
        return
    market(orders, side, lots, tag)
    ask = orders.asks[orders.asked - 1]
    ask.reduce_only = reduces
    ask.age = -1  # checked


@kernel
def _check(account: Rec, slot: Rec, setting: Rec, ask: Rec, price: float) -> None:
    """Cut what the strategy asked for itself to what the rules allow, and its price to a tick on the safe side."""
    if ask.kind == r.CANCEL or ask.age < 0:
        return
    at = ask.trigger if ask.kind == r.STOP else ask.price
    if (ask.side != 1 and ask.side != -1) or (ask.kind != r.MARKET and not at > 0.0):
        ask.kind = r.EMPTY
        return
    if ask.kind != r.MARKET:
        price = at
        if setting.tick > 0.0:
            up = (ask.side > 0) == (ask.kind == r.STOP)
            ask.price = to_tick(ask.price, setting.tick, up)
            ask.trigger = to_tick(ask.trigger, setting.tick, up)
    ask.lots = sized(account, slot, setting, ask, price)
    if ask.lots <= 0:
        ask.kind = r.EMPTY
        return
    held = slot.position.lots + slot.pending
    if ask.reduce_only == 1:
        return
    ask.lots = allowed_lots(account, slot, setting, held, ask.side, ask.lots, price)
    if ask.lots <= 0:
        ask.kind = r.EMPTY


@kernel
def _rest(slot: Rec) -> None:
    """Move the orders to where they wait; past `WAITING` the newest are not taken."""
    orders = slot.orders
    for i in range(orders.asked):
        ask = orders.asks[i]
        if ask.kind == r.CANCEL:
            _cancel(slot, ask.tag)
        elif ask.kind != r.EMPTY and orders.waits < r.WAITING:
            copy_order(orders.waiting[orders.waits], ask)
            orders.waiting[orders.waits].age = 0
            orders.waits += 1


@kernel
def _cancel(slot: Rec, tag: int) -> None:
    orders = slot.orders
    keep = 0
    for i in range(orders.waits):
        if tag == r.NO_TAG or orders.waiting[i].tag == tag:
            continue
        copy_order(orders.waiting[keep], orders.waiting[i])
        keep += 1
    orders.waits = keep


@kernel
def close_position(
    accounts: Records, slots: Records, settings: Records, fills: Records, price: float, ts_ns: int
) -> int:
    """Drop what waits and close the position of the only slot at `price`; return the number of fills, 0 or 1."""
    account = accounts[0]
    slot = slots[0]
    account.filled = 0
    slot.orders.waits = 0
    position = slot.position
    if position.lots != 0:
        side = -position.side
        at = slipped(price, side, settings[0].slippage)
        book(account, slot, settings[0], fills, 0, side, abs(position.lots), at, 0, r.CLOSED, ts_ns)
        slot.mark = price
        mark_equity(account, value(slot, settings[0].lot))
    return account.filled


@kernel
def settle(
    accounts: Records, slots: Records, settings: Records, side: int, lots: int, price: float, fee: float, ts_ns: int
) -> float:
    """Book a venue's fill of the only slot and return what it realised, before fees."""
    slot = slots[0]
    return apply_fill(accounts[0], slot, settings[0], side, lots, price, fee, ts_ns)


@kernel
def correct_lots(accounts: Records, slots: Records, lot: float, lots: int) -> int:
    """Set the position of the only slot without a trade; return what it was."""
    position = slots[0].position
    before = position.lots
    position.lots = lots
    position.side = sign(lots)
    position.quantity = lots * lot
    accounts[0].held = 0 if lots == 0 else 1
    if lots == 0:
        forget(position)
        accounts[0].heat = 0.0
    return before


@kernel
def touched(slots: Records, price: float) -> int:
    """Return the tag of the protection of the only slot that `price` has reached, or NO_TAG; the stop first."""
    position = slots[0].position
    side = position.side
    if side == 0 or not price > 0.0:
        return r.NO_TAG
    level = stop_level(position)
    if level > 0.0 and (price - level) * side <= 0.0:
        return r.STOPPED if level == position.stop else r.TRAILED
    if position.target > 0.0 and (price - position.target) * side >= 0.0:
        return r.TARGET
    return r.NO_TAG
