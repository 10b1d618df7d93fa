"""Buy a close above the highest high of the last bars, sell one below the lowest low; leave by a shorter channel.

The channels are those of the bars *before* the present one: the entry's of `entry_period` bars, the exit's of
`exit_period`. A close above the entry channel is long, one below it short (flat where shorts are not allowed); a long
position ends with a close below the lowest low of the exit channel, a short one above its highest high. A break to the
other side turns the position round. The stop lies `stop_atr` ATR from the entry price.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.indicators.windows import DONCHIAN, donchian
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    entry_period: Annotated[int, Between(1, 500)] = 20  # bars
    exit_period: Annotated[int, Between(1, 500)] = 10  # bars
    atr_period: Annotated[int, Between(1, 500)] = 20  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 2.0  # ATR from the entry price; 0 is no stop


CHANNEL = record(top=float64, bottom=float64, window=DONCHIAN)
STATE = record(entry=CHANNEL, exit=CHANNEL, atr=ATR, bars=int64)

WARMING, ABOVE, BELOW, LEFT_LONG, LEFT_SHORT, HOLDING, INSIDE = range(1, 8)
REASONS = {
    WARMING: "channels are not complete yet",
    ABOVE: "close {close:.6g} above the highest high {top:.6g}",
    BELOW: "close {close:.6g} below the lowest low {bottom:.6g}",
    LEFT_LONG: "close {close:.6g} below the exit channel's low {bottom:.6g}",
    LEFT_SHORT: "close {close:.6g} above the exit channel's high {top:.6g}",
    HOLDING: "holding: close {close:.6g}, leaves beyond {level:.6g}, stop {stop:.6g}",
    INSIDE: "no break: close {close:.6g} within {bottom:.6g} to {top:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.entry_period, params.exit_period, params.atr_period) + 1


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.exit_period > params.entry_period:
        return f"exit_period {params.exit_period} is above entry_period {params.entry_period}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Compare the close with the channels of the bars before."""
    close = bar.close
    top, bottom = _before(state.entry, bar, params.entry_period)
    high, low = _before(state.exit, bar, params.exit_period)
    state.bars += 1
    reach = atr(state.atr, bar, params.atr_period)
    bracket(orders, params.stop_atr * reach, 0.0)
    side = position.side

    if state.bars <= max(params.entry_period, params.exit_period, params.atr_period):
        because(orders, WARMING)
    elif close > top and side <= 0:
        target(orders, 1.0)
        because(orders, ABOVE, close, top)
    elif close < bottom and side >= 0:
        target(orders, -1.0)
        because(orders, BELOW, close, bottom)
    elif side > 0 and close < low:
        target(orders, 0.0)
        because(orders, LEFT_LONG, close, low)
    elif side < 0 and close > high:
        target(orders, 0.0)
        because(orders, LEFT_SHORT, close, high)
    elif side != 0:
        because(orders, HOLDING, close, low if side > 0 else high, position.stop)
    else:
        because(orders, INSIDE, close, bottom, top)


@kernel
def _before(state: Rec, bar: Rec, period: int) -> tuple[float, float]:
    """Return the channel as it was before this bar."""
    top = state.top
    bottom = state.bottom
    state.top, state.bottom = donchian(state.window, bar, period)
    return top, bottom
