"""What the kernel knows of a strategy: a fold with a name, its parameters, and words for its reasons."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import numpy as np

from algobot.errors import StrategyError
from algobot.kernel import dispatch
from algobot.kernel.records import Records, record
from algobot.model import Param


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
    reasons: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[int, str] = field(default_factory=dict)
    problem: Callable[[Any], str] | None = None  # what is wrong with a combination of parameters, or ""

    @property
    def marker(self) -> str:
        """The field that makes this strategy's parameter record like no other's (`dispatch`)."""
        return f"is_{self.name}_{self.source_hash}"

    def parameters(self) -> tuple[ParamInfo, ...]:
        """Return what can be tuned, in the order of the file."""
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
        """Return `params` as records, one per symbol; binds the fold to their type."""
        types: dict[type, Any] = {int: np.dtype(np.int64), float: np.dtype(np.float64), bool: np.dtype(np.int64)}
        fields = {info.name: types[info.type] for info in self.parameters()}
        layout = record(**fields, **{self.marker: np.dtype(np.int64)})
        dispatch.bind(self.marker, self.on_bar)
        rows = np.zeros(count, layout)
        rows[:] = (*params, 0)
        return rows

    def explain(self, code: int, values: tuple[float, ...]) -> tuple[str, dict[str, float]]:
        """Return the words of reason `code` with its numbers, and the numbers by name."""
        template = self.reasons.get(code, "")
        names = reason_names(template)
        named = dict(zip(names, values, strict=False))
        return template.format(**named), named


def reason_names(template: str) -> tuple[str, ...]:
    """Return the names in a reason's words, in their order, each once."""
    found = (name for _, name, _, _ in string.Formatter().parse(template) if name)
    return tuple(dict.fromkeys(found))


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
    if not isinstance(value, str) and not info.low <= value <= info.high:
        raise StrategyError(f"{where} is {value!r}", hint=f"it must be from {info.low:g} to {info.high:g}")
    return value


_ARTICLE: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false"}

__all__ = ["Annotated", "Between", "ParamInfo", "Strategy", "reason_names"]
