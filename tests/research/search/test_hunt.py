"""A search as a whole: what it runs, what it keeps, where it goes on, what it finds best."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import DataError, LockHeld, UsageError
from algobot.market.store import Series
from algobot.research import backtest
from algobot.research.search import goals, methods, verdict
from algobot.research.search.hunt import Found, Open, hunt
from algobot.research.search.markets import markets
from algobot.research.search.space import space
from algobot.research.search.study import FILE, Study, identity, name_of
from algobot.research.search.sweep import Sweep
from algobot.research.tape import Tape
from algobot.strategies import registry
from tests.kernel.markets import plain, random_bars

HOUR_NS = 3600 * 10**9
CROSS = registry.load("ma_crossover")
COSTLY = plain(taker_fee=0.001)
GRID = {"fast": "3:12:3", "slow": "10,20,40"}  # 12, of which 12 at slow 10 makes no sense


def series(symbol: str, seed: int, count: int = 600) -> Series:
    """Return random hourly bars."""
    return Series(symbol, HOUR_NS, random_bars(count, seed, span_ns=HOUR_NS))


BARS = [series("A", 1), series("B", 2), series("C", 3)]


class Counted:
    """Runs like a sweep, counts, and can break off."""

    def __init__(self, threads: int = 2, most: int = 10**9) -> None:
        self.runs, self._threads, self._most = 0, threads, most

    def __call__(self, tape: Tape) -> Any:
        sweep = Sweep(CROSS, COSTLY, tape, self._threads)

        def stream(jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
            for at, score in sweep.stream(jobs):
                if self.runs == self._most:
                    raise KeyboardInterrupt
                self.runs += 1
                yield at, score

        return stream


def search(
    evaluate: Open, folder: Path | None = None, method: str = "grid", words: tuple[str, ...] = ("sharpe",)
) -> Found:
    """Search the crossover on two symbols, alone and together."""
    places = markets(BARS[:2], (), 1)
    some = space(CROSS, {}, GRID)
    begin = methods.chosen(method, some, trials=40, seed=5, objectives=1, markets=len(places))
    with Study(folder, identity(CROSS, COSTLY, BARS[:2], 0)) as study:
        return hunt(places, begin, goals.goal(("sharpe",), 1), study, evaluate)


def plainly(found: Found) -> list[Any]:
    """Return what can be compared bit for bit."""
    return [(one.market.label, one.params, one.score.tobytes(), one.worth) for one in found.trials]


def test_every_combination_runs_once_on_every_market():
    """In the order of markets and grid, whichever thread was first."""
    counted = Counted()
    found = search(counted)
    assert [one.market.label for one in found.trials] == ["A"] * 11 + ["B"] * 11 + ["A+B"] * 11
    assert (counted.runs, found.skipped, found.known) == (33, 3, 0)
    assert plainly(found) == plainly(search(Counted(threads=1)))


@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_a_search_that_was_cut_off_goes_on_to_the_same_end(tmp_path, method):
    """Nothing known is run again, a half-written last line is dropped."""
    pytest.importorskip("optuna")
    whole_runs = Counted()
    whole = search(whole_runs, None, method)
    with pytest.raises(KeyboardInterrupt):
        search(Counted(most=15), tmp_path, method)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'["A",[3,10,0.0')
    kept = len((tmp_path / FILE).read_text().splitlines()) - 2
    assert 0 < kept <= 15
    rest = Counted()
    again = search(rest, tmp_path, method)
    assert rest.runs == whole_runs.runs - kept
    assert again.known == kept
    assert plainly(again) == plainly(whole)
    third = Counted()
    assert plainly(search(third, tmp_path, method)) == plainly(whole)
    assert third.runs == 0


def test_a_study_of_something_else_is_refused_and_says_what_differs(tmp_path):
    """Bars, settings, strategy, the moment trading begins."""
    first = identity(CROSS, COSTLY, BARS[:2], 0)
    Study(tmp_path, first).close()
    changed = Series("B", HOUR_NS, BARS[1].bars.copy())
    changed.bars["close"][300] *= 1.0001
    for other, words in (
        (identity(CROSS, COSTLY._replace(taker_fee=0.002), BARS[:2], 0), r"setting taker_fee was 0\.001, now 0\.002"),
        (identity(CROSS, COSTLY, [BARS[0], changed], 0), "the bars of B have changed"),
        (identity(CROSS, COSTLY, BARS, 0), "C only now"),
        (identity(CROSS, COSTLY, BARS[:2], 5), "another --from"),
        (identity(registry.load("turtle"), COSTLY, BARS[:2], 0), "strategy ma_crossover, now turtle"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            Study(tmp_path, other)
        assert "another --study" in caught.value.hint
        assert name_of(other) != name_of(first)
    Study(tmp_path, first).close()


def test_a_study_is_one_searchs_at_a_time_and_says_where_it_is_damaged(tmp_path):
    """Two writers would mix; a damaged line is not skipped over."""
    what = identity(CROSS, COSTLY, BARS[:1], 0)
    with Study(tmp_path, what), pytest.raises(LockHeld, match="another search is writing"):
        Study(tmp_path, what)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"rubbish\n")
    with pytest.raises(DataError, match=r"study\.jsonl:2: damaged"):
        Study(tmp_path, what)


def test_the_best_is_the_best_of_whole_backtests():
    """Ranked by the objective, and the same numbers as a backtest's."""
    found = search(Counted())
    order = goals.ranking([one.worth for one in found.trials])
    best = found.trials[order[0]]
    sharpes = [
        backtest.run(CROSS, one.params._asdict(), one.market.series, COSTLY).metrics.sharpe for one in found.trials
    ]
    assert best.score["sharpe"] == pytest.approx(max(value for value in sharpes if value is not None), rel=1e-9)
    outcome = verdict.again(CROSS, COSTLY, best, found.trials)
    assert outcome.metrics.trials == 33
    assert outcome.metrics.deflated_sharpe is not None
    alone = backtest.run(CROSS, best.params._asdict(), best.market.series, COSTLY).metrics
    assert alone.deflated_sharpe is not None
    assert outcome.metrics.deflated_sharpe < alone.deflated_sharpe


