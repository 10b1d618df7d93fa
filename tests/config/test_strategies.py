"""A bot's strategy and its parameters are judged before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from algobot import config
from algobot.config.strategies import InvalidStrategies, check_strategies
from tests.config.conftest import GOOD, Write


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        (
            "ma_crossover",
            "ma_crosover",
            "config.toml:11: bots.btc-cross.strategy: no strategy named 'ma_crosover'; did",
        ),
        ("fast = 20", "fst = 20", "config.toml:16: bots.btc-cross.params.fst: strategy ma_crossover has no parameter"),
        ("fast = 20", "fast = 0", "config.toml:16: bots.btc-cross.params.fast: strategy ma_crossover: parameter fast"),
        (
            "fast = 20",
            "fast = 2.5",
            "config.toml:16: bots.btc-cross.params.fast: strategy ma_crossover: parameter fast",
        ),
    ],
)
def test_a_wrong_strategy_names_line_and_remedy(write: Write, good: str, bad: str, told: str) -> None:
    """An unknown name, an unknown parameter, and one out of its bounds."""
    loaded = config.load_with_origins(write(GOOD.replace(good, bad)), env={"HOME": "/nonexistent"})
    with pytest.raises(InvalidStrategies) as raised:
        check_strategies(loaded.config, loaded.where)
    assert raised.value.exit_code == 2
    assert raised.value.code == "strategy.invalid"
    (problem,) = raised.value.problems
    assert Path(str(problem)).name.startswith(told) or told in str(problem)


def test_a_strategies_folder_that_is_not_there_is_told(write: Write) -> None:
    """Before a bot's strategy is not found for that reason."""
    text = GOOD.replace("[daemon]", '[daemon]\nstrategies_dir = "nowhere"')
    loaded = config.load_with_origins(write(text), env={"HOME": "/nonexistent"})
    with pytest.raises(InvalidStrategies, match=r"config.toml:2: daemon.strategies_dir: .*nowhere is no folder"):
        check_strategies(loaded.config, loaded.where)
