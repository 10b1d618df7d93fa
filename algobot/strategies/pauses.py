# mypy: disable-error-code="no-any-return"
"""What a strategy remembers of its closed positions: a piece of `STATE` that counts a pause after each."""

from __future__ import annotations

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, int64, record

PAUSE = record(closes=int64, cooling=int64)


@kernel
def has_closed(memory: Rec, position: Rec) -> bool:
    """Return whether a position was closed since the last call, by whomever, and remember it."""
    closed = position.closes != memory.closes
    memory.closes = position.closes
    return closed


@kernel
def cools(memory: Rec, position: Rec, bars: int) -> int:
    """Return how many bars are left of a pause of `bars` after each closed position; to be asked once a bar.

    The bar that sees the close is the first of them, so 0 and 1 both mean no pause.
    """
    if has_closed(memory, position):
        memory.cooling = bars
    memory.cooling = max(memory.cooling - 1, 0)
    return memory.cooling
