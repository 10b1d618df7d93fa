"""The best parameters, written into a run file: comments and everything else stay as they were."""

from __future__ import annotations

import datetime
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from algobot.config.lines import line_numbers
from algobot.errors import ConfigError
from algobot.model import Param

_TABLE: Final = re.compile(r"^\s*\[\s*([^\]]+?)\s*\]\s*(#.*)?$")
_VALUE: Final = re.compile(r"^(\s*[^=#]+=\s*)([^#\n]*?)(\s*(#.*)?)$")


def write_best(path: Path, params: Mapping[str, Param], found: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Set `[params]` and `[best]` of a run file; a file that is not there yet begins with what `run` says.

    Raises:
        ConfigError: the file is not TOML, or cannot be changed without changing what else it says.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else _top(run)
    try:
        expected = tomllib.loads(before)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", hint="name a run file, or a new one") from None
    text = _without(before, "best")
    for name, value in params.items():
        text = _set(text, "params", name, _word(value))
    text = text.rstrip() + "\n\n[best]  # by `algobot optimize`, in sample\n"
    text += "".join(f"{name} = {_word(value)}\n" for name, value in found.items())
    expected["params"] = {**expected.get("params", {}), **params}
    expected["best"] = dict(found)
    if _parsed(text) != expected:
        hint = f"write them yourself: {', '.join(f'{name} = {_word(value)}' for name, value in params.items())}"
        raise ConfigError(f"{path} is written in a way that cannot be changed safely; it was left alone", hint=hint)
    _replace(path, text)


def _top(run: Mapping[str, Any]) -> str:
    """Return a new run file: values first, then tables."""
    plain = "".join(f"{name} = {_word(value)}\n" for name, value in run.items() if not isinstance(value, dict))
    for table, values in run.items():
        if isinstance(values, dict) and values:
            plain += f"\n[{table}]\n" + "".join(f"{name} = {_word(value)}\n" for name, value in values.items())
    return plain


def _set(text: str, table: str, name: str, word: str) -> str:
    """Return `text` with one value changed in its line, or added at the end of the table."""
    lines = text.splitlines()
    known = line_numbers(text)
    if (number := known.get((table, name))) is not None:
        lines[number - 1] = _VALUE.sub(lambda found: f"{found[1]}{word}{found[3]}", lines[number - 1])
    else:
        start = _header(lines, table)
        if start is None:
            lines += ["", f"[{table}]", f"{name} = {word}"]
        else:
            lines.insert(_last(lines, start) + 1, f"{name} = {word}")
    return "\n".join(lines) + "\n"


def _without(text: str, table: str) -> str:
    lines = text.splitlines()
    start = _header(lines, table)
    if start is not None:
        end = next((at for at in range(start + 1, len(lines)) if _TABLE.match(lines[at])), len(lines))
        del lines[start:end]
    return "\n".join(lines) + "\n"


def _header(lines: list[str], table: str) -> int | None:
    return next((at for at, line in enumerate(lines) if (found := _TABLE.match(line)) and found[1] == table), None)


def _last(lines: list[str], start: int) -> int:
    """Return the last line of a table that says something."""
    last = start
    for at in range(start + 1, len(lines)):
        if _TABLE.match(lines[at]):
            break
        if lines[at].strip():
            last = at
    return last


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_word, value))}]"
    return repr(value)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _replace(path: Path, text: str) -> None:
    """Write the whole file or none of it, with the mode it had."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    number, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path.resolve())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
