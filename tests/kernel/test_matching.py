"""What one bar does to what waits, case by case; where a bar leaves it open, the worse is taken."""

from __future__ import annotations

import numpy as np
import pytest

from algobot.kernel import filling, matching
from algobot.kernel import records as r
from algobot.kernel.rows import begin_rows

NAMES = {"market": r.MARKET, "limit": r.LIMIT, "stop": r.STOP}


class Desk:
    """An account with cash and one slot, without fees; `play` runs one bar and returns its fills."""

    def __init__(self, **settings: float) -> None:
        self.accounts, self.slots, self.settings = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
        self.accounts["cash"], self.accounts["may_open"], self.settings["lot"] = 1e6, 1, 1.0
        self.fills, self.notes = np.zeros(200, r.FILL), np.zeros(0, r.NOTE)
        for name, value in settings.items():
            self.settings[name] = value

    def wait(
        self, kind: str, side: int, lots: int, price: float = 0.0, age: int = 0, tag: int = 20, **flags: int
    ) -> None:
        slot = self.slots[0]
        order = slot.orders.waiting[slot.orders.waits]
        order.kind, order.side, order.lots, order.price, order.age, order.tag = NAMES[kind], side, lots, price, age, tag
        order.trigger = price if kind == "stop" else 0.0
        order.reduce_only, order.force = flags.get("reduce_only", 0), flags.get("force", r.GOOD)
        slot.orders.waits += 1

    def hold(self, lots: int, price: float, **protection: float) -> None:
        position = self.slots[0].position
        position.lots, position.side, position.average, position.extreme = lots, np.sign(lots), price, price
        for name, value in protection.items():
            setattr(position, name, value)

    def play(self, open_: float, high: float, low: float, close: float) -> list[tuple[int, int, float, int]]:
        """Return (side, lots, price, tag) of each fill."""
        bars = np.zeros(1, r.BAR)
        bars[0] = (1000, 2000, open_, high, low, close, 1.0)
        rest = (self.accounts[0], self.slots[0], self.settings[0], bars[0])
        begin_rows(self.accounts[0], self.fills, self.notes)
        self.slots[0].position.within = 0
        filling.begin_volume(self.slots[0], self.settings[0], bars[0])
        matching.match_open(*rest)
        matching.match_within(*rest)
        done = self.fills[: self.accounts["filled"][0]]
        return [(int(f.side), int(f.lots), float(f.price), int(f.tag)) for f in done.view(np.recarray)]


def test_a_market_order_fills_at_the_open():
    """Whatever the bar does after."""
    desk = Desk()
    desk.wait("market", 1, 5)
    assert desk.play(100, 110, 90, 95) == [(1, 5, 100.0, 20)]
    assert desk.fills["ts_ns"][0] == 1000
    assert desk.slots["orders"]["waits"][0] == 0


@pytest.mark.parametrize(
    ("kind", "side", "price", "bar", "filled"),
    [
        ("limit", 1, 95.0, (100, 101, 96, 97), None),  # not reached
        ("limit", 1, 95.0, (100, 101, 95, 97), 95.0),  # touched
        ("limit", 1, 95.0, (94, 96, 93, 95), 94.0),  # gapped: the open
        ("limit", -1, 105.0, (100, 104, 99, 100), None),
        ("limit", -1, 105.0, (100, 106, 99, 100), 105.0),
        ("limit", -1, 105.0, (107, 108, 104, 105), 107.0),
        ("stop", 1, 105.0, (100, 104, 99, 100), None),
        ("stop", 1, 105.0, (100, 105, 99, 100), 105.0),
        ("stop", 1, 105.0, (107, 108, 104, 105), 107.0),  # gapped: worse than asked
        ("stop", -1, 95.0, (100, 101, 96, 97), None),
        ("stop", -1, 95.0, (100, 101, 94, 97), 95.0),
        ("stop", -1, 95.0, (93, 96, 92, 95), 93.0),
    ],
)
def test_resting_orders_fill_at_their_price_or_at_the_open_beyond_it(kind, side, price, bar, filled):
    """And wait on when the bar does not reach them."""
    desk = Desk()
    desk.wait(kind, side, 3, price)
    fills = desk.play(*bar)
    assert fills == ([] if filled is None else [(side, 3, filled, 20)])
    assert desk.slots["orders"]["waits"][0] == (filled is None)
    assert filled is not None or desk.slots[0].orders.waiting[0].age == 1


