"""Whatever command a hint, a comment or a document names is there, with its options."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from algobot.cli import kill
from algobot.cli.app import app

ROOT = Path(__file__).parents[2]
FILES = [
    *(path for room in ("algobot", "daemon", "tui") for path in sorted((ROOT / room).rglob("*.py"))),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "config.toml", "run")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "systemd").rglob("*.*")),
]
NO_COMMAND = ("daemon/locks.py", "key")  # what a key's lock is named after
QUOTED = re.compile(r"""(?:[`"'‘“]|: |^ +(?:sudo )?)algobot((?: (?:--)?[a-z][a-z-]*)+)""", re.MULTILINE)
"""In quotes, behind a colon, or on a line of its own; up to the first word that is a value."""


def mentions() -> list[tuple[str, str]]:
    """Return where a command is named, and which."""
    return sorted(
        {
            (path.relative_to(ROOT).as_posix(), found.group(1).strip())
            for path in FILES
            for found in QUOTED.finditer(path.read_text("utf-8"))
        }
        - {NO_COMMAND}
    )


def options(command: click.Command) -> set[str]:
    """Return the options of a command; `algobot kill` reads its own, and says in its usage which."""
    if command.name == "kill":
        return set(re.findall(r"--[a-z-]+", kill.USAGE))
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help", "--version"}


def unknown(words: list[str]) -> str:
    """Return the word that `algobot WORDS…` would stumble over, or ""; behind a command come values."""
    command: click.Command = app
    for word in words:
        if word.startswith("--"):
            if word not in options(command):
                return word
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word
            command = found
    return ""


@pytest.mark.parametrize(("file", "words"), mentions())
def test_every_command_that_is_named_exists(file, words):
    """A remedy that is none is worse than no remedy."""
    assert unknown(words.split()) == "", f"{file} names `algobot {words}`"
