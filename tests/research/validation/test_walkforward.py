"""Walking forward: what is searched, what is traded, and how it is put together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from algobot.errors import StrategyError, UsageError
from algobot.kernel.session import Session
from algobot.market.store import Series
from algobot.research import backtest
from algobot.research.validation.search import Found, Grid, combinations, score_of
from algobot.research.validation.splits import walk_forward
from algobot.research.validation.verdict import judged, stability
from algobot.research.validation.walkforward import cut, timeline, walk
from algobot.strategies import registry
from tests.kernel.markets import model_bars, plain, random_bars

HOUR_NS = 3600 * 10**9
VALUES = {"fast": [3, 5], "slow": [10, 20]}
LIMITS = plain(taker_fee=0.001, maker_fee=0.001, position_fraction=0.9, slippage=0.0005)


def history(count: int = 1500, seed: int = 3) -> list[Series]:
    """Return random hourly bars of one symbol."""
    return [Series("X", HOUR_NS, random_bars(count, seed, step=0.01, span_ns=HOUR_NS))]


def fixed(series: list[Series], trade_from_ns: int) -> Found:
    """Choose the same whatever the past was."""
    return Found({"fast": 3, "slow": 10}, 1.0, 1)


def test_a_search_sees_its_training_bars_and_nothing_later():
    """What it is handed ends at the end of training; trading begins at its start; what leads only warms up."""
    series = history()
    windows = walk_forward(1500, 500, 200, purge=10, embargo=5)
    seen = []

    def spying(part: list[Series], trade_from_ns: int) -> Found:
        seen.append((part[0].bars.copy(), trade_from_ns))
        return fixed(part, trade_from_ns)

    walk(registry.load("ma_crossover"), series, LIMITS, windows, spying, values=VALUES, lead_bars=30)
    bars = series[0].bars
    for window, (part, trade_from_ns) in zip(windows, seen, strict=True):
        first = max(window.train_start - 30, 0)
        assert (part == bars[first : window.train_end]).all()
        assert trade_from_ns == bars["close_ns"][window.train_start]
        assert part["close_ns"][-1] <= bars["open_ns"][window.test_start - 15]


def test_each_test_is_a_paper_bot_warmed_up_on_the_bars_before():
    """Bar by bar through a session of its own, end to end by growth; what is held at the end is sold with its cost."""
    series, strategy = history(), registry.load("ma_crossover")
    windows = walk_forward(1500, 500, 200)
    found = walk(strategy, series, LIMITS, windows, fixed, values=VALUES, lead_bars=30)
    equity, curve, sold = LIMITS.capital, [], 0
    for window in windows:
        session = Session(strategy, {"fast": 3, "slow": 10}, LIMITS)
        for bar in model_bars(series[0].bars[max(window.train_start - 30, 0) : window.test_start]):
            session.warm(bar)
        part = []
        for bar in model_bars(series[0].bars[window.test_start : window.test_end]):
            session.step(bar)
            part.append(session.last_equity)
        sold += session.position_lots != 0
        part[-1] -= abs(session.position_lots) * LIMITS.lot * bar.close * (LIMITS.taker_fee + LIMITS.slippage)
        curve += [value / LIMITS.capital * equity for value in part]
        equity = curve[-1]
    assert found.curve.tolist() == pytest.approx(curve, rel=1e-12)
    assert sold > 0
    assert found.result.outside.return_fraction == pytest.approx(equity / LIMITS.capital - 1)
    assert found.result.outside.trades == sum(step.outside.trades for step in found.result.steps) > 20
    assert (np.diff(found.close_ns) == HOUR_NS).all()


def test_the_grid_takes_the_best_of_every_combination_in_sample():
    """The chosen parameters are the best of all four by hand; the score is the objective's."""
    series, strategy = history(800), registry.load("ma_crossover")
    trials = combinations(strategy, VALUES)
    assert len(trials) == 4
    since_ns = int(series[0].bars["close_ns"][30])
    for objective in ("sharpe", "return", "expectancy"):
        found = Grid(strategy, trials, LIMITS, objective)(series, since_ns)
        outcomes = [backtest.run(strategy, one, series, LIMITS, trade_from_ns=since_ns) for one in trials]
        scores = [score_of(outcome, objective) for outcome in outcomes]
        assert found == Found(trials[int(np.argmax(scores))], max(scores), 4)


