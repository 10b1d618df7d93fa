"""What the verbs of `algobot data` share: their options, times, and how numbers are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from algobot import paths
from algobot.errors import UsageError

if TYPE_CHECKING:
    from algobot.market.library import Library

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="As one JSON object.")


def data_dir(command: F) -> F:
    """Give a command `--data-dir`, which `library` takes."""
    text = "The bar library. [env: ALGOBOT_BARS_DIR; default: see `algobot paths`]"
    return click.option("--data-dir", default="", metavar="FOLDER", help=text)(command)


def library(folder: str) -> Library:
    """Return the library that `--data-dir` names."""
    from algobot.market.library import Library

    return Library(paths.bars_dir(folder))


def moment_ns(option: str, text: str) -> int:
    """Return a date or time (UTC unless it says otherwise) in nanoseconds. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "write it like 2025-07-01 or 2025-07-01T12:30"
        raise UsageError(f"{option} {text!r} is not a time", hint=hint) from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    ns = int(whole.timestamp()) * 10**9
    if ns < 0:
        raise UsageError(f"{option} {text!r} is before 1970", hint="there were no bars then")
    return ns


def size(count_bytes: int) -> str:
    """Return a file's size as a person reads it."""
    return f"{count_bytes / 1e6:,.1f} MB" if count_bytes >= 100_000 else f"{count_bytes / 1e3:,.1f} kB"


def split(values: tuple[str, ...]) -> list[str]:
    """Return the words of a repeatable option that also takes a comma-separated list, each once."""
    return list(dict.fromkeys(word.strip() for value in values for word in value.split(",") if word.strip()))


def is_file(text: str) -> bool:
    """Return whether a person named a file and not bars of the library."""
    from algobot.market import keys

    return not keys.looks_like_key(text) or Path(text).exists()
