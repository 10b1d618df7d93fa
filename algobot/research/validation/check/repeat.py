"""Does it do the same again? Twice over the same bars, and taken up from a checkpoint anywhere."""

from __future__ import annotations

from typing import Final

import numpy as np

from algobot.kernel.session import SimFill
from algobot.research.validation.check.findings import Finding, failed, ok, warning
from algobot.research.validation.check.subject import Subject, model_bars, step_all

_CUTS: Final = 8
_BIG_STATE: Final = 64 << 10  # bytes
_BIG_CHECKPOINT: Final = 256 << 10


def determinism(subject: Subject) -> Finding:
    """Return whether a second run, and one restored from a checkpoint at several bars, ends with the same bits."""
    bars = model_bars(subject.bars)
    cuts = np.unique(np.linspace(1, len(bars) - 1, _CUTS).astype(int)).tolist()
    first = subject.session()
    saved: dict[int, tuple[bytes, int]] = {}
    known: list[SimFill] = []
    for at, bar in enumerate(bars):
        if at in cuts:
            saved[at] = first.snapshot(), len(known)
        known += first.step(bar)
    last = first.snapshot()
    second = subject.session()
    fills, _ = step_all(second, bars)
    if fills != known or second.snapshot() != last:
        return failed("determinism", "a second run over the same bars trades otherwise: it keeps or draws something")
    for at, (snapshot, done) in saved.items():
        resumed = subject.session()
        resumed.restore(snapshot)
        fills, _ = step_all(resumed, bars[at:])
        if fills != known[done:] or resumed.snapshot() != last:
            return failed(
                "determinism",
                f"taken up from a checkpoint at bar {at} it goes on otherwise: something is not in its STATE",
                bar=at,
            )
    return ok("determinism", f"the same bits twice, and from checkpoints at {len(cuts)} bars", places=len(cuts))


def sizes(subject: Subject) -> Finding:
    """Return how large its state and its checkpoint are."""
    state, checkpoint = subject.strategy.state.itemsize, len(subject.session().snapshot())
    says = f"STATE {state:,} bytes, a checkpoint {checkpoint:,}"
    if state > _BIG_STATE or checkpoint > _BIG_CHECKPOINT:
        more = f"{says}: every bar's checkpoint is written to disk; shorter windows make it smaller"
        return warning("size", more, state_bytes=state, checkpoint_bytes=checkpoint)
    return ok("size", says, state_bytes=state, checkpoint_bytes=checkpoint)
