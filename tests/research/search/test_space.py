"""What may be tried, as a person writes it, and the ways to choose from it."""

from __future__ import annotations

import dataclasses
import importlib.util

import pytest

from algobot.errors import StrategyError, UsageError
from algobot.research.search import methods
from algobot.research.search.methods import Batch, Method
from algobot.research.search.space import Space, grid_words, space
from algobot.strategies import registry

CROSS = registry.load("ma_crossover")


def a_space(**grid: object) -> Space:
    """Return what may be tried of the crossover."""
    return space(CROSS, {"atr_period": 5}, grid)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("5,8,13", (5, 8, 13)),
        (" 5, 8 ,8,", (5, 8)),
        ("5:20:5", (5, 10, 15, 20)),
        ("5:21:5", (5, 10, 15, 20)),
        ("5:8", (5, 6, 7, 8)),
        ([5, 8], (5, 8)),
        (7, (7,)),
    ],
)
def test_whole_numbers_are_lists_and_ranges(said, values):
    """The end of a range belongs to it; a value comes once."""
    assert a_space(fast=said).axes[0].values == values


def test_real_numbers_are_as_they_are_written():
    """Tenths add up to tenths; without a step anything between is meant."""
    assert a_space(stop_atr="0:0.5:0.1").axes[0].values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    free = a_space(stop_atr="0.5:3").axes[0]
    assert (free.values, free.low, free.high) == ((), 0.5, 3.0)


@pytest.mark.parametrize(
    ("grid", "error", "words"),
    [
        ({}, UsageError, "nothing to search"),
        ({"fats": "1,2"}, StrategyError, "no parameter 'fats'"),
        ({"fast": "1,x"}, UsageError, "'x' is not a whole number"),
        ({"fast": "1.5"}, UsageError, "'1.5' is not a whole number"),
        ({"fast": "0,5"}, StrategyError, "fast is 0"),
        ({"fast": "5:900:5"}, StrategyError, "fast is 505"),
        ({"stop_atr": "nan"}, UsageError, "not a finite number"),
        ({"stop_atr": "0:inf"}, UsageError, "not a finite number"),
        ({"stop_atr": "1:500"}, StrategyError, "stop_atr is 500"),
        ({"fast": "9:5"}, UsageError, "names no values"),
        ({"fast": "5:9:0"}, UsageError, "names no values"),
        ({"fast": "5:9:-1"}, UsageError, "names no values"),
        ({"fast": "1:2:3:4"}, UsageError, "names no values"),
        ({"fast": []}, UsageError, "names no values"),
        ({"fast": {"from": 1}}, UsageError, "names no values"),
        ({"fast": ["a"]}, StrategyError, "fast is 'a'"),
        ({"stop_atr": "0:1:0.000001"}, UsageError, "1,000,001 values"),
    ],
)
def test_words_that_name_no_values_are_refused(grid, error, words):
    """With the parameter, the value, and what to write."""
    with pytest.raises(error, match=words) as caught:
        a_space(**grid)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_options_are_name_and_values():
    """Anything else is refused."""
    assert grid_words(("fast=1,2", "slow=5:9")) == {"fast": "1,2", "slow": "5:9"}
    for word in ("fast", "fast=", "fast=,"):
        with pytest.raises(UsageError, match="is not NAME=VALUES"):
            grid_words((word,))


def test_combinations_leave_out_what_makes_no_sense():
    """Fast must be below slow; what is not searched keeps its value, and what is searched overrules it."""
    some = space(CROSS, {"atr_period": 5, "fast": 99}, {"fast": "10,30", "slow": "20,40"})
    found = list(some.combinations())
    assert [(one.fast, one.slow) if one else None for one in found] == [(10, 20), (10, 40), None, (30, 40)]
    assert {one.atr_period for one in found if one} == {5}
    assert some.size == 4


