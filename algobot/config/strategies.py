"""Whether every bot's strategy exists and takes its parameters. Loads numba: nothing light imports this module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as FilePath

from algobot.config.problems import InvalidConfig, Path, Problem, did_you_mean
from algobot.config.sections import BotSection, Config
from algobot.errors import StrategyError
from algobot.strategies import registry


def check_strategies(config: Config, where: Callable[[Path], str] = lambda path: "configuration") -> None:
    """Do nothing when all bots can be built; `where` (`Loaded.where`) adds file and line.

    Raises:
        StrategyError: with every bot whose strategy is unknown or whose parameters it does not take.
    """
    directory = FilePath(config.daemon.strategies_dir) if config.daemon.strategies_dir else None
    found: list[Problem] = []
    if directory is not None and not directory.is_dir():
        path: Path = ("daemon", "strategies_dir")
        found.append(Problem(where(path), path, f"{directory} is no folder", "make it, or leave the setting empty"))
    for name, bot in config.bots.items():
        path, error = _judged(name, bot, directory)
        if error is not None:
            remedy = error.hint
            if bot.strategy not in registry.names(directory):
                remedy = did_you_mean(bot.strategy, registry.names(directory))
            found.append(Problem(where(path), path, error.message, remedy))
    if found:
        raise InvalidStrategies(found)


class InvalidStrategies(InvalidConfig, StrategyError):
    """Bots name strategies that do not exist, or parameters those do not take."""

    code = StrategyError.code


def _judged(name: str, bot: BotSection, directory: FilePath | None) -> tuple[Path, StrategyError | None]:
    try:
        strategy = registry.load(bot.strategy, directory)
    except StrategyError as error:
        return ("bots", name, "strategy"), error
    try:
        strategy.params(bot.params)
    except StrategyError as error:
        named = next((word for word in bot.params if f"{word!r}" in error.message or f" {word} " in error.message), "")
        return ("bots", name, "params", *([named] if named else [])), error
    return ("bots", name), None
