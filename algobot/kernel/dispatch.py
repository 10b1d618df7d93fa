"""How one compiled engine runs every strategy: through the address of its compiled fold.

numba never caches a function that is given another compiled function, and an engine compiled anew for each strategy
costs seconds per strategy. So each fold becomes a C function of five pointers, compiled and cached by itself, and the
engine, compiled and cached once, calls an address. What is behind the pointers is chosen while types are inferred:
each strategy's parameter record starts with an unused field named after the strategy and the hash of its source
(`Strategy.marker`), so two strategies with equal parameters and equal state are still different types, an edited
strategy is a new type, and no cached entry holds a reference to a person's module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir as untyped_ir
from numba import extending, types
from numba.core import cgutils
from numba.np.numpy_support import carray, from_dtype

from algobot.kernel.jit import COMPILED, cached_in, kernel
from algobot.kernel.records import BAR, ORDERS, POSITION, SLOT, Rec, Records

_FOLDS: Final[dict[str, Callable[..., None]]] = {}  # by marker; the compiler asks at compile time, so it is here
_READY: Final[dict[tuple[str, str], Any]] = {}  # by marker and state; holds the code an address points into
_INTERPRETED: Final[list[Callable[..., None]]] = []  # without a compiler an "address" is a place in this list
_POSITION_AT: Final = int(SLOT.fields["position"][1]) if SLOT.fields else 0
_ORDERS_AT: Final = int(SLOT.fields["orders"][1]) if SLOT.fields else 0
_SLOT_BYTES: Final = SLOT.itemsize
_BAR_BYTES: Final = BAR.itemsize


def fold(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Run the strategy that these parameters belong to on one bar."""
    _FOLDS[params.dtype.names[0]](state, bar, position, params, orders)


def address_of(on_bar: Callable[..., None], file: str, state: np.dtype[Any], params: np.dtype[Any]) -> int:
    """Return the address at which the engine finds this fold, compiled or loaded if that was not done yet.

    `params` starts with the strategy's marker; `file` is the strategy's own.
    """
    marker = (params.names or ("",))[0]
    _FOLDS[marker] = on_bar
    if not COMPILED:
        if on_bar not in _INTERPRETED:
            _INTERPRETED.append(on_bar)
        return _INTERPRETED.index(on_bar)
    key = (marker, str(state.descr))
    if key not in _READY:
        pointer: Any = types.CPointer  # it carries no types
        kinds = (state, BAR, POSITION, params, ORDERS)
        signature = types.void(*(pointer(from_dtype(kind)) for kind in kinds))
        with cached_in(Path(file)) as cache:
            _READY[key] = numba.cfunc(signature, cache=cache, error_model="numpy")(_through_pointers)
    return int(_READY[key].address)


def raw(rows: Records) -> Records:
    """Return records as the engine takes those whose layout is the strategy's own: bytes by row."""
    return rows.view(np.uint8).reshape(len(rows), -1) if COMPILED else rows


def _through_pointers(state: Any, bar: Any, position: Any, params: Any, orders: Any) -> None:
    fold(carray(state, 1)[0], carray(bar, 1)[0], carray(position, 1)[0], carray(params, 1)[0], carray(orders, 1)[0])


if COMPILED:

    @extending.overload(fold)
    def _fold(state: Any, bar: Any, position: Any, params: Any, orders: Any) -> Any:
        on_bar = _FOLDS[next(iter(params.fields))]

        def run(state: Any, bar: Any, position: Any, params: Any, orders: Any) -> None:
            on_bar(state, bar, position, params, orders)

        return run

    @extending.intrinsic
    def _pointing(
        context: Any, address: Any, state: Any, bar: Any, position: Any, params: Any, orders: Any
    ) -> tuple[Any, Callable[..., Any]]:
        """Call the C function at `address` with five pointers, all given as whole numbers."""

        def emit(context: Any, builder: Any, signature: Any, words: Any) -> Any:
            byte = cgutils.voidptr_t
            ir: Any = untyped_ir
            kind = ir.FunctionType(ir.VoidType(), [byte] * 5)
            function = builder.inttoptr(words[0], kind.as_pointer())
            builder.call(function, [builder.inttoptr(word, byte) for word in words[1:]])
            return context.get_dummy_value()

        return types.void(address, state, bar, position, params, orders), emit

    _call: Any = _pointing  # the compiler hands over the context

    @kernel
    def fold_at(address: int, states: Records, params: Records, slots: Records, bars: Records, k: int, t: int) -> None:
        """Run the fold at `address` for symbol `k` on its bar `t`."""
        slot = slots.ctypes.data + k * _SLOT_BYTES
        _call(
            address,
            states.ctypes.data + k * states.strides[0],
            bars.ctypes.data + k * bars.strides[0] + t * _BAR_BYTES,
            slot + _POSITION_AT,
            params.ctypes.data + k * params.strides[0],
            slot + _ORDERS_AT,
        )

else:

    def fold_at(address: int, states: Records, params: Records, slots: Records, bars: Records, k: int, t: int) -> None:
        """Run the fold at `address` for symbol `k` on its bar `t`."""
        _INTERPRETED[address](states[k], bars[k, t], slots[k].position, params[k], slots[k].orders)