def test_combinations_leave_out_what_makes_no_sense_and_refuse_what_never_does():
    """A fast average is never above the slow one; a value out of bounds is an error at once."""
    strategy = registry.load("ma_crossover")
    made = combinations(strategy, {"fast": [5, 10, 20], "slow": [10, 20]})
    assert made == [{"fast": f, "slow": s} for f, s in itertools.product((5, 10, 20), (10, 20)) if f < s]
    with pytest.raises(StrategyError, match="fast is 0"):
        combinations(strategy, {"fast": [0, 5]})
    with pytest.raises(StrategyError, match="no parameter 'fats'"):
        combinations(strategy, {"fats": [5]})
    with pytest.raises(UsageError, match="none of 1 combinations"):
        combinations(strategy, {"fast": [30], "slow": [20]})
    with pytest.raises(UsageError, match="combinations"):
        combinations(strategy, {"fast": list(range(1, 501)), "slow": list(range(2, 501))})


def test_an_objective_that_is_none_is_refused():
    """With the words there are."""
    with pytest.raises(UsageError, match="no objective 'luck'"):
        Grid(registry.load("ma_crossover"), [{}], LIMITS, "luck")(history(300), 0)


def test_several_symbols_are_cut_at_the_same_times():
    """A symbol that begins later takes no part before; the account is one."""
    first, second = history()[0], Series("Y", HOUR_NS, random_bars(1500, 8, span_ns=HOUR_NS)[700:])
    times = timeline([first, second])
    assert len(times.open_ns) == 1500
    assert [one.symbol for one in cut([first, second], times, 0, 600)] == ["X"]
    windows = walk_forward(1500, 500, 200)
    found = walk(registry.load("ma_crossover"), [first, second], LIMITS, windows, fixed, values=VALUES)
    assert [len(trips) > 10 for trips in found.trips] == [True, True]
    alone = walk(registry.load("ma_crossover"), [first], LIMITS, windows, fixed, values=VALUES)
    assert found.curve[:199].tolist() == alone.curve[:199].tolist()
    assert found.curve[-1] != alone.curve[-1]


def test_stability_counts_changes_and_how_far_they_go():
    """The spread is of the range that was searched, not of what was chosen."""
    chosen = [{"fast": 5, "slow": 20}, {"fast": 7, "slow": 20}, {"fast": 5, "slow": 20}]
    fast, slow = stability(chosen, {"fast": [5, 7, 9], "slow": [20]})
    assert (fast.changes, fast.spread_fraction) == (2, 0.5)
    assert (slow.changes, slow.spread_fraction) == (0, 0.0)


@pytest.mark.parametrize(
    ("facts", "word", "said"),
    [
        ((8, 0.3, 100, 0.7, 0.75), "holds up", "earned 30.0%"),
        ((8, -0.1, 100, 0.7, 0.75), "fails", "lost 10.0%"),
        ((8, 0.3, 100, 0.2, 0.75), "doubtful", "fits the past"),
        ((8, 0.3, 100, 0.7, 0.5), "doubtful", "fewer than 60%"),
        ((8, 0.3, 100, None, 0.75), "doubtful", "earned nothing where they were chosen"),
        ((3, 0.3, 100, 0.7, 0.75), "doubtful", "too few"),
        ((8, 0.3, 9, 0.7, 0.75), "doubtful", "too few"),
    ],
)
def test_the_verdict_says_why(facts, word, said):
    """Each bound that is not kept is named."""
    verdict = judged(*facts)
    assert verdict.word == word
    assert said in " ".join(verdict.reasons)
