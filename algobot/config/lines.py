"""Which line of a TOML text says what; the parser in the standard library does not tell."""

from __future__ import annotations

import tomllib
from typing import Any

from algobot.config.problems import Path


def line_numbers(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every table and key of a valid TOML text.

    A statement is the shortest run of lines the parser takes, so strings and lists over several lines come out right.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        end, statement = _statement(lines, at)
        header = lines[at].lstrip().startswith("[")
        keys = list(_paths(statement, ()))
        if header and keys:
            table = max(keys, key=len)
        for path in keys:
            found.setdefault(path if header else table + path, at + 1)
        at = end
    return found


def _statement(lines: list[str], start: int) -> tuple[int, dict[str, Any]]:
    chunk = ""
    for end in range(start, len(lines)):
        chunk += lines[end]
        try:
            return end + 1, tomllib.loads(chunk)
        except tomllib.TOMLDecodeError:
            continue
    return len(lines), {}


def _paths(value: object, path: Path) -> list[Path]:
    """Every path in a parsed value, the value of `[[a]]` counting as a table."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0]
    if not isinstance(value, dict):
        return [path]
    own = [path] if path else []
    return own + [found for key, inner in value.items() for found in _paths(inner, (*path, key))]
