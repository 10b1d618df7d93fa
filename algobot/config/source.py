"""Where settings come from: files, environment variables and flags, laid over each other."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, Final, Protocol

from algobot.config.lines import line_numbers
from algobot.config.problems import InvalidConfig, Path, Problem
from algobot.errors import ConfigError

ENV_PREFIX: Final = "ALGOBOT__"
_MAX_BYTES: Final = 16 * 1024 * 1024
_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Raw(str):
    """A value given as bare text (by a variable or a flag): read as TOML where it fits, else as text."""


class Origin(Protocol):
    """Who said so."""

    def where(self, path: Path) -> str:
        """Return "config.toml:42", "$ALGOBOT__…" or "--log-level"."""
        ...


class FileOrigin:
    """A file, which finds its line numbers when first asked."""

    def __init__(self, file: FilePath, text: str) -> None:
        self.file = file
        self._text = text

    @cached_property
    def _lines(self) -> dict[Path, int]:
        return line_numbers(self._text)

    def where(self, path: Path) -> str:
        """Return file and line; the line of the table for what is missing from it."""
        for length in range(len(path), 0, -1):
            if (line := self._lines.get(path[:length])) is not None:
                return f"{self.file}:{line}"
        return str(self.file)


class NamedOrigin:
    """A variable or a flag."""

    def __init__(self, name: str) -> None:
        self.name = name

    def where(self, path: Path) -> str:
        """Return its name; it says one thing only."""
        return self.name


class Layers:
    """Settings from several sources as one tree, and for every path who said it last."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self._origins: dict[Path, Origin] = {}

    def lay(self, tree: Mapping[str, Any], origin: Origin) -> None:
        """Put `tree` on top: tables merge, anything else replaces."""
        self._merge(self.tree, tree, origin, ())

    def origin(self, path: Path) -> Origin | None:
        """Return who said `path`, or for what nobody said, who said the table around it; None is a default."""
        for length in range(len(path), 0, -1):
            if (origin := self._origins.get(path[:length])) is not None:
                return origin
        return None

    def said(self, path: Path) -> Origin | None:
        """Return who said exactly `path`; None is a default."""
        return self._origins.get(path)

    def _merge(self, below: dict[str, Any], above: Mapping[str, Any], origin: Origin, path: Path) -> None:
        for key, value in above.items():
            here = (*path, key)
            self._origins[here] = origin
            if isinstance(value, dict):
                inner = below.get(key)
                if not isinstance(inner, dict):
                    inner = below[key] = {}
                self._merge(inner, value, origin, here)
            else:
                below[key] = value


def read_file(file: FilePath) -> tuple[dict[str, Any], FileOrigin]:
    """Return the parsed file and its origin.

    Raises:
        ConfigError: missing, unreadable, writable by others, or not TOML (with line and column).
    """
    text = read_trusted(file)
    origin = FileOrigin(file, text)
    try:
        return tomllib.loads(text), origin
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(file, text, str(error)) from None
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply to be a configuration", hint="is it the right file?") from None


def read_trusted(file: FilePath) -> str:
    """Return the text of a file that only we or root can have written.

    Raises:
        ConfigError: missing, not a file, too large, not UTF-8, or open to others.
    """
    try:
        with file.open("rb") as stream:
            refuse_open_to_others(file, os.fstat(stream.fileno()))
            data = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file", hint="`algobot init` writes a first configuration") from None
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder, not a file", hint="name the file in it") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint="see its owner and mode") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{file} is larger than {_MAX_BYTES >> 20} MiB", hint="is it the right file?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: not UTF-8 text", hint="save it as UTF-8") from None


def refuse_open_to_others(file: FilePath, info: os.stat_result) -> None:
    """Do nothing for a file that only we (or root) can change.

    A group may write where it is the owner's own, as distributions with umask 002 make files.

    Raises:
        ConfigError: it belongs to somebody else, or its mode lets others write.
    """
    if info.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{file} belongs to user {info.st_uid}, not to you ({os.geteuid()}) or root",
            hint=f"whoever owns it could trade with your money: sudo chown {os.geteuid()} {file}",
        )
    mode = stat.S_IMODE(info.st_mode)
    group_is_others = info.st_gid != info.st_uid
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and group_is_others):
        raise ConfigError(f"{file} can be changed by others (mode {mode:04o})", hint=f"chmod go-w {file}")


def environment(env: Mapping[str, str], below: Mapping[str, Any]) -> list[tuple[dict[str, Any], NamedOrigin]]:
    """Return a small tree for each `ALGOBOT__SECTION__KEY`; names in `below` are matched without case, `-` as `_`."""
    return [
        (_nested(_matched(name[len(ENV_PREFIX) :].split("__"), below), Raw(value)), NamedOrigin(f"${name}"))
        for name, value in sorted(env.items())
        if name.startswith(ENV_PREFIX)
    ]


def flag(name: str, path: Path, value: str) -> tuple[dict[str, Any], NamedOrigin]:
    """Return the small tree of one command-line flag."""
    return _nested(list(path), Raw(value)), NamedOrigin(name)


def _matched(parts: list[str], below: Mapping[str, Any]) -> list[str]:
    path: list[str] = []
    level: object = below
    for part in parts:
        names = level if isinstance(level, dict) else {}
        same = [name for name in names if _folded(name) == _folded(part)]
        path.append(same[0] if same else part.lower())
        level = names.get(path[-1])
    return path


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _nested(path: list[str], value: Raw) -> dict[str, Any]:
    tree: Any = value
    for part in reversed(path):
        tree = {part: tree}
    return dict(tree)


def _not_toml(file: FilePath, text: str, message: str) -> ConfigError:
    place = _TOML_PLACE.search(message)
    what = message[: place.start()] if place else message
    number = int(place[1]) if place and place[1] else len(text.splitlines())
    remedy = "text values need quotes, and every line is `name = value` or `[section]`"
    if "Cannot" in what or "twice" in what:
        remedy = "say it once"
    # the line itself is not repeated: it may hold a secret
    return InvalidConfig([Problem(f"{file}:{number}", (), f"not valid TOML: {what[0].lower()}{what[1:]}", remedy)])
