"""Bars and where they come from: folding, walking inside a bar, recordings."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import DataError
from algobot.simulator.candles import INTERVALS, Candle, Klines, bucket
from algobot.simulator.sources import Replay, Synthetic, load, walk

from .builders import some_bars, write_bars

MINUTE = 60_000


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 200), asked=st.integers(0, 200), name=st.sampled_from(["3m", "5m", "1h"]))
def test_higher_bars_are_the_same_whenever_they_are_first_asked_for(count: int, asked: int, name: str) -> None:
    """Folded from the whole history or bar by bar, a timeframe holds the same bars, and only whole ones are shown."""
    bars = some_bars(count)
    early, late = Klines(MINUTE), Klines(MINUTE)
    for number, bar in enumerate(bars):
        if number == asked:
            early.fold(INTERVALS[name])
        early.close(bar)
        late.close(bar)
    shown = early.query(INTERVALS[name], None, None, 1000, forming=False)
    assert shown == late.query(INTERVALS[name], None, None, 1000, forming=False)
    for candle in shown:
        inside = [b for b in bars if bucket(b.open_ms, INTERVALS[name]) == candle.open_ms]
        assert (candle.open, candle.close) == (inside[0].open, inside[-1].close)
        assert (candle.high, candle.low) == (max(b.high for b in inside), min(b.low for b in inside))
        assert candle.open_ms + INTERVALS[name] <= bars[-1].open_ms + MINUTE


def test_klines_answer_from_a_start_forwards_and_else_backwards() -> None:
    """With a start the first bars from there, without one the latest, both oldest first."""
    bars = some_bars(10)
    klines = Klines(MINUTE)
    for bar in bars:
        klines.close(bar)
    assert klines.query(MINUTE, None, None, 3, forming=False) == bars[-3:]
    assert klines.query(MINUTE, bars[4].open_ms, None, 3, forming=False) == bars[4:7]
    assert klines.query(MINUTE, bars[3].open_ms + 1, bars[5].open_ms, 9, forming=False) == bars[4:6]
    assert klines.query(MINUTE, None, bars[5].open_ms, 2, forming=False) == bars[4:6]
    half = msgspec.structs.replace(bars[-1], open_ms=bars[-1].open_ms + MINUTE)
    klines.forming = half
    assert klines.query(MINUTE, None, None, 2, forming=True) == [bars[-1], half]
    assert klines.query(MINUTE, None, None, 2, forming=False) == bars[-2:]


@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, 29), steps=st.integers(4, 60), seed=st.integers(0, 99))
def test_a_walk_gives_back_its_bar(number: int, steps: int, seed: int) -> None:
    """The prints of a bar begin at its open, touch both extremes, end at its close and never leave it."""
    bar = some_bars(30)[number]
    points = walk(bar, steps, Random(seed))
    prices = [p.price for p in points]
    assert (prices[0], prices[-1]) == (bar.open, bar.close)
    assert (max(prices), min(prices)) == (bar.high, bar.low)
    assert len(points) == steps
    assert all(0 <= a.offset < b.offset < 1 for a, b in itertools.pairwise(points))


def a_process(seed: int) -> Synthetic:
    """Return a synthetic source of one hundred past bars."""
    return Synthetic(100.0, 0.01, base_ms=MINUTE, start_ms=10 * MINUTE, history=100, steps=4, random=Random(seed))


def test_the_same_seed_gives_the_same_prices() -> None:
    """Two processes of one seed agree bar by bar and print by print; another seed does not."""
    one, two, other = a_process(7), a_process(7), a_process(8)
    assert one.history() == two.history() != other.history()
    assert [one.next() for _ in range(50)] == [two.next() for _ in range(50)]


def test_synthetic_bars_are_bars() -> None:
    """High and low enclose open and close, each bar opens where the last closed, and times follow each other."""
    source = a_process(3)
    bars = [*source.history(), *(source.next()[0] for _ in range(2000))]
    for before, bar in itertools.pairwise(bars):
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.open == before.close
        assert bar.open_ms == before.open_ms + MINUTE
    assert bars[100].open_ms == 10 * MINUTE


def test_a_recording_is_read_back_bit_by_bit(tmp_path: Path) -> None:
    """Bars go into a file and come out equal; their length is told from their spacing."""
    bars = some_bars(20, step_ms=300_000)
    found = load(write_bars(tmp_path / "bars.parquet", bars), MINUTE)
    assert found.candles == bars
    assert found.base_ms == 300_000


def test_recorded_trades_become_bars_and_their_own_path(tmp_path: Path) -> None:
    """Trades are cut at the minute; the prints of a bar are the trades themselves."""
    path = tmp_path / "trades.parquet"
    times = [60_000, 90_000, 119_999, 120_000, 240_500]
    prices = [10.0, 12.0, 9.0, 11.0, 11.5]
    columns = {"time": times, "price": prices, "qty": [1.0] * 5, "buyer_is_maker": [True, False] * 2 + [True]}
    pq.write_table(pa.table(columns), path)
    found = load(path, MINUTE)
    assert found.candles == [
        Candle(60_000, 10.0, 12.0, 9.0, 9.0, 3.0),
        Candle(120_000, 11.0, 11.0, 11.0, 11.0, 1.0),
        Candle(240_000, 11.5, 11.5, 11.5, 11.5, 1.0),
    ]
    assert [(p.offset, p.price, p.buyer_is_maker) for p in found.trades[60_000]] == [
        (0.0, 10.0, True),
        (0.5, 12.0, False),
        (59_999 / 60_000, 9.0, True),
    ]


def test_a_looping_replay_starts_over_with_later_times() -> None:
    """The second round has the same prices, its times go on where the first ended."""
    bars = some_bars(5)
    source = Replay(bars, base_ms=MINUTE, start_ms=bars[2].open_ms, history=9, steps=4, random=Random(1), loop=True)
    assert source.history() == bars[:2]
    shown = [found[0] for found in (source.next() for _ in range(6)) if found is not None]
    assert shown[:3] == bars[2:]
    assert [b.open_ms - a.open_ms for a, b in itertools.pairwise(shown)] == [MINUTE] * 5
    assert [b.close for b in shown[3:]] == [b.close for b in bars[2:]]


@pytest.mark.parametrize("field", ["high", "low", "close", "volume"])
def test_a_bar_that_is_none_is_refused_with_its_time(tmp_path: Path, field: str) -> None:
    """NaN anywhere in a file names the bar instead of becoming a price."""
    bars = some_bars(5)
    bars[3] = msgspec.structs.replace(bars[3], **{field: float("nan")})
    with pytest.raises(DataError, match=str(bars[3].open_ms)):
        load(write_bars(tmp_path / "bad.parquet", bars), MINUTE)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """Neither a missing file nor a text file nor other columns are taken for bars."""
    text, other = tmp_path / "x.parquet", tmp_path / "y.parquet"
    text.write_text("time,open")
    pq.write_table(pa.table({"a": [1]}), other)
    for path in (tmp_path / "absent.parquet", text, other):
        with pytest.raises(DataError):
            load(path, MINUTE)
