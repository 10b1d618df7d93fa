"""What is wrong with a configuration, in words a person can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from algobot.errors import ConfigError

Path = tuple[str, ...]  # ("bots", "btc-trend", "capital")
_SECRET_WORDS: Final = ("key", "secret", "token", "password", "passphrase")
_BARE: Final = re.compile(r"^[A-Za-z0-9_-]+$")
_MOST: Final = 20  # problems in one message
_SHOWN: Final = 60  # characters of a wrong value


class Problem(msgspec.Struct, frozen=True):
    """One mistake: where it was written, what is wrong, and what to write instead."""

    where: str  # "config.toml:42", or the variable or flag it came from
    path: Path
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {dotted(self.path)}: {self.what}" if self.path else f"{self.where}: {self.what}"
        return f"{text}; {self.remedy}" if self.remedy else text


class InvalidConfig(ConfigError):
    """A configuration cannot be used; `problems` lists every mistake that was found, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:_MOST]]
        if len(self.problems) > _MOST:
            lines.append(f"and {len(self.problems) - _MOST} more")
        head = lines[0] if len(lines) == 1 else f"{len(self.problems)} mistakes\n  " + "\n  ".join(lines)
        super().__init__(head, hint="`algobot config check FILE` checks a file without using it")


def dotted(path: Path) -> str:
    """Return the path as TOML writes it."""
    return ".".join(part if _BARE.match(part) else f'"{ascii(part)[1:-1]}"' for part in path)


def shown(path: Path, value: object) -> str:
    """Return `value` as it may be repeated to a person: shortened, printable, and hidden where it may be a secret."""
    name = path[-1].lower() if path else ""
    if any(word in name for word in _SECRET_WORDS) and name != "key_file":
        return "(hidden)"
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return "a table"
        case list():
            return "a list"
        case str():
            text = ascii(value)[1:-1]
            return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
        case _:
            return str(value)[:_SHOWN]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "did you mean X?", or the short list of what is known."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(names)}" if names else "nothing is known here"
