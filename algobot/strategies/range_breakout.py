"""Buy a close beyond the range of the last bars when range, volume and trend agree; let a stop follow."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.seeds import SEED_ADX, SEED_ATR, SEED_EMA, seed_adx, seed_atr, seed_ema
from algobot.kernel.indicators.windows import DONCHIAN, donchian
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, ratchet, target
from algobot.kernel.records import Rec, float64, record
from algobot.kernel.strategy import Between
from algobot.strategies.pauses import PAUSE, cools


class Params(NamedTuple):
    """What can be tuned."""

    lookback: Annotated[int, Between(1, 500)] = 30  # bars of the range, the present one not counted
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    stop_atr: Annotated[float, Between(0.01, 100)] = 1.5  # ATR from the entry price
    target_atr: Annotated[float, Between(0.01, 100)] = 4.0  # ATR from the entry price
    cooldown: Annotated[int, Between(0, 1_000_000)] = 3  # bars after a closed position
    allow_shorts: bool = False  # mirrored entries
    trend_ema: Annotated[int, Between(0, 500)] = 50  # bars; entries only on its side; 0 is off
    adx_period: Annotated[int, Between(1, 250)] = 14  # bars
    min_adx: Annotated[float, Between(0, 100)] = 20.0  # 0 is off
    use_trailing: bool = True
    trailing_atr: Annotated[float, Between(0.01, 100)] = 2.0  # ATR from the close


BACK = 4  # bars: the ATR must not have shrunk much since then
KEPT = 0.9  # of that ATR
VOLUMES = 20  # bars
LIVELY = 0.8  # of their mean volume
GUESSED_ATR = 0.02  # of the close, before there is one
STATE = record(
    range=DONCHIAN,
    top=float64,
    bottom=float64,
    close=float64,
    atr=SEED_ATR,
    adx=SEED_ADX,
    strength=float64,
    trend=SEED_EMA,
    trend_value=float64,
    volumes=(float64, VOLUMES + 1),  # rings, at the number of the bar
    ranges=(float64, BACK + 1),
    memory=PAUSE,
)

WARMING, HOLDING, FOLLOWING, COOLING, SHRINKING, QUIET, WEAK, AGAINST, UP, DOWN, INSIDE = range(1, 12)
REASONS = {
    WARMING: "indicators are not complete yet",
    HOLDING: "in a position: close {close:.6g}, entry {entry:.6g}",
    FOLLOWING: "in a position: close {close:.6g}, entry {entry:.6g}, stop follows at {level:.6g}",
    COOLING: "cooling down for {bars:.0f} more bars",
    SHRINKING: "breakout without range: ATR {atr:.6g}, four bars ago {past:.6g}",
    QUIET: "breakout without volume: {volume:.6g}, usually {usual:.6g}",
    WEAK: "breakout without trend: ADX {adx:.1f} below {least:g}",
    AGAINST: "breakout against the trend: close {close:.6g}, EMA {trend:.6g}",
    UP: "close {close:.6g} crossed the highest high {top:.6g}, volume {volume:.6g}, usually {usual:.6g}",
    DOWN: "close {close:.6g} crossed the lowest low {bottom:.6g}, volume {volume:.6g}, usually {usual:.6g}",
    INSIDE: "no entry: close {close:.6g} did not cross out of {bottom:.6g} to {top:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    strength = 2 * params.adx_period if params.min_adx > 0.0 else 0
    return max(max(params.lookback, params.trend_ema) + params.atr_period + 2, strength)


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    top = state.top  # of the bars before this one
    bottom = state.bottom
    before = state.close
    state.top, state.bottom = donchian(state.range, bar, params.lookback)
    state.close = bar.close
    reach = seed_atr(state.atr, bar, params.atr_period)
    if math.isnan(reach):
        reach = GUESSED_ATR * bar.close
    bracket(orders, params.stop_atr * reach, params.target_atr * reach)
    cooling = cools(state.memory, position, params.cooldown)
    _see(state, bar, params)

    if state.atr.count < max(params.lookback, params.trend_ema) + params.atr_period + 2:
        because(orders, WARMING)
    elif position.side != 0:
        _hold(bar.close, position, params, orders, reach)
    elif cooling > 0:
        because(orders, COOLING, cooling)
    elif bar.close > top and before <= top:
        _enter(state, bar, params, orders, 1, top)
    elif params.allow_shorts and bar.close < bottom and before >= bottom:
        _enter(state, bar, params, orders, -1, bottom)
    else:
        because(orders, INSIDE, bar.close, bottom, top)


@kernel
def _see(state: Rec, bar: Rec, params: Rec) -> None:
    """Keep up what only a breakout asks for."""
    now = state.atr.count - 1  # the bar's number
    state.strength = seed_adx(state.adx, bar, params.adx_period)
    if params.trend_ema > 0:
        state.trend_value = seed_ema(state.trend, bar.close, params.trend_ema)
    state.volumes[now % (VOLUMES + 1)] = bar.volume
    state.ranges[now % (BACK + 1)] = state.atr.average.value if now + 1 >= params.atr_period else 0.0


@kernel
def _enter(state: Rec, bar: Rec, params: Rec, orders: Rec, side: int, edge: float) -> None:
    """Open a position if everything agrees; what cannot be known yet does."""
    count = state.atr.count
    reach = state.ranges[(count - 1) % (BACK + 1)]
    past = state.ranges[count % (BACK + 1)]
    usual = _usual_volume(state.volumes, count)
    if count >= 2 * params.atr_period and not reach > KEPT * past:
        because(orders, SHRINKING, reach, past)
    elif count >= VOLUMES and not bar.volume > LIVELY * usual:
        because(orders, QUIET, bar.volume, usual)
    elif params.min_adx > 0.0 and count >= 2 * params.adx_period and not state.strength >= params.min_adx:
        because(orders, WEAK, state.strength, params.min_adx)
    elif params.trend_ema > 0 and not (bar.close - state.trend_value) * side > 0.0:
        because(orders, AGAINST, bar.close, state.trend_value)
    else:
        target(orders, side)
        because(orders, UP if side > 0 else DOWN, bar.close, edge, bar.volume, usual)


@kernel
def _usual_volume(volumes: Rec, count: int) -> float:
    """Return the mean volume of the bars before the present one, number `count`."""
    total = 0.0
    for i in range(1, min(count - 1, VOLUMES) + 1):
        total += volumes[(count - 1 - i) % (VOLUMES + 1)]
    return total / max(min(count - 1, VOLUMES), 1)


@kernel
def _hold(close: float, position: Rec, params: Rec, orders: Rec, reach: float) -> None:
    """While it wins, follow the close, once that is nearer than the first stop."""
    side = position.side
    entry = position.average
    level = close - side * params.trailing_atr * reach
    nearer = (level - (entry - side * params.stop_atr * reach)) * side > 0.0
    if params.use_trailing and (close - entry) * side > 0.0 and nearer:
        ratchet(orders, level)
        because(orders, FOLLOWING, close, entry, level)
    else:
        because(orders, HOLDING, close, entry)
