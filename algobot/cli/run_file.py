"""A run file: what a backtest or a search needs, in TOML.

strategy = "ma_crossover"
data = ["binance:BTC/USDT:1h"]    # or a file, from the folder of this one
from = 2024-01-01

[params]
fast = 10

[settings]                        # the options of the same names
capital = 10_000
fee = 0.001

[grid]                            # what `algobot optimize` tries
fast = [5, 8, 13]
slow = "20:100:10"
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from algobot.config.problems import Path as Keys
from algobot.config.problems import Problem, did_you_mean, shown
from algobot.errors import ConfigError, StrategyError
from algobot.model import Param

if TYPE_CHECKING:
    from algobot.config.source import FileOrigin
    from algobot.kernel.strategy import Strategy

_TEXT: Final = "a text"
_TEXTS: Final = "a text or a list of texts"
_TIME: Final = "a date or time, like 2025-07-01"
_TABLE: Final = "a table"
_KINDS: Final[dict[str, str]] = {
    "strategy": _TEXT,
    "data": _TEXTS,
    "symbols": _TEXTS,
    "funding": _TEXTS,
    "from": _TIME,
    "to": _TIME,
    "strategies_dir": _TEXT,
    "params": _TABLE,
    "settings": _TABLE,
    "grid": _TABLE,
    "best": _TABLE,  # what `algobot optimize --write-best` found; nothing reads it
}
_TABLES: Final = ("params", "settings", "grid")


class RunFile(NamedTuple):
    """A run file read: every key is known and of its type; tables that it lacks are empty."""

    path: Path | None
    tree: dict[str, Any]
    origin: FileOrigin | None

    def where(self, keys: Keys) -> str:
        """Return file and line of a key."""
        return self.origin.where(keys) if self.origin else ""

    def params(self, strategy: Strategy) -> dict[str, Param]:
        """Return its parameters, each one checked by itself. Raises ConfigError with the line."""
        lenient = dataclasses.replace(strategy, problem=None)
        chosen: dict[str, Param] = {}
        for name, value in self.tree["params"].items():
            try:
                chosen[name] = getattr(lenient.params({name: value}), name)
            except StrategyError as error:
                raise ConfigError(f"{self.where(('params', name))}: {error.message}", hint=error.hint) from None
        return chosen


def read_run_file(path: Path | None, settings: Mapping[str, click.ParamType[Any]]) -> RunFile:
    """Return what the file says; without one, nothing is said. Paths in it are from its own folder.

    Raises:
        ConfigError: missing, not TOML, an unknown key or a wrong value; says the line and the nearest name.
    """
    if path is None:
        return RunFile(None, {name: {} for name in _TABLES}, None)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file", hint="a run file says strategy and data; see docs/optimize.md")
    from algobot.config.source import read_file

    tree, origin = read_file(path)
    problems = [*_problems(tree, origin), *_setting_problems(tree, settings, origin)]
    if problems:
        raise ConfigError("\n  ".join(map(str, problems)), hint="docs/optimize.md shows a run file")
    return RunFile(path, _plain(tree, path.resolve().parent), origin)


def _problems(tree: Mapping[str, Any], origin: FileOrigin) -> Iterator[Problem]:
    for key, value in tree.items():
        where = origin.where((key,))
        if key not in _KINDS:
            yield Problem(where, (key,), "there is no such key", did_you_mean(key, _KINDS))
        elif not _fits(_KINDS[key], value):
            yield Problem(where, (key,), f"is {shown((key,), value)}", f"it must be {_KINDS[key]}")


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "a table":
            return isinstance(value, dict)
        case "a text":
            return isinstance(value, str)
        case "a text or a list of texts":
            return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        case _:
            return isinstance(value, str | datetime.date)


def _setting_problems(
    tree: Mapping[str, Any], known: Mapping[str, click.ParamType[Any]], origin: FileOrigin
) -> Iterator[Problem]:
    table = tree.get("settings", {})
    for key, value in table.items() if isinstance(table, dict) else ():
        path = ("settings", key)
        if key not in known:
            yield Problem(origin.where(path), path, "there is no such setting", did_you_mean(key, known))
            continue
        if words := _misfit(known[key], value):
            yield Problem(origin.where(path), path, f"is {shown(path, value)}", f"it must be {words}")
            continue
        try:
            known[key].convert(value, None, None)
        except click.BadParameter as error:
            yield Problem(origin.where(path), path, error.message.rstrip("."))


def _misfit(kind: click.ParamType[Any], value: object) -> str:
    """Return what a value should be if it is of another type than that, or ""."""
    if kind is click.BOOL:
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(kind, click.Choice) or kind.name == "tiers":
        return "" if isinstance(value, str) else "a text"
    if isinstance(kind, click.IntRange):
        return "" if type(value) is int else "a whole number"
    return "" if type(value) in (int, float) else "a number"


def _plain(tree: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the tree with lists for single texts, times as text, and paths that do not depend on where we are."""
    plain: dict[str, Any] = {name: dict(tree.get(name, {})) for name in _TABLES}
    plain |= {key: value for key, value in tree.items() if key not in plain}
    for key in ("data", "symbols", "funding"):
        if key in plain:
            plain[key] = tuple([plain[key]] if isinstance(plain[key], str) else plain[key])
    for key in ("from", "to"):
        if key in plain:
            plain[key] = str(plain[key])
    for key in ("data", "funding"):
        if key in plain:
            plain[key] = tuple(_located(text, folder) for text in plain[key])
    if "strategies_dir" in plain:
        plain["strategies_dir"] = folder / Path(plain["strategies_dir"]).expanduser()
    return plain


def _located(text: str, folder: Path) -> str:
    from algobot.market import keys

    path = folder / Path(text).expanduser()
    return text if keys.looks_like_key(text) and not path.exists() else str(path)
