"""Strategies by name, built in and a person's own, and what happens to broken ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from algobot.errors import StrategyError
from algobot.kernel.session import Session
from algobot.strategies import registry
from tests.kernel.markets import model_bars, own_strategy, plain, random_bars

MINE = '''"""Always long."""
from typing import NamedTuple
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, target
from algobot.kernel.records import int64, record

class Params(NamedTuple):
    every: int = 2
    share: float = 0.5
    eager: bool = True

STATE = record(bars=int64)
REASONS = {1: "bar {bar:.0f}"}

@kernel
def on_bar(state, bar, position, params, orders):
    state.bars += 1
    if params.eager and state.bars % params.every == 0:
        target(orders, params.share)
        because(orders, 1, state.bars)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder only its owner can write."""
    tmp_path.chmod(0o755)
    return tmp_path


def put(folder: Path, text: str, name: str = "mine") -> Path:
    """Write a strategy's file."""
    file = folder / f"{name}.py"
    file.write_text(text)
    file.chmod(0o644)
    return file


def test_the_built_in_ones_are_there_and_say_what_they_do():
    """Each name once, each with a summary and parameters that have bounds."""
    assert registry.names() == registry.BUILT_IN
    assert len(set(registry.names())) == len(registry.names())
    for name in registry.names():
        strategy = registry.load(name)
        assert strategy.summary.endswith(".")
        assert all(info.low <= info.default <= info.high for info in strategy.parameters())


def test_ones_own_file_is_a_strategy_like_the_others(folder):
    """It is listed after the built-in ones, loads, and trades."""
    put(folder, MINE, "mine-2")
    put(folder, "X = 1\n", "_shared")
    assert registry.names(folder) == (*registry.BUILT_IN, "mine-2")
    strategy = registry.load("mine-2", folder)
    session = Session(strategy, {"every": 3}, plain())
    words = []
    for bar in model_bars(random_bars(6)):
        session.step(bar)
        words.append(session.decision.word)
    assert words == ["keep", "keep", "long", "keep", "keep", "long"]
    assert session.decision.reason == "bar 6"
    assert session.decision.values == {"bar": 6.0}
    assert session.position_lots > 0


def test_an_edited_file_is_a_new_strategy(folder):
    """In the same process: the next load runs the new text, what runs already goes on, the layouts differ."""
    put(folder, MINE)
    before = Session(registry.load("mine", folder), {}, plain())
    put(folder, MINE.replace("params.share)", "-params.share)"))
    after = Session(registry.load("mine", folder), {}, plain(allow_short=True))
    for bar in model_bars(random_bars(3)):
        before.step(bar)
        after.step(bar)
    assert before.position_lots > 0 > after.position_lots
    assert before.layout != after.layout


def test_two_strategies_with_equal_records_do_not_collide(folder):
    """Same parameters, same state, other code: each runs its own."""
    put(folder, MINE)
    put(folder, MINE.replace("params.share)", "0.0)"), "idle")
    one = Session(registry.load("mine", folder), {}, plain())
    two = Session(registry.load("idle", folder), {}, plain())
    for bar in model_bars(random_bars(5)):
        one.step(bar)
        two.step(bar)
    assert one.position_lots > 0
    assert two.position_lots == 0


def test_an_unknown_name_lists_what_there_is(folder):
    """The error names the strategy and the hint the others."""
    with pytest.raises(StrategyError, match="no strategy named 'ma_crosover'") as told:
        registry.load("ma_crosover", folder)
    assert "ma_crossover" in told.value.hint


@pytest.mark.parametrize(
    ("params", "message", "hint"),
    [
        ({"fats": 3}, "no parameter 'fats'", "did you mean 'fast'"),
        ({"zzz": 3}, "no parameter 'zzz'", "it has: fast, slow"),
        ({"fast": 2.5}, "parameter fast is 2.5", "a whole number"),
        ({"fast": True}, "parameter fast is True", "a whole number"),
        ({"fast": "3"}, "parameter fast is '3'", "a whole number"),
        ({"fast": 0}, "parameter fast is 0", "from 1 to 500"),
        ({"slow": 501}, "parameter slow is 501", "from 2 to 500"),
        ({"stop_atr": float("nan")}, "parameter stop_atr is nan", "from 0 to 100"),
        ({"stop_atr": float("inf")}, "parameter stop_atr is inf", "from 0 to 100"),
        ({"fast": 50, "slow": 20}, "fast 50 is not below slow 20", ""),
    ],
)
def test_parameters_are_checked_by_name_type_and_bounds(params, message, hint):
    """Each error names the parameter and its value, each hint says what it may be."""
    with pytest.raises(StrategyError, match=message) as told:
        registry.load("ma_crossover").params(params)
    assert hint in told.value.hint


