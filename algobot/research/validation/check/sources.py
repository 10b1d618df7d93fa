"""What a fold's source reaches for besides its arguments: data of its own, ways out of the kernel, code nobody watches.

A fold is told the past bar by bar. A table inside its file, or a hand into memory, could tell it the future, and no
test on other bars would show it; so what it refers to is looked through, function by function.
"""

from __future__ import annotations

import ctypes
import dis
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

import algobot
from algobot.kernel.strategy import Strategy

_PACKAGE: Final = Path(algobot.__file__ or "").parent
_MOST_NUMBERS: Final = 64  # of its own: weights of a filter, not a history
_PLAIN: Final = (int, float, bool, str, bytes, type(None), np.generic, np.dtype, type)
_WAYS_OUT: Final = frozenset({"_Intrinsic", "_ObjModeContextType", "ExternalFunction", "ExternalFunctionPointer"})
_FOREIGN: Final = (ctypes.Structure, ctypes.Array, type(ctypes.pythonapi.Py_IncRef), ctypes.c_void_p)
_OPEN_NAMES: Final = frozenset({"carray", "farray", "objmode"})


class Reach(NamedTuple):
    """What was found: each a sentence."""

    faults: list[str]
    unwatched: list[str]  # files whose edits the compiled cache does not notice
    functions: int


def reach(strategy: Strategy) -> Reach:
    """Return what the fold and every function it calls refer to that a fold should not."""
    folder = Path(strategy.file).resolve().parent
    faults: list[str] = []
    unwatched: list[str] = []
    seen: set[int] = set()
    waiting: list[Any] = [strategy.on_bar]
    while waiting:
        function = _plain_function(waiting.pop())
        if function is None or id(function) in seen:
            continue
        seen.add(id(function))
        file = Path(function.__code__.co_filename).resolve()
        if file.is_relative_to(_PACKAGE / "kernel"):
            continue
        if not (file.is_relative_to(folder) and file.parent == folder) and not file.is_relative_to(_PACKAGE):
            unwatched.append(str(file))
        for name, value in _references(function):
            if _is_function(value):
                waiting.append(value)
            elif why := _fault(value):
                faults.append(f"{function.__name__} uses {name}: {why}")
    return Reach(list(dict.fromkeys(faults)), list(dict.fromkeys(unwatched)), len(seen))


def _plain_function(value: Any) -> types.FunctionType | None:
    found = getattr(value, "py_func", value)
    return found if isinstance(found, types.FunctionType) else None


def _is_function(value: Any) -> bool:
    function = _plain_function(value)
    return function is not None and (function.__module__ or "").split(".")[0] not in ("numba", "numpy", "math")


def _references(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield every global, every attribute of a module, every captured value and default of a function."""
    for code in _codes(function.__code__):
        used = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        for name in sorted(used & function.__globals__.keys()):
            value = function.__globals__[name]
            if isinstance(value, types.ModuleType):
                yield from _of_module(value, code.co_names)
            else:
                yield name, value
        for constant in code.co_consts:
            if isinstance(constant, tuple):
                yield "a constant", constant
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield "a default", value


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _of_module(module: types.ModuleType, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if module.__name__ == "math":
        return
    for name in names:
        if name in _OPEN_NAMES or (module is np and name == "random"):
            if hasattr(module, name):
                yield f"{module.__name__}.{name}", getattr(module, name)
        elif module.__name__.split(".")[0] not in ("numpy", "numba") and hasattr(module, name):
            yield f"{module.__name__}.{name}", getattr(module, name)


def _fault(value: Any) -> str:
    """Return why a fold should not use this, or ""."""
    if value is np.random or getattr(value, "__module__", "") == "numpy.random":
        return "random numbers, so that no run can be repeated"
    if type(value).__name__ in _WAYS_OUT or isinstance(value, _FOREIGN):
        return "it steps outside of what a fold is given"
    if isinstance(value, Callable) and getattr(value, "__name__", "") in _OPEN_NAMES:  # type: ignore[arg-type]
        return "it steps outside of what a fold is given"
    if isinstance(value, types.ModuleType | types.FunctionType | types.BuiltinFunctionType) or callable(value):
        return ""
    if isinstance(value, bytes | str):
        return _too_many(len(value), 64 * _MOST_NUMBERS, "characters")
    if isinstance(value, _PLAIN):
        return ""
    if isinstance(value, np.ndarray):
        return _too_many(value.size, _MOST_NUMBERS, "numbers")
    if isinstance(value, tuple | frozenset):
        inner = next((why for one in value if (why := _fault(one))), "")
        return inner or _too_many(_count(value), _MOST_NUMBERS, "numbers")
    return f"a {type(value).__name__}, which can change or hold anything"


def _count(value: Any) -> int:
    return sum(_count(one) for one in value) if isinstance(value, tuple | frozenset) else 1


def _too_many(count: int, most: int, what: str) -> str:
    return f"{count:,} {what} of its own, which could be the future" if count > most else ""
