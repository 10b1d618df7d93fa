"""What a search may try: values of parameters, as a person writes them.

`5,8,13` is a list, `5:20:5` from 5 to 20 by 5, `5:20` every whole number, `0.5:3` for a real parameter anything
between: no grid has it, the other methods draw from it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from algobot.errors import UsageError
from algobot.kernel.strategy import ParamInfo, Strategy
from algobot.model import Param

MOST_RUNS: Final = 200_000  # of a grid, over all markets
_MOST_VALUES: Final = 100_000  # of one parameter
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}
_LIKE: Final = "write it like fast=5,8,13 or fast=5:20:5"


class Axis(NamedTuple):
    """What one parameter may be: `values` in their order, or for none of them anything from `low` to `high`."""

    name: str
    values: tuple[Param, ...]
    low: float = 0.0
    high: float = 0.0


class Space(NamedTuple):
    """All that is varied, and the values of what is not."""

    strategy: Strategy
    fixed: Mapping[str, Param]
    axes: tuple[Axis, ...]

    @property
    def size(self) -> float:
        """How many combinations there are, sensible or not; infinite with an axis that is no list."""
        return math.prod(len(axis.values) or math.inf for axis in self.axes)

    def params(self, values: Sequence[Param]) -> Any | None:
        """Return the `Params` of these values of the axes, None for a combination that makes no sense."""
        chosen = self._base._replace(**dict(zip(self.names, values, strict=True)))
        problem = self.strategy.problem
        return None if problem is not None and problem(chosen) else chosen

    def combinations(self) -> Iterator[Any | None]:
        """Yield the `Params` of every combination, the last axis quickest, None for what makes no sense.

        Raises:
            UsageError: an axis that is no list.
        """
        for axis in self.axes:
            if not axis.values:
                hint = f"give a step, like {axis.name}={axis.low:g}:{axis.high:g}:{(axis.high - axis.low) / 10:g}"
                raise UsageError(f"a grid cannot try every value of {axis.name}", hint=hint)
        return map(self.params, itertools.product(*(axis.values for axis in self.axes)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def _base(self) -> Any:
        return self.strategy.Params(**self.fixed)


def space(strategy: Strategy, fixed: Mapping[str, Param], grid: Mapping[str, object]) -> Space:
    """Return what `grid` says (a text, or a list from a file, for each name), the rest as in `fixed` or the default.

    Raises:
        UsageError: nothing to vary, or words that name no values.
        StrategyError: a parameter the strategy does not have, or a value it never takes.
    """
    if not grid:
        like = " ".join(f"-O {info.name}={info.default},…" for info in strategy.parameters()[:1])
        raise UsageError("nothing to search", hint=f"give values like {like}, or a [grid] in the run file")
    lenient = dataclasses.replace(strategy, problem=None)
    known = {info.name: info for info in strategy.parameters()}
    lenient.params(dict(fixed))
    axes = []
    for name, said in grid.items():
        if name not in known:
            lenient.params({name: 0})  # says which names there are
        axis = _axis(known[name], said)
        checked = [getattr(lenient.params({name: value}), name) for value in axis.values or (axis.low, axis.high)]
        axes.append(axis._replace(values=tuple(dict.fromkeys(checked))) if axis.values else axis)
    return Space(strategy, {name: value for name, value in fixed.items() if name not in grid}, tuple(axes))


def grid_words(words: Sequence[str]) -> dict[str, str]:
    """Return `-O NAME=VALUES` words as a table. Raises UsageError."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text.strip(", "):
            raise UsageError(f"-O {word!r} is not NAME=VALUES", hint=_LIKE)
        found[name.strip()] = text
    return found


def _axis(info: ParamInfo, said: object) -> Axis:
    """Return the values that a text or a list means; their bounds are not checked yet."""
    if isinstance(said, list) and said:
        return Axis(info.name, tuple(said))
    if not isinstance(said, str):
        return Axis(info.name, (said,)) if isinstance(said, int | float) else _bad(info, said)
    parts = said.split(":")
    if len(parts) == 1:
        return Axis(info.name, tuple(_value(info, word) for word in said.split(",") if word.strip()))
    if len(parts) > 3 or info.type is bool:
        return _bad(info, said)
    low, high, *step = (_value(info, part) for part in parts)
    if not low <= high or (step and not step[0] > 0):
        return _bad(info, said)
    if not step and info.type is float:
        return Axis(info.name, (), float(low), float(high))
    return Axis(info.name, tuple(_range(info, low, high, step[0] if step else 1)))


def _range(info: ParamInfo, low: float, high: float, step: float) -> Iterator[Param]:
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > _MOST_VALUES:
        raise UsageError(f"{info.name}: {count:,} values", hint=f"at most {_MOST_VALUES:,}: take a larger step")
    for at in range(count):
        yield int(low + at * step) if info.type is int else float(f"{low + at * step:.12g}")


def _value(info: ParamInfo, word: str) -> Any:
    word = word.strip()
    try:
        value = _TRUTH[word.lower()] if info.type is bool else info.type(word)
    except (ValueError, KeyError):
        what = {int: "a whole number", float: "a number", bool: "true or false"}[info.type]
        raise UsageError(f"{info.name}: {word!r} is not {what}", hint=_LIKE) from None
    if not math.isfinite(value):
        raise UsageError(f"{info.name}: {word!r} is not a finite number", hint=_LIKE)
    return value


def _bad(info: ParamInfo, said: object) -> Axis:
    raise UsageError(f"{info.name}: {said!r} names no values", hint=_LIKE)
