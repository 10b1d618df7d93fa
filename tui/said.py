"""Replies in one sentence, for a toast. Pure."""

from __future__ import annotations

import msgspec

from algobot.protocol.requests import Done, Killed, Reconciled, Reloaded
from algobot.text import safe_text


def told(reply: msgspec.Struct) -> str:
    """What came of it."""
    match reply:
        case Done(message=message):
            return safe_text(message) or "done"
        case Reloaded():
            return _reloaded(reply)
        case Reconciled(ok=True, notes=notes):
            return safe_text("; ".join(["the books agree", *notes]))
        case Reconciled(notes=notes, positions=positions):
            drift = ", ".join(f"{row.currency} {row.drift:+f}" for row in positions if row.drift)
            return safe_text("; ".join([f"drift: {drift or 'see the notes'}", *notes]))
        case Killed(gate_closed=closed, safe=safe, orders_left=left):
            gate = "the gate is closed" if closed else "the gate is NOT closed"
            rest = "the venue shows no orders of ours" if safe else f"{len(left):,} orders left"
            return f"{gate}, {rest}"
        case _:
            return "done"


def _reloaded(reply: Reloaded) -> str:
    words = [
        f"{name}: {', '.join(bots)}"
        for name, bots in (("added", reply.added), ("removed", reply.removed), ("changed", reply.changed))
        if bots
    ]
    if reply.restart_needed:
        words.append(f"needs a restart: {', '.join(reply.restart_needed)}")
    return safe_text("; ".join(words)) or "nothing has changed"