def test_who_rested_pays_the_maker_fee_and_who_takes_the_taker_fee_and_slippage():
    """A limit that is met at once takes; one that waited or is met within the bar makes."""
    costs = {"maker_fee": 0.001, "taker_fee": 0.002, "slippage": 0.01}
    for age, bar, maker in ((0, (90, 91, 89, 90), 0), (1, (90, 91, 89, 90), 1), (0, (100, 101, 95, 100), 1)):
        desk = Desk(**costs)
        desk.wait("limit", 1, 10, 95.0, age=age)
        [(_, _, price, _)] = desk.play(*bar)
        assert desk.fills["is_maker"][0] == maker
        assert desk.fills["fee"][0] == pytest.approx(10 * price * (0.001 if maker else 0.002))
    for kind, price in (("market", 101.0), ("stop", 106.05)):
        desk = Desk(**costs)
        desk.wait(kind, 1, 10, 105.0)
        assert desk.play(100, 106, 99, 100) == [(1, 10, pytest.approx(price), 20)]
        assert desk.fills["is_maker"][0] == 0


@pytest.mark.parametrize(
    ("lots", "protection", "bar", "price", "tag"),
    [
        (10, {"stop": 95.0}, (100, 101, 95, 97), 95.0, r.STOPPED),
        (10, {"stop": 95.0}, (92, 101, 91, 97), 92.0, r.STOPPED),  # gapped through: the open, worse
        (10, {"target": 110.0}, (100, 110, 99, 105), 110.0, r.TARGET),
        (10, {"target": 110.0}, (113, 114, 112, 113), 113.0, r.TARGET),  # gapped through: the open, better
        (10, {"stop": 95.0, "target": 110.0}, (100, 115, 94, 105), 95.0, r.STOPPED),  # both: the worse
        (10, {"trail": 5.0, "extreme": 104.0}, (100, 103, 99, 100), 99.0, r.TRAILED),
        (10, {"trail": 5.0, "extreme": 104.0, "stop": 99.5}, (100, 103, 99, 100), 99.5, r.STOPPED),  # the tighter
        (-10, {"stop": 105.0}, (100, 105, 99, 101), 105.0, r.STOPPED),
        (-10, {"stop": 105.0}, (108, 109, 99, 101), 108.0, r.STOPPED),
        (-10, {"target": 90.0}, (100, 101, 90, 95), 90.0, r.TARGET),
        (-10, {"stop": 105.0, "target": 90.0}, (100, 106, 89, 95), 105.0, r.STOPPED),
        (-10, {"trail": 5.0, "extreme": 96.0}, (100, 101, 97, 100), 101.0, r.TRAILED),
    ],
)
def test_protection_closes_the_position_in_the_worst_order(lots, protection, bar, price, tag):
    """Long and short: stops, targets, trails; the stop before the target; a gap fills at the open."""
    desk = Desk()
    desk.hold(lots, 100.0, **protection)
    assert desk.play(*bar) == [(-int(np.sign(lots)), abs(lots), price, tag)]
    assert desk.slots["position"]["lots"][0] == 0


def test_a_trailing_stop_follows_from_the_next_bar_on():
    """The bar that makes a new high is not stopped by it: nobody knows whether the low came after."""
    desk = Desk()
    desk.hold(10, 100.0, trail=5.0)
    assert desk.play(100, 120, 96, 118) == []
    assert desk.slots["position"]["extreme"][0] == 120.0
    assert desk.play(118, 119, 114, 116) == [(-1, 10, 115.0, r.TRAILED)]


def test_a_position_opened_within_the_bar_cannot_reach_its_target_in_it():
    """The high may have come before the entry; its stop does count."""
    desk = Desk()
    desk.slots["plan_target"], desk.slots["plan_stop"] = 101.0, 90.0
    desk.wait("limit", 1, 10, 95.0)
    assert desk.play(100, 105, 94, 100) == [(1, 10, 95.0, 20)]
    assert desk.play(100, 102, 99, 100) == [(-1, 10, 101.0, r.TARGET)]
    desk = Desk()
    desk.slots["plan_target"], desk.slots["plan_stop"] = 101.0, 90.0
    desk.wait("limit", 1, 10, 95.0)
    assert desk.play(100, 105, 89, 100) == [(1, 10, 95.0, 20), (-1, 10, 90.0, r.STOPPED)]


def test_a_position_opened_at_the_open_can_reach_both_in_the_same_bar():
    """All of the bar comes after its open."""
    desk = Desk()
    desk.slots["plan_target"], desk.slots["plan_stop"] = 104.0, 90.0
    desk.wait("market", 1, 10)
    assert desk.play(100, 105, 99, 100) == [(1, 10, 100.0, 20), (-1, 10, 104.0, r.TARGET)]


