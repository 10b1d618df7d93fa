# mypy: disable-error-code="no-any-return"
"""The loop that is a backtest, a paper bot and a live bot: the same compiled code, fed differently.

One bar, in this order: match what waits (at the open, then within the bar, protective exits included) → mark →
`on_bar` → risk rules → rest or queue. A live bar leaves out the matching and hands the orders out; a warm-up bar
only folds. One symbol or many sharing one account: all have their open, then all their range, then all decide.
"""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.costs import slipped
from algobot.kernel.dispatch import fold_at
from algobot.kernel.filling import FILLS_A_BAR, begin_volume, book
from algobot.kernel.jit import inlined, kernel
from algobot.kernel.journal import NO_ORDER, NOTES_A_BAR
from algobot.kernel.ledger import apply_fill, forget, mark_equity, sign, value
from algobot.kernel.matching import match_open, match_within
from algobot.kernel.orders import cancel, market
from algobot.kernel.perpetual import any_leverage, appraise_all, pay_funding
from algobot.kernel.protection import follow, is_quiet, stop_level, stop_tag
from algobot.kernel.records import Rec, Records
from algobot.kernel.resting import refuse, rest
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
from algobot.kernel.rows import begin_rows, end_rows

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
    detail: Records,
    spans: Records,
    funding: Records,
    fills: Records,
    notes: Records,
    curve: Records,
    start: int,
) -> int:
    """Fold `bars[symbol, t]` from `t = start` and return the first `t` not folded.

    `strategy` is the address of its fold; `states` and `params` are the bytes of its own records, a row per symbol. It
    ends early when `fills` or `notes` (the journal; without room there is none) could overflow: take the first
    `accounts[0].filled` and `.noted` and call again. A bar whose close is not a number is a bar that symbol does not
    have. `curve[t]` gets the equity after bar t. With `detail` columns the orders of bar t meet the finer bars
    `detail[symbol, spans[t]:spans[t + 1]]` instead of the bar itself. With `funding` columns a position held into bar t
    pays the fraction `funding[symbol, t]` of its value at the open.
    """
    account = accounts[0]
    begin_rows(account, fills, notes)
    paper = account.mode == r.PAPER
    finer = detail.shape[1] > 0
    margin = any_leverage(settings)
    pays = funding.shape[1] > 0
    partial = settings[0].participation_fraction > 0.0  # then one order may fill in each of the finer bars
    t = start
    while t < bars.shape[1]:
        first = spans[t] if finer else t
        last = spans[t + 1] if finer else t + 1
        count = slots.shape[0] * (last - first if partial else 1)
        if account.filled + count * FILLS_A_BAR > fills.shape[0]:
            break
        if account.noted + count * NOTES_A_BAR > notes.shape[0] > 0:
            break
        busy = False
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                busy |= _begin(account, slots[k], bars[k, t])
                if pays and paper and slots[k].position.lots != 0:
                    pay_funding(account, slots[k], funding[k, t], bars[k, t].open, settings[k].lot)
        if busy and paper:
            if finer:
                _match_finer(account, slots, settings, detail, first, last)
            else:
                _match(account, slots, settings, bars, t)
        worth = 0.0
        clear_commitments(account)
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                _mark(account, slots[k], bars[k, t], paper)
            worth += value(slots[k], settings[k].lot)
            count_commitment(account, slots[k], settings[k])
        mark_equity(account, worth)
        if margin:
            appraise_all(account, slots, settings)
        for k in range(slots.shape[0]):
            if bars[k, t].close > 0.0:
                _ask(account, slots[k], strategy, states, params, slots, bars, k, t)
                _decide(account, slots[k], settings[k], bars[k, t])
                if slots[k].orders.asked > 0:
                    account.symbol = k
                    _send(account, slots[k], settings[k], bars[k, t])
        curve[t] = account.equity
        t += 1
    end_rows(account)
    return t


