from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis.strategies import floats, lists

from algobot.market.ticks import TickFilter, bar_fault, is_price
from algobot.model import MINUTE_NS, SECOND_NS, Bar, Quote, Side, Symbol, Trade

SYMBOL = Symbol("BTC/USDT")


def a_quote(mid: float, at_s: int = 0, *, spread: float = 0.001, event_s: int | None = None) -> Quote:
    """Return a quote around `mid`, received at `at_s`."""
    event_ns = (at_s if event_s is None else event_s) * SECOND_NS
    return Quote(SYMBOL, mid * (1 - spread / 2), mid * (1 + spread / 2), event_ns, at_s * SECOND_NS)


def a_bar(close: float = 100.0, minute: int = 0, **changes: float) -> Bar:
    """Return a one-minute bar that is fine but for `changes`."""
    values = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1.0} | changes
    return Bar(minute * MINUTE_NS, (minute + 1) * MINUTE_NS, **values)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_what_is_no_price_passes_neither_as_a_quote_nor_as_a_bar(price: float) -> None:
    """NaN compares false with everything, so the test must be put the right way round."""
    sane = TickFilter()
    assert not sane.quote(Quote(SYMBOL, price, 100.0, 0, 0))
    assert not sane.quote(Quote(SYMBOL, 100.0, price, 0, 0))
    for field in ("open", "high", "low", "close"):
        assert not sane.bar(SYMBOL, a_bar(**{field: price}))
    assert sane.rejected["not_a_price"] == 6


@pytest.mark.parametrize("volume", [math.nan, math.inf, -1.0])
def test_a_volume_that_cannot_be_is_refused(volume: float) -> None:
    """Zero volume is a quiet minute and passes."""
    assert bar_fault(a_bar(volume=volume)) == "not_a_price"
    assert bar_fault(a_bar(volume=0.0)) == ""


def test_bars_that_contradict_themselves_are_refused() -> None:
    """The high is the highest, the low the lowest, and a bar ends after it begins."""
    assert bar_fault(a_bar(high=99.5)) == "contradiction"
    assert bar_fault(a_bar(low=100.5)) == "contradiction"
    assert bar_fault(a_bar(open=102.0)) == "contradiction"
    assert bar_fault(Bar(60, 60, 1.0, 1.0, 1.0, 1.0, 1.0)) == "contradiction"
    assert bar_fault(a_bar(high=1000.0)) == "wick"
    assert bar_fault(a_bar(low=10.0)) == "wick"


def test_one_spike_is_refused_and_the_next_good_price_passes() -> None:
    """A price ten times the last good one is a misprint."""
    sane = TickFilter()
    assert [sane.quote(a_quote(mid, at)) for at, mid in enumerate([100.0, 1000.0, 101.0, 10.0, 99.0])] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert sane.rejected == {"collar": 2}


def test_a_level_the_market_stays_at_is_accepted_after_a_few_prices() -> None:
    """A genuine gap must not silence a symbol for ever; disagreeing prices never add up to one."""
    sane = TickFilter()
    assert sane.quote(a_quote(100.0))
    assert [sane.quote(a_quote(50.0 + at, at)) for at in range(1, 7)] == [False, False, False, False, True, True]
    scattered = [10.0, 500.0, 9.0, 600.0, 8.0, 700.0, 7.0, 800.0]
    assert not any(sane.quote(a_quote(mid, 10 + at)) for at, mid in enumerate(scattered))


def test_crossed_wide_old_and_future_quotes_are_refused() -> None:
    """Each for its own reason, and none of them moves what is known."""
    sane = TickFilter()
    assert sane.quote(a_quote(100.0, 100))
    assert not sane.quote(Quote(SYMBOL, 101.0, 100.0, 101 * SECOND_NS, 101 * SECOND_NS))
    assert not sane.quote(a_quote(100.0, 102, spread=0.8))
    assert not sane.quote(a_quote(100.0, 103, event_s=99))
    assert not sane.quote(a_quote(100.0, 104, event_s=4000))
    assert sane.quote(a_quote(100.0, 105))
    assert sane.rejected == {"crossed": 1, "wide": 1, "backwards": 1, "ahead": 1}


def test_bars_of_two_lengths_do_not_make_each_other_old() -> None:
    """Five-minute bars open before the one-minute bars they contain."""
    sane = TickFilter()
    five = Bar(0, 5 * MINUTE_NS, 100.0, 101.0, 99.0, 100.0, 1.0)
    assert sane.bar(SYMBOL, a_bar(minute=3))
    assert sane.bar(SYMBOL, five)
    assert sane.bar(SYMBOL, a_bar(minute=3)), "the same bar, still growing"
    assert not sane.bar(SYMBOL, a_bar(minute=2))
    assert sane.rejected == {"backwards": 1}


def test_an_anchor_from_history_guards_the_very_first_price() -> None:
    """Without it the first price, however wrong, is believed."""
    sane = TickFilter()
    sane.anchor(SYMBOL, 100.0)
    assert not sane.quote(a_quote(1.0))
    assert TickFilter().quote(a_quote(1.0))


@given(lists(floats(allow_nan=True, allow_infinity=True), max_size=40))
def test_whatever_comes_only_prices_pass(values: list[float]) -> None:
    """No sequence of garbage gets a non-price through."""
    sane = TickFilter()
    for at, value in enumerate(values):
        if sane.quote(Quote(SYMBOL, value, value, at, at)):
            assert is_price(value)
        if sane.bar(SYMBOL, Bar(at, at + 1, value, value, value, value, 0.0)):
            assert is_price(value)


def a_trade(price: float, at_s: int = 0, *, quantity: float = 1.0, event_s: int | None = None) -> Trade:
    """Return a print, received at `at_s`."""
    event_ns = (at_s if event_s is None else event_s) * SECOND_NS
    return Trade(SYMBOL, price, quantity, Side.BUY, event_ns, at_s * SECOND_NS)


def test_a_trade_is_held_against_the_last_good_price_and_our_clock() -> None:
    """No price, no quantity, far off or from the future: refused; a little out of order passes."""
    sane = TickFilter()
    assert sane.trade(a_trade(100.0, 10))
    assert sane.trade(a_trade(101.0, 10, event_s=9))
    for junk in (math.nan, math.inf, 0.0, -1.0):
        assert not sane.trade(a_trade(junk, 11))
        assert not sane.trade(a_trade(100.0, 11, quantity=junk))
    assert not sane.trade(a_trade(150.0, 11))
    assert not sane.trade(a_trade(100.0, 11, event_s=11 + 61))
    assert sane.rejected == {"not_a_price": 8, "collar": 1, "ahead": 1}
    assert not sane.quote(a_quote(150.0, 11)), "trades move the anchor that quotes are held against"
