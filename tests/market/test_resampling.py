"""Longer bars: what the kernel makes of the same bars inside a strategy, and what a venue itself would give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import UsageError
from algobot.kernel.indicators.resample import RESAMPLE
from algobot.kernel.indicators.resample import resample as step
from algobot.market.resampling import resample
from algobot.market.store import read_bars
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars


def folded(bars, into_ns: int) -> list[tuple]:
    """Return the bars that the kernel's step closes, one bar after the other."""
    state = np.zeros(1, RESAMPLE)[0]
    return [tuple(state.done.item()) for bar in bars if step(state, bar, into_ns)]


@settings(max_examples=80, deadline=None)
@given(
    without=st.sets(st.integers(0, 119)),
    start=st.integers(0, 59),
    into=st.sampled_from([2, 5, 15, 60]),
)
def test_it_is_what_a_strategy_sees(without, start, into):
    """Bit for bit, but for a first bar that began before the bars do, and what the kernel closes late or not at all."""
    bars = some_bars(120, start_ns=JAN_NS + start * MINUTE_NS, without=tuple(without))
    made = resample(bars, MINUTE_NS, into * MINUTE_NS)
    seen = {bar[0]: bar for bar in folded(bars, into * MINUTE_NS)}
    for bar in made.bars:
        if bar["open_ns"] in seen:
            assert tuple(bar.item()) == seen[bar["open_ns"]]
    assert set(made.bars["open_ns"].tolist()) >= set(list(seen)[1:-1])
    assert (
        len(bars) - made.left_out
        == np.isin(bars["open_ns"] // (into * MINUTE_NS), made.bars["open_ns"] // (into * MINUTE_NS)).sum()
    )


def test_a_first_and_a_last_bar_that_are_not_whole_are_left_out() -> None:
    """They would change with more data; a hole inside makes a bar of what there is."""
    bars = some_bars(18, start_ns=JAN_NS + 3 * MINUTE_NS, without=(8,))
    made = resample(bars, MINUTE_NS, 5 * MINUTE_NS)
    assert ((made.bars["open_ns"] - JAN_NS) // MINUTE_NS).tolist() == [5, 10, 15]
    assert (made.left_out, made.thin) == (3, 1)
    assert len(resample(bars[:0], MINUTE_NS, 5 * MINUTE_NS).bars) == 0
    assert len(resample(bars[:4], MINUTE_NS, 60 * MINUTE_NS).bars) == 0


def test_numbers_of_a_bar_by_hand() -> None:
    """First open, highest high, lowest low, last close, sum of volumes, and its whole time."""
    bars = some_bars(5)
    bar = resample(bars, MINUTE_NS, 5 * MINUTE_NS).bars[0]
    volume = 0.0
    for one in bars["volume"].tolist():
        volume += one
    want = (JAN_NS, JAN_NS + 5 * MINUTE_NS, bars["open"][0], bars["high"].max(), bars["low"].min(), bars["close"][-1])
    assert tuple(bar.item()) == (*want, volume)


@pytest.mark.parametrize("into", [1, 3 * MINUTE_NS // 2, MINUTE_NS])
def test_only_whole_multiples_can_be_made(into):
    """Anything else would cut bars apart."""
    with pytest.raises(UsageError, match="no multiple"):
        resample(some_bars(5), MINUTE_NS, into)


def test_real_minutes_make_the_venues_own_hours(real_file):
    """Prices to the digit, volumes to a sum's rounding."""
    minutes = read_bars(real_file("BINANCE_BTC_USDT_1m"))
    hours = read_bars(real_file("BINANCE_BTC_USDT_1h")).bars
    made = resample(minutes.bars, minutes.span_ns, 60 * MINUTE_NS).bars
    theirs = hours[np.isin(hours["open_ns"], made["open_ns"])]
    assert len(made) == len(theirs) > 2000
    for name in ("open_ns", "open", "high", "low", "close"):
        np.testing.assert_array_equal(made[name], theirs[name])
    np.testing.assert_allclose(made["volume"], theirs["volume"], rtol=1e-9)
