"""Many runs on all cores: the numbers of `research.metrics`, whatever the thread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel.records import FILL
from algobot.kernel.session import Settings, SimFill
from algobot.market.store import Series
from algobot.research import backtest
from algobot.research.metrics import measure
from algobot.research.metrics.measure import Span
from algobot.research.search import scores
from algobot.research.search.sweep import Sweep
from algobot.research.tape import tape
from algobot.research.trades import round_trips
from algobot.strategies import registry
from tests.kernel.markets import plain, random_bars

HOUR_NS = 3600 * 10**9
FIELDS = (
    *("sharpe", "sortino", "calmar", "return_fraction", "max_drawdown_fraction"),
    *("profit_factor", "win_fraction", "expectancy", "trades"),
)
COSTLY = plain(taker_fee=0.001, maker_fee=0.0005, slippage=0.0002, allow_short=True)


def series(symbol: str, count: int, seed: int) -> Series:
    """Return random hourly bars."""
    return Series(symbol, HOUR_NS, random_bars(count, seed, span_ns=HOUR_NS))


def agree(row: object, metrics: object) -> None:
    """Fail unless every figure of the sweep is that of the metrics."""
    for name in FIELDS:
        ours, theirs = float(row[name]), getattr(metrics, name)  # type: ignore[index]
        if theirs is None:
            assert not math.isfinite(ours), name
        else:
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", ["ma_crossover", "trend_following"])
def test_figures_equal_those_of_the_metrics_on_the_same_run(name, threads):
    """For one symbol and for three that share an account, with a stretch that only warms up."""
    strategy = registry.load(name)
    alone, together = [series("A", 3000, 3)], [series(word, 2000 + 100 * at, at) for at, word in enumerate("ABC")]
    from_ns = int(alone[0].bars["close_ns"][150])
    chosen = [strategy.Params(), strategy.params({strategy.parameters()[0].name: 9})]
    for some, since in ((alone, 0), (alone, from_ns), (together, 0)):
        found = Sweep(strategy, COSTLY, tape(some, since), threads).run(chosen)
        assert (found["trades"] > 10).all()
        for params, row in zip(chosen, found, strict=True):
            agree(row, backtest.run(strategy, params._asdict(), some, COSTLY, trade_from_ns=since).metrics)


def test_a_lost_account_and_one_without_trades_have_no_ratios():
    """What cannot be said is not a number, as it is None in the metrics."""
    strategy = registry.load("ma_crossover")
    falling = series("A", 400, 1)
    for setting, slow in ((COSTLY._replace(position_fraction=60.0, max_position_fraction=60.0), 20), (COSTLY, 500)):
        params = {"fast": 3, "slow": slow}
        row = Sweep(strategy, setting, tape([falling]), 1).run([strategy.params(params)])[0]
        agree(row, backtest.run(strategy, params, [falling], setting).metrics)


FILLS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([-1, 1]), st.integers(1, 9), st.floats(1, 100), st.floats(-0.5, 0.5)),
    max_size=60,
)


@given(fills=FILLS, cut=st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_positions_are_followed_as_the_trades_table_does(fills, cut):
    """Any fills, turned positions included, taken over in pieces."""
    rows = np.zeros(len(fills), FILL)
    for row, (symbol, side, lots, price, fee) in zip(rows, fills, strict=True):
        row["symbol"], row["side"], row["lots"], row["price"], row["fee"] = symbol, side, lots, price, fee
        row["ts_ns"] = 1
    tallies = scores.fresh(2)
    scores.tally(tallies, rows[:cut], 0.5)
    scores.tally(tallies, rows[cut:], 0.5)
    score = np.zeros(1, scores.SCORE)
    curve = np.linspace(100.0, 110.0, 30)
    scores.figures(score, tallies, curve.copy(), 100.0, 0.0, 0.0)
    trips = []
    for symbol in (0, 1):
        mine = [SimFill(1, side, lots, price, fee, False, "") for at, side, lots, price, fee in fills if at == symbol]
        trips += round_trips(mine, 0.5)
    agree(score[0], measure(curve, curve, np.arange(1, 31), 100.0, trips))


@given(steps=st.lists(st.floats(-0.3, 0.4), min_size=1, max_size=50), start=st.floats(1, 1e6))
@settings(max_examples=100, deadline=None)
def test_the_curve_is_measured_as_the_metrics_do(steps, start):
    """Flat, rising, falling: the same ratios, or none."""
    curve = start * np.cumprod(1.0 + np.array(steps))
    close_ns = np.arange(1, len(curve) + 1) * 24 * HOUR_NS
    score = np.zeros(1, scores.SCORE)
    span = Span.of(close_ns)
    scores.figures(score, scores.fresh(1), curve.copy(), start, span.years, span.per_year)
    agree(score[0], measure(curve, curve, close_ns, start, []))


def test_results_do_not_depend_on_the_threads_or_on_what_ran_before():
    """Buffers are reused; nothing of one run is left for the next."""
    strategy = registry.load("ma_crossover")
    bars = tape([series("A", 1500, 1)])
    jobs = [strategy.params({"fast": 2 + at, "slow": 60}) for at in range(20)]
    once = Sweep(strategy, COSTLY, bars, 1).run(jobs)
    other = Sweep(strategy, COSTLY, bars, 3).run(jobs[::-1])[::-1]
    assert once.tobytes() == other.tobytes()


def test_a_search_that_is_left_begins_no_more_runs():
    """Closing the stream waits for the runs under way and for no other."""
    strategy = registry.load("ma_crossover")
    sweep = Sweep(strategy, COSTLY, tape([series("A", 300, 1)]), 2)
    begun: list[int] = []

    class Jobs(list[Any]):
        def __getitem__(self, at: int) -> Any:  # type: ignore[override]
            begun.append(at)
            return super().__getitem__(at)

    stream = sweep.stream(Jobs([strategy.params({"fast": 3})] * 100_000))
    next(stream)
    stream.close()
    assert 1 <= len(begun) < 100_000


def test_what_fails_in_a_thread_fails_the_search():
    """Not a hang, not a missing row."""
    strategy = registry.load("ma_crossover")
    sweep = Sweep(strategy, COSTLY, tape([series("A", 300, 1)]), 2)
    with pytest.raises(ValueError, match="could not assign"):
        sweep.run([strategy.Params(), (1, 2)])


def test_settings_are_those_of_the_engine():
    """A setting of the account reaches every worker."""
    strategy = registry.load("ma_crossover")
    bars = tape([series("A", 2000, 4)])
    half: Settings = COSTLY._replace(position_fraction=0.1)
    rows = [Sweep(strategy, some, bars, 1).run([strategy.Params()])[0] for some in (COSTLY, half)]
    assert rows[0]["max_drawdown_fraction"] > rows[1]["max_drawdown_fraction"] > 0
