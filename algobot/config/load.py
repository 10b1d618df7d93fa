"""A file, the environment and the flags become one frozen `Config`, or one error that says all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath

import msgspec

from algobot import paths
from algobot.config.build import build
from algobot.config.check import check
from algobot.config.problems import InvalidConfig, Path, Problem
from algobot.config.sections import BotSection, Config
from algobot.config.source import FileOrigin, Layers, environment, flag, read_file
from algobot.errors import ConfigError
from algobot.model import BotId, BotSpec

Flags = Mapping[tuple[str, Path], str]  # {("--log-level", ("daemon", "log_level")): "debug"}


class Loaded(msgspec.Struct, frozen=True):
    """A configuration and where each of its settings came from."""

    config: Config
    layers: Layers
    files: tuple[FilePath, ...]

    def origin(self, path: Path) -> str:
        """Return "config.toml:42", a variable, a flag, or "default"."""
        said = self.layers.said(path)
        return said.where(path) if said else "default"

    def where(self, path: Path) -> str:
        """Return who said `path`, or the table it is missing from."""
        return _where(self.layers, path)


def load(
    path: str | FilePath | None = None, *, flags: Flags | None = None, env: Mapping[str, str] | None = None
) -> Config:
    """Return the configuration: flag over environment over user file over /etc; `path` replaces both files.

    Raises:
        ConfigError: a file cannot be trusted or read, or settings are wrong (`InvalidConfig` lists each with its line).
    """
    return load_with_origins(path, flags=flags, env=env).config


def load_with_origins(
    path: str | FilePath | None = None, *, flags: Flags | None = None, env: Mapping[str, str] | None = None
) -> Loaded:
    """Return what `load` returns, with the origin of every setting. Raises as `load`."""
    env = os.environ if env is None else env
    layers = Layers()
    files = tuple(_files(path, env))
    for file in files:
        layers.lay(*read_file(file))
    for tree, origin in environment(env, layers.tree):
        layers.lay(tree, origin)
    for (name, where), value in (flags or {}).items():
        layers.lay(*flag(name, where, value))
    config, problems = build(layers)
    if config is not None:
        config = _with_whole_paths(config, layers, env)
        problems = check(config, lambda path: _where(layers, path), env)
    if problems or config is None:
        raise InvalidConfig(sorted(problems, key=_in_reading_order))
    return Loaded(config, layers, files)


def to_specs(config: Config) -> list[BotSpec]:
    """Return the bots as the daemon wants them, in the order they were written."""
    return [_spec(name, section) for name, section in config.bots.items()]


def _spec(name: str, section: BotSection) -> BotSpec:
    return BotSpec(
        bot_id=BotId(name),
        strategy=section.strategy,
        symbol=section.symbol,
        timeframe=section.timeframe,
        account_id=section.account,
        capital=section.capital,
        mode=section.mode,
        position_fraction=section.position_fraction,
        allow_short=section.allow_short,
        on_restart=section.on_restart,
        autostart=section.autostart,
        params=section.params,
        risk=section.risk,
    )


def _files(path: str | FilePath | None, env: Mapping[str, str]) -> list[FilePath]:
    if path is not None:
        return [paths.expand(str(path), env=env)]
    own = paths.config_path(env=env)
    found = [file for file in dict.fromkeys((paths.SYSTEM_CONFIG, own)) if file.exists()]
    if not found:
        raise ConfigError(f"there is no configuration at {own}", hint="`algobot init` writes a first one, on paper")
    return found


def _with_whole_paths(config: Config, layers: Layers, env: Mapping[str, str]) -> Config:
    """A relative path in a file is meant from that file's folder, wherever the daemon was started."""

    def whole(value: str, path: Path) -> str:
        if not value:
            return ""
        origin = layers.said(path)
        start = origin.file.absolute().parent if isinstance(origin, FileOrigin) else FilePath.cwd()
        return str(start / paths.expand(value, env=env))

    daemon = msgspec.structs.replace(
        config.daemon,
        state_dir=whole(config.daemon.state_dir, ("daemon", "state_dir")),
        socket=whole(config.daemon.socket, ("daemon", "socket")),
        strategies_dir=whole(config.daemon.strategies_dir, ("daemon", "strategies_dir")),
    )
    accounts = {
        name: msgspec.structs.replace(section, key_file=whole(section.key_file, ("accounts", name, "key_file")))
        for name, section in config.accounts.items()
    }
    return msgspec.structs.replace(config, daemon=daemon, accounts=accounts)


def _where(layers: Layers, path: Path) -> str:
    origin = layers.origin(path)
    return origin.where(path) if origin else "configuration"


def _in_reading_order(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.where, 0)