def test_runs_with_few_trades_do_not_count():
    """Nor does a figure that is none; what does not count is never best."""
    found = search(Counted())
    aim = goals.goal(("sharpe",), 20)
    worths = [aim.worth(one.score) for one in found.trials]
    assert None in worths
    assert all(worth is None or one.score["trades"] >= 20 for one, worth in zip(found.trials, worths, strict=True))
    assert len(goals.ranking(worths)) == len(worths) - worths.count(None)


def test_an_objective_that_there_is_not_names_the_nearest():
    """Or all of them."""
    with pytest.raises(UsageError) as caught:
        goals.goal(("sharp",), 1)
    assert caught.value.hint == "did you mean sharpe?"
    with pytest.raises(UsageError, match="no objective 'x'"):
        goals.goal(("x",), 1)


WORTHS = st.lists(st.none() | st.tuples(st.integers(0, 5).map(float), st.integers(0, 5).map(float)), max_size=30)


@given(worths=WORTHS)
@settings(max_examples=200, deadline=None)
def test_nothing_in_the_trade_off_is_beaten(worths):
    """All that is unbeaten comes first, by the first objective; every one that counts comes once."""
    order = goals.ranking(worths)
    assert sorted(order) == [at for at, worth in enumerate(worths) if worth is not None]
    ranked = [worths[at] for at in order]

    def beaten(worth: tuple[float, ...]) -> bool:
        return any(o != worth and o[0] >= worth[0] and o[1] >= worth[1] for o in ranked)

    front = [worth for worth in ranked if not beaten(worth)]
    assert ranked[: len(front)] == front == sorted(front, key=lambda worth: -worth[0])


def test_combinations_of_symbols_and_lengths_of_bars_are_markets():
    """From so many symbols on up to all of them, at every timeframe."""
    labels = [one.label for one in markets(BARS, ("1h", "4h"), 2)]
    pairs = ["A+B", "A+C", "B+C", "A+B+C"]
    assert labels == [f"{pair} {span}" for span, pair in itertools.product(("1h", "4h"), pairs)]
    assert [one.label for one in markets(BARS, ())] == ["A+B+C"]
    four = markets(BARS[:1], ("4h",))[0].series[0]
    assert four.span_ns == 4 * HOUR_NS
    assert len(four.bars) in (149, 150)
    for bars, frames, least, words in (
        (BARS, (), 4, "combinations of 4 of 3 symbols"),
        (BARS, ("90m",), 0, "no multiple"),
        ([BARS[0], BARS[0]], (), 0, "have one name"),
        (BARS, ("30d",), 0, "not one whole bar of 30d"),
        ([series(str(at), 1, 5) for at in range(14)], (), 1, "16,383 combinations of symbols"),
    ):
        with pytest.raises(UsageError, match=words):
            markets(bars, frames, least)
