# mypy: disable-error-code="no-any-return"
"""How long a position has lasted: a piece of `STATE` that counts its bars."""

from __future__ import annotations

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, int64, record

HELD = record(entries=int64, bars=int64)


@kernel
def held(memory: Rec, position: Rec) -> int:
    """Return the bars the position has seen, the one it was opened on included; 0 while flat. Ask once a bar."""
    if position.entries != memory.entries:
        memory.entries = position.entries
        memory.bars = 0
    memory.bars = memory.bars + 1 if position.side != 0 else 0
    return memory.bars