def test_a_resting_exit_comes_after_the_stop():
    """A profit-taking limit and the protective stop in one bar: the stop."""
    desk = Desk()
    desk.hold(10, 100.0, stop=95.0)
    desk.wait("limit", -1, 10, 105.0, reduce_only=1)
    assert desk.play(100, 106, 94, 100) == [(-1, 10, 95.0, r.STOPPED)]
    assert desk.slots["orders"]["waits"][0] == 0


def test_reduce_only_never_opens():
    """It is cut to the position, and gone once there is none."""
    desk = Desk()
    desk.hold(4, 100.0)
    desk.wait("market", -1, 10, reduce_only=1)
    desk.wait("market", -1, 10, reduce_only=1)
    assert desk.play(100, 101, 99, 100) == [(-1, 4, 100.0, 20)]
    assert desk.slots["orders"]["waits"][0] == 0


def test_an_immediate_order_lives_for_one_bar():
    """Not reached in its bar: gone."""
    desk = Desk()
    desk.wait("limit", 1, 10, 50.0, force=r.IMMEDIATE)
    desk.wait("limit", 1, 10, 60.0)
    assert desk.play(100, 101, 99, 100) == []
    assert desk.slots["orders"]["waits"][0] == 1
    assert desk.slots[0].orders.waiting[0].price == 60.0


def test_cash_bounds_what_a_buy_can_open():
    """A gap up buys less rather than on credit."""
    desk = Desk(taker_fee=0.01)
    desk.accounts["cash"] = 1000.0
    desk.wait("market", 1, 10)
    assert desk.play(200, 200, 200, 200) == [(1, 4, 200.0, 20)]
    assert desk.accounts["cash"][0] >= 0.0


def test_a_paused_account_closes_but_does_not_open():
    """What waits from before the pause does not open either."""
    desk = Desk()
    desk.accounts["may_open"] = 0
    desk.hold(-4, 100.0)
    desk.wait("market", 1, 10)
    assert desk.play(100, 101, 99, 100) == [(1, 4, 100.0, 20)]


def desk_with(kind: str, side: int, price: float, trigger: float, **fields: float) -> Desk:
    """Return a desk where one order waits."""
    desk = Desk()
    desk.wait("market", side, 10)
    order = desk.slots[0].orders.waiting[0]
    order.kind, order.price, order.trigger = RARE[kind], price, trigger
    for name, value in fields.items():
        setattr(order, name, value)
    return desk


RARE = {"stop_limit": r.STOP_LIMIT, "take_profit": r.TAKE_PROFIT, "trailing": r.TRAILING, "limit": r.LIMIT}


@pytest.mark.parametrize(
    ("kind", "side", "price", "trigger", "bar", "filled"),
    [
        ("stop_limit", 1, 106.0, 105.0, (100, 104, 99, 100), None),
        ("stop_limit", 1, 106.0, 105.0, (100, 107, 99, 100), 105.0),  # its limit allows the trigger's price
        ("stop_limit", 1, 106.0, 105.0, (108, 109, 107, 108), None),  # gapped beyond its limit
        ("stop_limit", 1, 106.0, 105.0, (108, 109, 105, 108), 106.0),  # and came back: all of the bar is after the open
        ("stop_limit", 1, 103.0, 105.0, (100, 107, 99, 104), None),  # was at 103 before, not surely after
        ("stop_limit", 1, 103.0, 105.0, (100, 107, 99, 102), 103.0),  # the close came after the trigger
        ("stop_limit", -1, 94.0, 95.0, (100, 101, 93, 97), 95.0),
        ("take_profit", -1, 0.0, 105.0, (100, 104, 99, 100), None),
        ("take_profit", -1, 0.0, 105.0, (100, 106, 99, 100), 105.0),
        ("take_profit", -1, 0.0, 105.0, (107, 108, 99, 100), 107.0),
        ("take_profit", 1, 0.0, 95.0, (100, 101, 94, 100), 95.0),
        ("trailing", -1, 0.0, 95.0, (100, 120, 96, 118), None),
        ("trailing", -1, 0.0, 95.0, (100, 101, 94, 100), 95.0),
        ("trailing", 1, 0.0, 105.0, (100, 106, 99, 100), 105.0),
    ],
)
def test_the_rarer_kinds(kind, side, price, trigger, bar, filled):
    """Touched, gapped through, or left alone, where the worst way through the bar leaves no doubt."""
    desk = desk_with(kind, side, price, trigger, trail=5.0)
    assert [fill[2] for fill in desk.play(*bar)] == ([] if filled is None else [filled])
    assert desk.slots["orders"]["waits"][0] == (filled is None)


