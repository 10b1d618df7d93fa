# mypy: disable-error-code="no-any-return"
"""Higher timeframes, built inside the fold: a strategy sees a higher bar only once it has closed."""

from __future__ import annotations

from algobot.kernel.jit import kernel
from algobot.kernel.records import BAR, Rec, int64, record

RESAMPLE = record(done=BAR, building=BAR, started=int64)


@kernel
def resample(state: Rec, bar: Rec, span_ns: int) -> bool:
    """Whether a bar of `span_ns` closes with this `bar`; then it is `state.done`, until the next one.

    Spans count from the epoch (UTC midnights for days). Where the last bar of a span is missing, it closes with
    the next bar there is; unless that one closes a span of its own, which then counts instead.
    """
    building = state.building
    closed = False
    if state.started == 1 and bar.open_ns // span_ns != building.open_ns // span_ns:
        _hand_over(state, (building.open_ns // span_ns + 1) * span_ns)
        closed = True
    if state.started == 0:
        state.started = 1
        building.open_ns = bar.open_ns // span_ns * span_ns
        building.open = bar.open
        building.high = bar.high
        building.low = bar.low
        building.volume = 0.0
    building.high = max(building.high, bar.high)
    building.low = min(building.low, bar.low)
    building.close = bar.close
    building.volume += bar.volume
    if bar.close_ns % span_ns == 0:
        _hand_over(state, bar.close_ns)
        closed = True
    return closed


@kernel
def _hand_over(state: Rec, close_ns: int) -> None:
    done = state.done
    building = state.building
    done.open_ns = building.open_ns
    done.close_ns = close_ns
    done.open = building.open
    done.high = building.high
    done.low = building.low
    done.close = building.close
    done.volume = building.volume
    state.started = 0