def test_a_whole_number_will_do_for_a_number():
    """`stop_atr = 2` in a file is 2.0."""
    assert registry.load("ma_crossover").params({"stop_atr": 2}).stop_atr == 2.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("STATE = record(bars=int64)", "STATE = record(bars=", "mine.py:12: SyntaxError"),
        ("STATE = record(bars=int64)", "STATE = record(sum=int64)", "mine.py:12: ValueError: .*'sum'"),
        ("import int64, record", "import int65, record", "mine.py:5: ImportError"),
        ("STATE = ", "STAT = ", "declares no STATE"),
        ("STATE = record(bars=int64)", "STATE = 3", "STATE is 3"),
        ("class Params(NamedTuple)", "class Params", "Params is not a NamedTuple"),
        ("every: int = 2", "every: int", "parameter every has no default"),
        ("every: int = 2", "every: str = 'x'", "parameter every is a str"),
        ("every: int = 2", "every: int = 2.5", "parameter every is 2.5"),
        ("every: int = 2", "size: int = 2", "'size'"),
        ("def on_bar(state, bar, position, params, orders)", "def on_bar(state, bar)", "on_bar takes 2"),
        ('{1: "bar {bar:.0f}"}', '{1: "bar {bar:.0f"}', "REASONS"),
        ('{1: "bar {bar:.0f}"}', '{"x": "bar"}', "REASONS"),
    ],
)
def test_a_broken_file_says_where(folder, old, new, message):
    """File, line where there is one, and what is wrong; never a traceback."""
    assert old in MINE
    put(folder, MINE.replace(old, new))
    with pytest.raises(StrategyError, match=message) as told:
        registry.load("mine", folder)
    assert str(folder / "mine.py") in told.value.message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("state.nothing += 1", "mine.py:17: AttributeError: .*nothing"),
        ("state.bars += unknown_name", "mine.py:17: NameError: name 'unknown_name'"),
        ("target(orders)", "mine.py:17: TypeError: not enough arguments"),
        ("import os; os.getpid()", "mine.py:17: .*IMPORT_NAME"),
        ("if bar.close > 5: state.bars += bar.nothing", "mine.py: a record has no field 'nothing'"),
    ],
)
def test_a_fold_that_cannot_be_compiled_says_so_when_it_is_made(folder, wrong, message):
    """Found before a bar is folded, with the file and the word that is wrong."""
    put(folder, MINE.replace("state.bars += 1", wrong))
    strategy = registry.load("mine", folder)
    with pytest.raises(StrategyError, match=message):
        Session(strategy, {}, plain())


def test_files_others_can_write_are_refused(folder):
    """Loading code is running it: a file or folder open to others is refused with the remedy."""
    file = put(folder, MINE)
    file.chmod(0o664)
    with pytest.raises(StrategyError, match="can be written by others") as told:
        registry.load("mine", folder)
    assert "chmod go-w" in told.value.hint
    file.chmod(0o644)
    folder.chmod(0o777)
    with pytest.raises(StrategyError, match="can be written by others"):
        registry.load("mine", folder)


def test_a_built_in_name_cannot_be_taken(folder):
    """A person's file of the same name is not used: a bot's strategy never changes by a stray file."""
    put(folder, MINE, "ma_crossover")
    assert registry.names(folder) == registry.names()
    assert "fast" in registry.load("ma_crossover", folder).Params._fields


def test_a_folder_that_is_not_there_has_no_strategies(folder):
    """The built-in ones still load; its others are unknown."""
    gone = folder / "gone"
    assert registry.names(gone) == registry.names()
    with pytest.raises(StrategyError, match="no strategy"):
        registry.load("mine", gone)


def test_the_tests_own_strategy_keeps_its_words(folder):
    """Tags of its own are words in fills and requests."""
    session = Session(own_strategy("scribbler", folder), {"calm": 1}, plain(allow_short=True))
    tags = {fill.tag for bar in model_bars(random_bars(600, step=0.02)) for fill in session.step(bar)}
    assert {"scribble", "17", "entry", "exit"} <= tags
    assert os.path.exists(folder / "scribbler.py")  # noqa: PTH110