def test_a_trailing_order_follows_the_best_price_from_bar_to_bar():
    """A high of 120 puts a sale 5 behind at 115, for the next bar."""
    desk = desk_with("trailing", -1, 0.0, 95.0, trail=5.0)
    assert desk.play(100, 120, 96, 118) == []
    assert desk.play(118, 119, 114, 116) == [(-1, 10, 115.0, 20)]


def test_a_posted_order_is_refused_where_it_would_take():
    """At its first open; one that has rested makes, gap or not."""
    assert desk_with("limit", 1, 105.0, 0.0, post_only=1).play(100, 101, 99, 100) == []
    assert desk_with("limit", 1, 105.0, 0.0, post_only=1, age=1).play(100, 101, 99, 100) == [(1, 10, 100.0, 20)]


@pytest.mark.parametrize(
    ("path", "bar", "tag"),
    [
        (r.WORST, (100, 110, 90, 104), r.STOPPED),
        (r.OHLC, (100, 110, 90, 104), r.STOPPED),  # rose: the low first
        (r.OHLC, (100, 110, 90, 96), r.TARGET),  # fell: the high first
        (r.ADAPTIVE, (100, 108, 90, 96), r.TARGET),  # the high is nearer
        (r.ADAPTIVE, (100, 110, 93, 96), r.STOPPED),
    ],
)
def test_the_path_decides_which_came_first(path, bar, tag):
    """Stop at 94 and target at 107, both in the range: counted as ambiguous whichever way is taken."""
    desk = Desk(path=path)
    desk.hold(10, 100.0, stop=94.0, target=107.0)
    assert [fill[3] for fill in desk.play(*bar)] == [tag]
    assert desk.slots["unsure"][0] == 1


def test_on_a_path_an_entry_can_reach_its_target_in_the_same_bar():
    """Low first: bought at 95 on the way down, sold at 105 on the way up; high first: still held."""
    for close, fills in ((104, [(1, 95.0), (-1, 105.0)]), (98, [(1, 95.0)])):
        desk = Desk(path=r.OHLC)
        desk.slots["plan_target"], desk.slots["plan_stop"] = 105.0, 80.0
        desk.wait("limit", 1, 10, 95.0)
        assert [(side, price) for side, _, price, _ in desk.play(100, 106, 94, close)] == fills


def test_what_trails_follows_the_path():
    """Up to 120 and back: stopped 5 below the high in the same bar."""
    desk = Desk(path=r.OHLC)
    desk.hold(10, 100.0, trail=5.0)
    assert desk.play(100, 120, 96, 99) == [(-1, 10, 115.0, r.TRAILED)]


def test_one_fill_cancels_its_group_and_nothing_else():
    """The group's other order is gone, an order of no group stays."""
    desk = Desk()
    desk.wait("limit", 1, 10, 95.0)
    desk.wait("stop", 1, 10, 105.0)
    desk.wait("limit", 1, 10, 80.0)
    for i, group in enumerate((7, 7, 0)):
        order = desk.slots[0].orders.waiting[i]
        order.group, order.serial = group, i + 1
    assert desk.play(100, 106, 94, 100) == [(1, 10, 95.0, 20)]
    assert desk.slots["orders"]["waits"][0] == 1
    assert desk.slots[0].orders.waiting[0].price == 80.0


def test_volume_lets_a_part_fill_and_the_rest_wait():
    """Half of a volume of 1 over lots of 0.1 is five: a market order takes two bars, a protective exit too."""
    desk = Desk(participation_fraction=0.5, lot=0.1)
    desk.wait("market", 1, 8)
    assert [fill[:3] for fill in desk.play(100, 101, 99, 100)] == [(1, 5, 100.0)]
    desk.slots[0].orders.waiting[0].since_ns = 0
    assert [fill[:3] for fill in desk.play(100, 101, 99, 100)] == [(1, 3, 100.0)]
    desk.slots[0].position.stop = 95.0
    assert [fill[:3] for fill in desk.play(100, 101, 94, 96)] == [(-1, 5, 95.0)]
    assert desk.slots[0].position.stop == 0.0
    desk.slots[0].orders.waiting[0].since_ns = 0
    assert [fill[:3] for fill in desk.play(96, 101, 94, 96)] == [(-1, 3, 96.0)]


@pytest.mark.parametrize("force", [r.IMMEDIATE, r.ALL_OR_NONE])
def test_what_cannot_wait_is_canceled(force):
    """Of 8 wanted 5 can be had: immediate takes them, all-or-none takes nothing; neither leaves anything behind."""
    desk = Desk(participation_fraction=0.5, lot=0.1)
    desk.wait("market", 1, 8, force=force)
    assert [fill[1] for fill in desk.play(100, 101, 99, 100)] == ([5] if force == r.IMMEDIATE else [])
    assert desk.slots["orders"]["waits"][0] == 0