@inlined
def _match(account: Rec, slots: Records, settings: Records, bars: Records, t: int) -> None:
    """Let what waits meet one bar of every symbol: all their opens, then all their ranges."""
    for k in range(slots.shape[0]):
        if bars[k, t].close > 0.0:
            slots[k].position.within = 0
            if settings[k].participation_fraction > 0.0:
                begin_volume(slots[k], settings[k], bars[k, t])
            account.symbol = k
            if slots[k].orders.waits > 0:
                match_open(account, slots[k], settings[k], bars[k, t])
    for k in range(slots.shape[0]):
        if bars[k, t].close > 0.0:
            if slots[k].orders.waits == 0 and is_quiet(slots[k].position, bars[k, t]):
                if slots[k].position.lots != 0:
                    follow(slots[k].position, bars[k, t].high, bars[k, t].low)
            else:
                account.symbol = k
                match_within(account, slots[k], settings[k], bars[k, t])


@kernel
def _match_finer(account: Rec, slots: Records, settings: Records, detail: Records, first: int, last: int) -> None:
    """Let what waits meet the finer bars of one bar."""
    for j in range(first, last):
        _match(account, slots, settings, detail, j)


@inlined
def _mark(account: Rec, slot: Rec, bar: Rec, paper: bool) -> None:  # noqa: FBT001 - a kernel takes no keywords
    slot.mark = bar.close
    account.ambiguous += slot.unsure
    if paper:
        slot.pending = 0
        if slot.orders.waits > 0:
            slot.pending = _on_its_way(slot, r.NO_TAG)
    elif slot.position.lots != 0:
        follow(slot.position, bar.high, bar.low)


@kernel
def _on_its_way(slot: Rec, tag: int) -> int:
    """Return the lots, signed, of the market orders with this tag, or all, that could not fill whole yet."""
    opening = 0
    closing = 0
    for i in range(slot.orders.waits):
        order = slot.orders.waiting[i]
        if order.kind == r.MARKET and (tag == r.NO_TAG or order.tag == tag):
            if order.reduce_only == 1:
                closing += order.side * order.lots
            else:
                opening += order.side * order.lots
    held = slot.position.lots
    return opening + (-held if closing * held < 0 and abs(closing) > abs(held) else closing)


@inlined
def _begin(account: Rec, slot: Rec, bar: Rec) -> bool:
    """Count the bar; the first of a UTC day takes the equity of the last mark as the day's start.

    Returns whether there is anything that the bar could fill.
    """
    if not account.day_ns <= bar.open_ns < account.day_ns + _DAY_NS:
        account.day_ns = bar.open_ns // _DAY_NS * _DAY_NS
        account.day_start = account.equity
    slot.position.within = 0
    slot.unsure = 0
    if slot.cooling > 0:
        slot.cooling -= 1
    if bar.close_ns > account.bar_ns:
        account.bar_ns = bar.close_ns
        account.bars += 1
    return bool(slot.orders.waits > 0 or slot.position.lots != 0)


@inlined
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
    orders.unheard = 0
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