def test_a_grid_has_no_real_numbers_without_a_step_and_is_not_too_large():
    """The error says how many runs it would be, and what to do."""
    with pytest.raises(UsageError, match="every value of stop_atr") as caught:
        methods.chosen("grid", a_space(stop_atr="0:3"), trials=1, seed=0, objectives=1)
    assert "stop_atr=0:3:0.3" in caught.value.hint
    large = a_space(fast="1:499", slow="2:500")
    with pytest.raises(UsageError, match=r"249,001 combinations on 3 markets") as caught:
        methods.chosen("grid", large, trials=1, seed=0, objectives=1, markets=3)
    assert "--method random" in caught.value.hint


def asked(method: Method, worth: float = 1.0) -> list[Batch]:
    """Return the batches a method asks for when all is worth the same."""
    batches = [next(method)]
    while True:
        try:
            batches.append(method.send([(worth * at,) if one else None for at, one in enumerate(batches[-1])]))
        except StopIteration:
            return batches


def test_random_draws_each_once_and_the_same_again():
    """As many as asked for, none that makes no sense; another seed draws others."""
    some = a_space(fast="1:50", slow="20:100", stop_atr="0:3")
    (first,) = asked(methods.random(some, 200, 7))
    (again,) = asked(methods.random(some, 200, 7))
    (other,) = asked(methods.random(some, 200, 8))
    assert first == again
    assert first != other
    assert len(set(first)) == 200
    assert all(one is not None and one.fast < one.slow for one in first)


def test_random_takes_all_there_is_if_that_is_less():
    """And ends where nothing more can be found."""
    assert len(asked(methods.random(a_space(fast="3,5"), 50, 0))[0]) == 2
    none = dataclasses.replace(CROSS, problem=lambda params: "never")
    assert asked(methods.random(space(none, {}, {"fast": "1:100", "stop_atr": "0:1"}), 3, 0)) == [[]]


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="the extra `search` is not installed")
@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_a_sampler_asks_for_the_same_when_it_hears_the_same(name):
    """That is what a study goes on by; every value is one of those asked for."""
    some = a_space(fast="5,8,13,21", slow="20:100:20", stop_atr="0:3")
    batches = [asked(methods.sampled(name, some, 60, 3, 1)) for _ in range(2)]
    assert batches[0] == batches[1]
    every = [one for batch in batches[0] for one in batch]
    assert len(every) == 60
    assert {one.fast for one in every if one} <= {5, 8, 13, 21}
    assert all(one is None or 0.0 <= one.stop_atr <= 3.0 for one in every)


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="the extra `search` is not installed")
@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_a_sampler_learns_where_the_best_is(name):
    """A hill at stop_atr 2: its last draws are nearer than its first."""
    method = methods.sampled(name, a_space(stop_atr="0:100", target_atr="0:100"), 160, 1, 1)
    batch, far = next(method), []
    try:
        while True:
            far += [abs(one.stop_atr - 2.0) for one in batch if one]
            batch = method.send([(-abs(one.stop_atr - 2.0),) if one else None for one in batch])
    except StopIteration:
        pass
    assert sum(far[-40:]) < 0.5 * sum(far[:40])


def test_what_a_method_cannot_do_is_said():
    """CMA-ES has one objective; a generation needs its trials."""
    with pytest.raises(UsageError, match="one objective"):
        methods.chosen("cmaes", a_space(fast="1:5"), trials=100, seed=0, objectives=2)
    with pytest.raises(UsageError, match="cannot learn from 50 trials"):
        methods.chosen("nsga2", a_space(fast="1:5"), trials=50, seed=0, objectives=2)


def test_a_sampler_that_is_not_installed_names_the_extra(monkeypatch):
    """Grid and random need nothing."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs optuna") as caught:
        methods.chosen("tpe", a_space(fast="1:5"), trials=100, seed=0, objectives=1)
    assert "algobot[search]" in caught.value.hint
    methods.chosen("random", a_space(fast="1:5"), trials=3, seed=0, objectives=1)
