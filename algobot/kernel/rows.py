"""Where the engine writes fills and the journal: rows behind an address that the account's record holds meanwhile.

An array handed from function to function costs two atomic counts at each step; an address costs nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import extending
from numba.np.numpy_support import from_dtype

from algobot.kernel.jit import COMPILED, kernel
from algobot.kernel.records import FILL, NOTE, Rec, Records

_FILL_BYTES: Final = FILL.itemsize
_NOTE_BYTES: Final = NOTE.itemsize


@kernel
def begin_rows(account: Rec, fills: Records, notes: Records) -> None:
    """Let the engine write into these arrays, which must outlive what it does; none of their rows is taken yet."""
    account.filled = 0
    account.noted = 0
    account.fills_at = fills.ctypes.data
    account.notes_at = notes.ctypes.data
    account.notes_room = notes.shape[0]


@kernel
def end_rows(account: Rec) -> None:
    """Forget the arrays: an address means nothing in a checkpoint."""
    account.fills_at = 0
    account.notes_at = 0
    account.notes_room = 0


@kernel
def next_fill(account: Rec) -> Rec:
    """Return the next row for a fill."""
    account.filled += 1
    return _fill_at(account.fills_at + (account.filled - 1) * _FILL_BYTES)


@kernel
def next_note(account: Rec) -> Rec:
    """Return the next row of the journal."""
    account.noted += 1
    return _note_at(account.notes_at + (account.noted - 1) * _NOTE_BYTES)


def _record_at(address: int, layout: np.dtype[Any]) -> Rec:
    block = (ctypes.c_byte * layout.itemsize).from_address(int(address))
    return np.frombuffer(memoryview(block), layout)[0]


if COMPILED:

    def _row(layout: np.dtype[Any]) -> Callable[[Any, Any], tuple[Any, Callable[..., Any]]]:
        def typed(context: Any, address: Any) -> tuple[Any, Callable[..., Any]]:
            """Take a whole number for the address of a record."""

            def emit(context: Any, builder: Any, signature: Any, words: Any) -> Any:
                return builder.inttoptr(words[0], context.get_value_type(signature.return_type))

            return from_dtype(layout)(address), emit

        return typed

    _fill_at: Any = extending.intrinsic(_row(FILL))
    _note_at: Any = extending.intrinsic(_row(NOTE))

else:

    def _fill_at(address: int) -> Rec:
        return _record_at(address, FILL)

    def _note_at(address: int) -> Rec:
        return _record_at(address, NOTE)
