"""Walking forward: what is searched, what is traded, and how it is put together."""

from __future__ import annotations

import numpy as np
import pytest

from algobot.errors import UsageError
from algobot.kernel.session import Session
from algobot.market.store import Series
from algobot.research import backtest
from algobot.research.search import methods
from algobot.research.search.goals import OBJECTIVES, goal
from algobot.research.search.space import space
from algobot.research.tape import tape
from algobot.research.validation.figures import returns_of
from algobot.research.validation.search import Found, Searching, longest_warmup, returns_by_trial
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


def searching(objective: str = "sharpe", method: str = "grid", values: dict[str, object] = VALUES) -> Searching:
    """Return a search over `values`."""
    strategy = registry.load("ma_crossover")
    where = space(strategy, {}, values)
    begin = methods.chosen(method, where, trials=6, seed=3, objectives=1)
    return Searching(strategy, LIMITS, begin, goal((objective,), 1))


@pytest.mark.parametrize("objective", ["sharpe", "return", "expectancy", "max_drawdown"])
def test_a_search_takes_the_best_of_every_combination_in_sample(objective):
    """The chosen parameters are the best of all four by backtests of their own."""
    series, strategy = history(800), registry.load("ma_crossover")
    since_ns = int(series[0].bars["close_ns"][30])
    found = searching(objective)(series, since_ns)
    field, more = OBJECTIVES[objective]
    trials = [{"fast": fast, "slow": slow} for fast in (3, 5) for slow in (10, 20)]
    worths = []
    for trial in trials:
        metrics = backtest.run(strategy, trial, series, LIMITS, trade_from_ns=since_ns).metrics
        worths.append(getattr(metrics, field) * (1 if more else -1))
    best = trials[int(np.argmax(worths))]
    assert found.tried == 4
    assert {name: found.params[name] for name in best} == best
    assert found.score == pytest.approx(max(worths), rel=1e-9)


def test_a_search_that_learns_begins_anew_and_finds_the_same_again():
    """Any method of the search room; what one window taught is not carried into the next."""
    series = history(600)
    search = searching(method="tpe", values={"fast": "2:9", "slow": "10:60"})
    since_ns = int(series[0].bars["close_ns"][60])
    first, second = search(series, since_ns), search(series, since_ns)
    assert first == second
    assert first.tried == 6


def test_combinations_that_make_no_sense_are_not_tried_and_none_left_is_told():
    """A fast average is never above the slow one."""
    assert searching(values={"fast": [5, 10, 20], "slow": [10, 20]})(history(300), 0).tried == 3
    with pytest.raises(UsageError, match="nothing to try makes sense"):
        searching(values={"fast": [30], "slow": [20]})(history(300), 0)


def test_the_longest_warm_up_is_that_of_the_longest_periods():
    """By the ends of what is searched; what is fixed counts as it is."""
    strategy = registry.load("ma_crossover")
    assert longest_warmup(space(strategy, {}, {"fast": "5:20:5", "slow": [30, 120, 60]})) == 120
    assert longest_warmup(space(strategy, {"atr_period": 200}, {"fast": [5, 6]})) == 201


def test_returns_by_trial_are_those_of_backtests():
    """Column by column, bit by bit."""
    series, strategy = history(500), registry.load("ma_crossover")
    since_ns = int(series[0].bars["close_ns"][30])
    trials = [strategy.params({"fast": fast, "slow": 20}) for fast in (3, 4, 5, 6, 7)]
    found = returns_by_trial(strategy, LIMITS, trials, tape(series, since_ns))
    for column, params in zip(found.T, trials, strict=True):
        outcome = backtest.run(strategy, params._asdict(), series, LIMITS, trade_from_ns=since_ns)
        assert column.tolist() == returns_of(outcome.curve, LIMITS.capital).tolist()
    assert found.shape == (470, 5)


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
