"""The configuration that is shipped: complete, valid, and safe."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from algobot import config
from algobot.cli.init import FIRST
from algobot.config.strategies import check_strategies
from algobot.model import BotMode

SHIPPED = Path(__file__).parents[2] / "config.toml"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The shipped file with an owner and mode of its own."""
    file = tmp_path / "config.toml"
    shutil.copyfile(SHIPPED, file)
    file.chmod(0o600)
    return file


def fields(wanted: Any, value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Every field a configuration has: path (`*` for a name), default or None, and the first value written, if any."""
    found = []
    for field in msgspec.structs.fields(wanted):
        here = (*path, field.name)
        written = value.get(field.name) if isinstance(value, dict) else None
        kind = field.type
        if get_origin(kind) is dict and issubclass_of_struct(get_args(kind)[1]):
            first = next(iter(written.values())) if written else None
            found += fields(get_args(kind)[1], first, (*here, "*"))
        elif issubclass_of_struct(kind):
            found += fields(kind, written, here)
        else:
            default = None if field.default is msgspec.NODEFAULT else msgspec.to_builtins(field.default)
            found.append((here, default, written))
    return found


def issubclass_of_struct(kind: Any) -> bool:
    """Whether a field holds a section of its own."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def test_it_says_every_setting_there_is_with_its_default() -> None:
    """The first of each kind of section shows all fields, and the optional ones as they are when left out."""
    for path, default, written in fields(config.Config, tomllib.loads(SHIPPED.read_text())):
        assert written is not None, f"{'.'.join(path)} is not in config.toml"
        if default is not None:
            assert str(written) == str(default) or float(written) == float(default), path


def test_it_loads_and_trades_on_paper_only(shipped: Path) -> None:
    """Four bots, no keys, nothing armed."""
    loaded = config.load(shipped, env={"HOME": "/nonexistent"})
    assert len(loaded.bots) == 4
    assert {bot.strategy for bot in loaded.bots.values()} == {"ma_crossover", "trend_following", "mean_reversion"}
    assert all(bot.mode is BotMode.PAPER for bot in loaded.bots.values())
    assert not any(account.live or account.key_file for account in loaded.accounts.values())


def test_its_strategies_exist_and_take_their_parameters(shipped: Path) -> None:
    """What is shipped can be built."""
    check_strategies(config.load(shipped, env={"HOME": "/nonexistent"}))


def test_its_example_for_real_money_is_valid_once_uncommented(shipped: Path) -> None:
    """Taking the `#` away from the example gives a configuration with one live bot."""
    head, example = shipped.read_text().split("# [accounts.spot]")
    example = re.sub(r"(?m)^# ?", "", "# [accounts.spot]" + example)
    shipped.write_text(head + example)
    loaded = config.load(shipped, env={"HOME": "/nonexistent"})
    assert [name for name, bot in loaded.bots.items() if bot.mode is BotMode.LIVE] == ["btc-live"]


def test_the_first_configuration_of_init_is_valid_and_on_paper(shipped: Path) -> None:
    """`algobot init` writes something that runs."""
    shipped.write_text(FIRST)
    loaded = config.load(shipped, env={"HOME": "/nonexistent"})
    check_strategies(loaded)
    assert all(bot.mode is BotMode.PAPER for bot in loaded.bots.values())