@inlined
def _decide(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Turn what it said into protection and orders."""
    orders = slot.orders
    if orders.protects == 1 or orders.brackets == 1:
        _plan(slot, orders)
    if orders.ratchet > 0.0:
        _tighten(slot.position, orders.ratchet)
    if account.mode == r.FOLD:
        orders.asked = 0
        return
    if orders.wish != r.NO_WISH and not _is_there(slot, setting):
        _pursue(account, slot, setting, bar.close)


@kernel
def _send(account: Rec, slot: Rec, setting: Rec, bar: Rec) -> None:
    """Let the orders wait, as the rules allow; those of a live bot are taken from here."""
    for i in range(slot.orders.asked):
        _check(account, slot, setting, slot.orders.asks[i], bar)
    if account.mode == r.PAPER:
        rest(account, slot, setting, bar.close_ns)


@inlined
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


@inlined
def _tighten(position: Rec, level: float) -> None:
    if position.lots != 0 and (position.stop <= 0.0 or (level - position.stop) * position.side > 0.0):
        position.stop = level


@inlined
def _is_there(slot: Rec, setting: Rec) -> bool:
    """Whether the position is on the wished side already, and nothing is to be resized."""
    orders = slot.orders
    side = sign(orders.exposure)
    if side < 0 and setting.allow_short == 0:
        side = 0
    return side == sign(slot.position.lots + slot.pending) and (orders.wish == r.HOLD_SIDE or side == 0)


@kernel
def _pursue(account: Rec, slot: Rec, setting: Rec, price: float) -> None:
    """Turn the wished exposure into market orders: one that closes, one that opens."""
    orders = slot.orders
    exposure = orders.exposure
    if exposure < 0.0 and setting.allow_short == 0:
        exposure = 0.0
    held = slot.position.lots + slot.pending
    side = sign(exposure)
    if account.mode == r.PAPER and orders.waits > 0:
        late = _on_its_way(slot, r.ENTRY)
        if late != 0 and late * side <= 0:
            cancel(orders, r.ENTRY)
            held -= late
            if side == sign(held) and (orders.wish == r.HOLD_SIDE or side == 0):
                return
    wanted = 0 if side == 0 else side * entry_lots(account, slot, setting, side, abs(exposure), price)
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
def _check(account: Rec, slot: Rec, setting: Rec, ask: Rec, bar: Rec) -> None:
    """Cut what the strategy asked for itself to what the rules allow, and its prices to ticks on the safe side."""
    if ask.kind == r.CANCEL or ask.age < 0:
        return
    if ask.kind == r.TRAILING:
        ask.trigger = bar.close + ask.side * ask.trail if ask.trail > 0.0 else 0.0
    price = _expected_price(ask, bar.close)
    if (ask.side != 1 and ask.side != -1) or not price > 0.0:
        refuse(account, ask, NO_ORDER, bar.close_ns)
        return
    if setting.tick > 0.0:
        up = ask.side > 0
        ask.price = to_tick(ask.price, setting.tick, not up)
        ask.trigger = to_tick(ask.trigger, setting.tick, up != (ask.kind == r.TAKE_PROFIT))
    ask.lots = sized(account, slot, setting, ask, price)
    why = NO_ORDER
    if ask.lots > 0 and ask.reduce_only == 0:
        held = slot.position.lots + slot.pending
        ask.lots = allowed_lots(account, slot, setting, held, ask.side, ask.lots, price)
        why = slot.refusal
    if ask.lots <= 0:
        refuse(account, ask, why, bar.close_ns)


@kernel
def _expected_price(ask: Rec, close: float) -> float:
    """Return about what the order would fill at; not positive where a price it needs is missing."""
    if ask.kind == r.MARKET:
        return close
    if ask.kind == r.LIMIT or (ask.kind == r.STOP_LIMIT and ask.trigger > 0.0):
        return ask.price
    return 0.0 if ask.kind == r.STOP_LIMIT else ask.trigger


@kernel
def close_position(
    accounts: Records, slots: Records, settings: Records, fills: Records, notes: Records, price: float, ts_ns: int
) -> int:
    """Drop what waits and close the position of the only slot at `price`; return the number of fills, 0 or 1."""
    account = accounts[0]
    slot = slots[0]
    begin_rows(account, fills, notes)
    slot.orders.waits = 0
    position = slot.position
    if position.lots != 0:
        side = -position.side
        at = slipped(price, side, settings[0].slippage)
        book(account, slot, settings[0], side, abs(position.lots), at, 0, r.CLOSED, ts_ns)
        slot.mark = price
        mark_equity(account, value(slot, settings[0].lot))
    end_rows(account)
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
        return stop_tag(position, level)
    if position.target > 0.0 and (price - position.target) * side >= 0.0:
        return r.TARGET
    return r.NO_TAG
