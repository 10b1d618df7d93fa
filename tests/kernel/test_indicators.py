"""Higher bars inside the fold, deviations at many periods, and what a record refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel.indicators import resample
from algobot.kernel.jit import kernel
from algobot.kernel.records import float64, record
from algobot.model import MINUTE_NS
from tests.kernel.indicators import catalogue, over
from tests.kernel.markets import START_NS, random_bars


@pytest.mark.parametrize("period", [2, 5, 20, 100])
def test_stdev_and_zscore_are_the_direct_formula(period):
    """Against two passes over each window, to 1e-9 (TA-Lib's own difference of sums is less exact than that)."""
    market = random_bars(2000)
    close = market["close"]
    sliding = np.lib.stride_tricks.sliding_window_view(close, period)
    direct = sliding.std(axis=1)
    ours = over(catalogue(period)["stdev"], market)[period - 1 :, 0]
    np.testing.assert_allclose(ours, direct, rtol=1e-9)
    scores = over(catalogue(period)["zscore"], market)[period - 1 :, 0]
    np.testing.assert_allclose(scores, (close[period - 1 :] - sliding.mean(axis=1)) / direct, rtol=1e-6, atol=1e-9)


@kernel
def run_resample(state, bars, span, out):
    """Write down each higher bar and when it was seen."""
    count = 0
    for i in range(len(bars)):
        if resample.resample(state[0], bars[i], span):
            done = state[0].done
            out[count, 0] = done.open_ns
            out[count, 1] = done.close_ns
            out[count, 2] = done.open
            out[count, 3] = done.high
            out[count, 4] = done.low
            out[count, 5] = done.close
            out[count, 6] = done.volume
            out[count, 7] = bars[i].close_ns
            count += 1
    return count


@given(span=st.integers(1, 12), missing=st.sets(st.integers(0, 119), max_size=60), first=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_higher_bar_is_its_parts_and_never_seen_before_its_end(span, missing, first):
    """Whatever is missing, each higher bar is made of its span's bars and appears only once that span is over."""
    bars = random_bars(120)
    shift = first * MINUTE_NS - START_NS
    bars["open_ns"] += shift
    bars["close_ns"] += shift
    bars = bars[[i for i in range(120) if i not in missing]]
    out = np.zeros((121, 8))
    count = run_resample(np.zeros(1, resample.RESAMPLE), bars, span * MINUTE_NS, out)
    seen = set()
    for row in out[:count]:
        inside = bars[(bars["open_ns"] >= row[0]) & (bars["close_ns"] <= row[1])]
        assert row[2:6].tolist() == [inside[0]["open"], inside["high"].max(), inside["low"].min(), inside[-1]["close"]]
        assert row[6] == pytest.approx(inside["volume"].sum())
        assert row[7] >= row[1] == row[0] + span * MINUTE_NS
        seen.add(row[0])
    complete = {row["open_ns"] // (span * MINUTE_NS) for row in bars if row["close_ns"] % (span * MINUTE_NS) == 0}
    assert {int(start) // (span * MINUTE_NS) for start in seen} >= complete


def test_a_record_refuses_names_numpy_uses():
    """`mean` as a field would be numpy's method when interpreted: refused when the record is declared."""
    with pytest.raises(ValueError, match="mean"):
        record(mean=float64)
