"""Made-up bars are bars, whatever is done to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel.session import check_bar
from algobot.market.store import as_bar
from algobot.model import timeframe_ns
from algobot.research.validation.check.market import made_up, nudged, other_future


@given(seed=st.integers(0, 1000), count=st.integers(2, 400), span=st.sampled_from(["1m", "1h", "1d"]))
@settings(max_examples=25, deadline=None)
def test_they_can_be_traded_on_also_nudged_and_with_another_future(seed, count, span):
    """Every bar passes the session's own test; times follow one another."""
    bars = made_up(count, timeframe_ns(span), seed)
    assert len(bars) == count
    for some in (bars, nudged(bars, seed), other_future(bars, count // 2, seed)):
        for row in some:
            check_bar(as_bar(row))
        assert (some["open_ns"][1:] == some["close_ns"][:-1]).all()


def test_another_future_leaves_the_past_alone():
    """All bars before the cut are the same bits, all after it are others."""
    bars = made_up(300)
    changed = other_future(bars, 200, 5)
    assert (changed[:200] == bars[:200]).all()
    assert (changed["close"][200:] != bars["close"][200:]).all()


def test_a_nudge_is_a_few_bits_and_keeps_what_is_equal_equal_and_what_is_above_above():
    """The order of all prices stays as it was, ties included."""
    bars = made_up(2000)
    moved = nudged(bars, 3)
    names = ("open", "high", "low", "close")
    before = np.concatenate([bars[name] for name in names])
    after = np.concatenate([moved[name] for name in names])
    assert (before != after).mean() > 0.8
    assert after == pytest.approx(before, rel=1e-14)
    order = np.argsort(before, kind="stable")
    assert (np.sign(np.diff(before[order])) == np.sign(np.diff(after[order]))).all()


def test_they_are_of_every_kind():
    """Flat stretches, gaps, bars without volume, quiet and wild times: or the checks would say little."""
    bars = made_up(3000)
    flat = bars["high"] == bars["low"]
    assert 20 < flat.sum() < 600
    assert (bars["volume"] == 0).sum() > 5
    assert (bars["open"][1:] != bars["close"][:-1]).sum() > 100
    ranges = ((bars["high"] - bars["low"]) / bars["close"])[:3000].reshape(-1, 100).mean(axis=1)
    assert ranges.max() > 4 * ranges.min()
