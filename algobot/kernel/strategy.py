"""What the kernel knows of a strategy: a fold with a name, its parameters, and words for its reasons."""

from __future__ import annotations

import functools
import math
import re
import string
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import numpy as np
from numba.core.errors import NumbaError, UnsupportedBytecodeError

from algobot.errors import StrategyError
from algobot.kernel import dispatch
from algobot.kernel.records import BAR, ORDERS, POSITION, Records, record
from algobot.model import Param

_COMPILER = (NumbaError, UnsupportedBytecodeError, KeyError)  # a KeyError is a field that a record does not have
_CAUSE = re.compile(
    r"Error: |Untyped global|not defined|Unknown attribute|No implementation|missing a required|too many"
)


class Between(NamedTuple):
    """The bounds of a parameter, both allowed: `fast: Annotated[int, Between(1, 500)] = 20`."""

    low: float
    high: float


class ParamInfo(NamedTuple):
    """One parameter as it is declared."""

    name: str
    type: type
    default: Param
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Strategy:
    """A fold that can be run: what its file declares, checked."""

    name: str
    summary: str
    Params: Any  # a NamedTuple class
    state: np.dtype[Any]
    on_bar: Callable[..., None]
    warmup: Callable[[Any], int]  # bars until it decides, for given parameters
    source_hash: str
    file: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[int, str] = field(default_factory=dict)
    problem: Callable[[Any], str] | None = None  # what is wrong with a combination of parameters, or ""

    @property
    def marker(self) -> str:
        """The field that makes this strategy's parameter record like no other's (`dispatch`)."""
        return f"is_{self.name}_{self.source_hash}"

    def parameters(self) -> tuple[ParamInfo, ...]:
        """Return what can be tuned, in the order of the file."""
        return self._parameters

    @functools.cached_property
    def _parameters(self) -> tuple[ParamInfo, ...]:
        hints = get_type_hints(self.Params, include_extras=True)
        return tuple(_parameter(name, hints[name], self.Params._field_defaults[name]) for name in self.Params._fields)

    def params(self, values: Mapping[str, Param]) -> Any:
        """Return the `Params` of these values, defaults for the others.

        Raises:
            StrategyError: an unknown name, a wrong type, out of bounds, or a combination that makes no sense.
        """
        known = {info.name: info for info in self.parameters()}
        for name in values:
            if name not in known:
                raise StrategyError(f"strategy {self.name} has no parameter {name!r}", hint=_nearest(name, known))
        chosen = self.Params(**{name: _checked(self.name, known[name], value) for name, value in values.items()})
        if self.problem is not None and (why := self.problem(chosen)):
            raise StrategyError(f"strategy {self.name}: {why}", hint="change one of the two")
        return chosen

    def params_records(self, params: Any, count: int = 1) -> Records:
        """Return `params` as records, one per symbol."""
        types: dict[type, Any] = {int: np.dtype(np.int64), float: np.dtype(np.float64), bool: np.dtype(np.int64)}
        fields = {info.name: types[info.type] for info in self.parameters()}
        layout = record(**{self.marker: np.dtype(np.int64)}, **fields)
        rows = np.zeros(count, layout)
        rows[:] = (0, *params)
        return rows

    def address(self) -> int:
        """Return where the engine finds the fold; compiles or loads it where that is not done yet.

        Raises:
            StrategyError: the fold cannot be compiled; says file, line and what is wrong.
        """
        layout = self.params_records(self.Params()).dtype
        try:
            return dispatch.address_of(self.on_bar, self.file, self.state, layout)
        except _COMPILER as error:
            where, what = self._by_hand() or _compile_error(self.file, error)
            raise StrategyError(f"{where}: {what}", hint="a kernel takes numbers, records and other kernels") from error

    def _by_hand(self) -> tuple[str, str] | None:
        """Run the fold interpreted on an empty bar: Python's own words for what is wrong are the clearer ones."""
        rows = self.params_records(self.Params())
        state, bar, position, orders = (np.zeros(1, kind)[0] for kind in (self.state, BAR, POSITION, ORDERS))
        try:
            getattr(self.on_bar, "py_func", self.on_bar)(state, bar, position, rows[0], orders)
        except (NameError, AttributeError, TypeError, ImportError) as error:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.file]
            return f"{self.file}:{frames[-1].lineno if frames else 0}", f"{type(error).__name__}: {error}"
        except (ArithmeticError, ValueError, LookupError, *_COMPILER):
            return None  # an empty bar is not a real one: the compiler's own words then
        return None

    def explain(self, code: int, values: tuple[float, ...]) -> tuple[str, dict[str, float]]:
        """Return the words of reason `code` with its numbers, and the numbers by name."""
        template = self.reasons.get(code, "")
        names = reason_names(template)
        named = dict(zip(names, values, strict=False))
        return template.format(**named), named


@functools.cache
def reason_names(template: str) -> tuple[str, ...]:
    """Return the names in a reason's words, in their order, each once."""
    found = (name for _, name, _, _ in string.Formatter().parse(template) if name)
    return tuple(dict.fromkeys(found))


def _compile_error(file: str, error: Exception) -> tuple[str, str]:
    """Return where in the strategy's file the compiler failed, and the line of its long message that says why."""
    if isinstance(error, KeyError):
        return file, f"a record has no field {error}"
    text = str(error)
    lines = re.findall(rf'{re.escape(Path(file).name)}", line (\d+)|{re.escape(Path(file).name)} \((\d+)\)', text)
    where = f"{file}:{''.join(lines[-1])}" if lines else file
    causes = [line.strip(" -!>") for line in text.splitlines() if _CAUSE.search(line)]
    cause = causes[0] if causes else text.strip().splitlines()[0]
    return where, re.sub(r"Record\(\[.*\)", "record", cause)


def _parameter(name: str, hint: Any, default: Param) -> ParamInfo:
    low, high, kind = -float("inf"), float("inf"), hint
    if hasattr(hint, "__metadata__"):
        kind, *extras = get_args(hint)
        for extra in extras:
            if isinstance(extra, Between):
                low, high = extra
    return ParamInfo(name, kind, default, low, high)


def _nearest(name: str, known: Mapping[str, ParamInfo]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(known)}"


def _checked(strategy: str, info: ParamInfo, value: Param) -> Param:
    where = f"strategy {strategy}: parameter {info.name}"
    if info.type is float and type(value) is int:
        value = float(value)
    if type(value) is not info.type:
        raise StrategyError(f"{where} is {value!r}", hint=f"it wants {_ARTICLE[info.type]}, like {info.default}")
    if not isinstance(value, str) and not (math.isfinite(value) and info.low <= value <= info.high):
        raise StrategyError(f"{where} is {value!r}", hint=f"it must be from {info.low:g} to {info.high:g}")
    return value


_ARTICLE: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false"}

__all__ = ["Annotated", "Between", "ParamInfo", "Strategy", "reason_names"]
