"""What a strategy's file must declare, checked when it is loaded: each complaint names the file and the thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final, get_type_hints

import numpy as np

from algobot.errors import StrategyError
from algobot.kernel.jit import COMPILED
from algobot.kernel.records import OWN_TAGS, int64, record
from algobot.kernel.strategy import Strategy, reason_names

_ARGUMENTS: Final = ("state", "bar", "position", "params", "orders")
_MOST_VALUES: Final = 6  # of `orders.because`


def declared(name: str, module: ModuleType, source_hash: str) -> Strategy:
    """Return the strategy that `module` declares.

    Raises:
        StrategyError: something is missing or is not what it must be.
    """
    file = str(module.__file__)
    for word in ("Params", "STATE", "on_bar"):
        if not hasattr(module, word):
            raise StrategyError(f"{file}: declares no {word}", hint="a strategy has Params, STATE and on_bar")
    _check_state(file, module.STATE)
    _check_params(file, module.Params)
    _check_fold(file, module.on_bar)
    reasons: Mapping[int, str] = getattr(module, "REASONS", {})
    tags: Mapping[int, str] = getattr(module, "TAGS", {})
    _check_words(file, "REASONS", reasons, lowest=1)
    _check_words(file, "TAGS", tags, lowest=OWN_TAGS)
    strategy = Strategy(
        name=name,
        summary=(module.__doc__ or "").strip().split("\n")[0],
        file=file,
        Params=module.Params,
        state=_own_state(name, module.STATE),
        on_bar=module.on_bar,
        warmup=getattr(module, "warmup", _no_warmup),
        source_hash=source_hash,
        reasons=reasons,
        tags=tags,
        problem=getattr(module, "problem", None),
    )
    _check_defaults(file, strategy)
    return strategy


def _own_state(name: str, state: np.dtype[Any]) -> np.dtype[Any]:
    """Return `state` behind a field of the strategy's name: to numba a record is a kind of any it starts with."""
    fields = {word: state.fields[word][0] for word in state.names or ()} if state.fields else {}
    plain = {word: (kind.base, kind.shape[0]) if kind.shape else kind for word, kind in fields.items()}
    return record(**{f"of_{name}": int64}, **plain)


def _no_warmup(_: object) -> int:
    return 0


def _check_state(file: str, state: object) -> None:
    if not isinstance(state, np.dtype) or state.names is None:
        raise StrategyError(f"{file}: STATE is {state!r}", hint="write STATE = record(fast=SMA, …)")


def _check_params(file: str, params: Any) -> None:
    defaults: Mapping[str, Any] | None = getattr(params, "_field_defaults", None)
    if not isinstance(params, type) or defaults is None:
        raise StrategyError(f"{file}: Params is not a NamedTuple", hint="write class Params(NamedTuple): …")
    hints = get_type_hints(params)
    for name in hints:
        where = f"{file}: parameter {name}"
        if name not in defaults:
            raise StrategyError(f"{where} has no default", hint=f"write {name}: int = 20")
        if hints[name] not in (int, float, bool):
            raise StrategyError(f"{where} is a {hints[name].__name__}", hint="parameters are int, float or bool")
        if hasattr(np.record, name):
            raise StrategyError(f"{where} cannot be named {name!r}", hint="numpy's records use that name")


def _check_fold(file: str, on_bar: Any) -> None:
    if COMPILED and not hasattr(on_bar, "py_func"):
        raise StrategyError(f"{file}: on_bar is not a kernel", hint="write @kernel above it")
    count = getattr(on_bar, "py_func", on_bar).__code__.co_argcount
    if count != len(_ARGUMENTS):
        raise StrategyError(f"{file}: on_bar takes {count} arguments", hint=f"it is given {', '.join(_ARGUMENTS)}")


def _check_words(file: str, what: str, words: Any, *, lowest: int) -> None:
    if not isinstance(words, Mapping):
        raise StrategyError(f"{file}: {what} is {words!r}", hint='it maps numbers to words: {1: "because"}')
    for code, text in words.items():
        if type(code) is not int or code < lowest or not isinstance(text, str):
            raise StrategyError(f"{file}: {what} has {code!r}: {text!r}", hint=f"a number from {lowest} on, and words")
        try:
            names = reason_names(text)
            text.format(**dict.fromkeys(names, 1.0))
        except (ValueError, IndexError, KeyError) as error:
            raise StrategyError(f"{file}: {what}[{code}]: {error}", hint="blanks look like {fast:.2f}") from error
        if len(names) > _MOST_VALUES:
            raise StrategyError(f"{file}: {what}[{code}] has {len(names)} blanks", hint=f"at most {_MOST_VALUES}")


def _check_defaults(file: str, strategy: Strategy) -> None:
    """A strategy's own defaults must pass its own bounds."""
    defaults = {info.name: info.default for info in strategy.parameters()}
    try:
        strategy.params(defaults)
    except StrategyError as error:
        raise StrategyError(f"{file}: its own default is refused: {error.message}", hint=error.hint) from error
    _check_warmup(file, strategy.warmup, strategy.Params())


def _check_warmup(file: str, warmup: Callable[[Any], int], params: object) -> None:
    if type(bars := warmup(params)) is not int or bars < 0:
        raise StrategyError(f"{file}: warmup returns {bars!r}", hint="a whole number of bars")
