# mypy: disable-error-code="no-any-return"
"""What is made of whole bars: heikin-ashi, and the pivot points of a higher timeframe."""

from __future__ import annotations

import math

from algobot.kernel.indicators.resample import RESAMPLE, resample
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record

HEIKIN_ASHI = record(open=float64, close=float64, count=int64)
PIVOTS = record(higher=RESAMPLE, known=int64)


@kernel
def heikin_ashi(state: Rec, bar: Rec) -> tuple[float, float, float, float]:
    """Open, high, low and close of the heikin-ashi bar, from the first bar on.

    C = (O + H + L + C) / 4; O = the middle of the last one's body, (O + C) / 2 at first; H and L take both in.
    No price anybody could trade at. Source: Valcu, Using the Heikin-Ashi Technique (2004).
    """
    opened = 0.5 * (bar.open + bar.close) if state.count == 0 else 0.5 * (state.open + state.close)
    closed = 0.25 * (bar.open + bar.high + bar.low + bar.close)
    state.count += 1
    state.open = opened
    state.close = closed
    return opened, max(bar.high, opened, closed), min(bar.low, opened, closed), closed


@kernel
def pivots(state: Rec, bar: Rec, span_ns: int) -> tuple[float, float, float, float, float, float, float]:
    """Pivot, then resistance 1, support 1, resistance 2, support 2, resistance 3, support 3; nan before.

    From the last bar of `span_ns` that has closed (a day: 86_400 * 10**9), so defined from the bar that closes the
    first one on: P = (H + L + C) / 3; R1 = 2P - L; S1 = 2P - H; R2 = P + (H - L); S2 = P - (H - L);
    R3 = H + 2 (P - L); S3 = L - 2 (H - P). All one in a span without movement.
    Source: the floor traders' pivots; StockCharts "Pivot Points".
    """
    if resample(state.higher, bar, span_ns):
        state.known = 1
    if state.known == 0:
        return math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan
    high = state.higher.done.high
    low = state.higher.done.low
    middle = (high + low + state.higher.done.close) / 3.0
    reach = high - low
    first = 2.0 * middle - low
    return (
        middle,
        first,
        2.0 * middle - high,
        middle + reach,
        middle - reach,
        high + 2.0 * (middle - low),
        low - 2.0 * (high - middle),
    )
