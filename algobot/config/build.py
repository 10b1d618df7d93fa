"""A tree of plain values becomes frozen Structs, and every mistake in it is found at once."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from algobot.config.problems import Path, Problem, did_you_mean, shown
from algobot.config.sections import Config
from algobot.config.source import Layers, Raw
from algobot.model import Param


class _Bad:
    """Stands where a value was wrong and a problem was noted."""


_BAD: Final = _Bad()
_TEXT: Final = 'text, in quotes: "like this"'
_WORDS: Final[dict[object, str]] = {
    int: "a whole number, like 20",
    float: "a number, like 0.2",
    Decimal: "a number, like 1000 or 0.5",
    bool: "true or false",
    Param: "a number, true, false or text",
}


def build(layers: Layers) -> tuple[Config | None, list[Problem]]:
    """Return the configuration, or None and what is wrong; unknown keys, missing ones and types are judged here."""
    builder = _Builder(layers)
    config = builder.struct(Config, layers.tree, ())
    return (config if isinstance(config, Config) else None), builder.problems


class _Builder:
    """Walks Structs and values together; what msgspec alone would report one at a time and without the table's name."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.problems: list[Problem] = []
        self._fields: dict[type[msgspec.Struct], dict[str, FieldInfo]] = {}

    def value(self, wanted: Any, value: object, path: Path) -> object:
        if get_origin(wanted) is dict:
            return self.table(get_args(wanted)[1], value, path)
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return self.struct(wanted, value, path)
        return self.leaf(wanted, value, path)

    def struct(self, wanted: type[msgspec.Struct], value: object, path: Path) -> object:
        if not isinstance(value, dict):
            return self._note(path, f"got {shown(path, value)}", "expected a table: write [" + ".".join(path) + "]")
        fields = self._fields_of(wanted)
        known = [key for key in value if key in fields]
        for key in value:
            if key not in fields:
                self._note((*path, key), "unknown key", did_you_mean(key, fields))
        built = {name: self.value(fields[name].type, value[name], (*path, name)) for name in known}
        missing = [name for name, field in fields.items() if field.required and name not in built]
        for name in missing:
            self._note((*path, name), "is missing", f"write {name} = …")
        if missing or len(known) < len(value) or any(inner is _BAD for inner in built.values()):
            return _BAD
        return wanted(**built)

    def _fields_of(self, wanted: type[msgspec.Struct]) -> dict[str, FieldInfo]:
        """Resolving type hints costs; there may be a thousand bots."""
        if wanted not in self._fields:
            self._fields[wanted] = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
        return self._fields[wanted]

    def table(self, wanted: Any, value: object, path: Path) -> object:
        if not isinstance(value, dict):
            return self._note(path, f"got {shown(path, value)}", "expected a table: write [" + ".".join(path) + "]")
        built = {key: self.value(wanted, inner, (*path, key)) for key, inner in value.items()}
        return _BAD if any(inner is _BAD for inner in built.values()) else built

    def leaf(self, wanted: Any, value: object, path: Path) -> object:
        for reading in _readings(value):
            try:
                built: object = msgspec.convert(reading, wanted)
            except msgspec.ValidationError:
                continue
            if isinstance(built, float | Decimal) and not math.isfinite(built):
                return self._note(path, f"{shown(path, value)} is not a finite number", "write a number, like 0.2")
            return built
        words = _choices(wanted)
        if words and isinstance(value, str):
            return self._note(
                path, f"{shown(path, value)} is not one of {', '.join(words)}", did_you_mean(value, words)
            )
        expected = f"one of {', '.join(words)}" if words else _WORDS.get(wanted, _TEXT)
        return self._note(path, f"got {shown(path, value)}", f"expected {expected}")

    def _note(self, path: Path, what: str, remedy: str) -> _Bad:
        origin = self.layers.origin(path)
        self.problems.append(Problem(origin.where(path) if origin else "configuration", path, what, remedy))
        return _BAD


def _choices(wanted: Any) -> list[str]:
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return [str(member.value) for member in wanted]
    return [str(word) for word in get_args(wanted)] if get_origin(wanted) is Literal else []


def _readings(value: object) -> list[object]:
    """Bare text is tried as TOML, then as text; anything else is what it is."""
    if not isinstance(value, Raw):
        return [value]
    try:
        return [tomllib.loads(f"v = {value}")["v"], str(value)]
    except tomllib.TOMLDecodeError:
        return [str(value)]
