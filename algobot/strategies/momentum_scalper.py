"""Be long while the fast average is above the slow one in a strong trend; leave with it, by the clock or a stop."""

from __future__ import annotations

import math
from typing import Annotated, Final, NamedTuple

from algobot.kernel.indicators.seeds import (
    SEED_ADX,
    SEED_ATR,
    SEED_EMA,
    SEED_MACD,
    seed_adx,
    seed_atr,
    seed_ema,
    seed_macd,
)
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, ratchet, target, weigh
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between
from algobot.strategies.pauses import PAUSE, has_closed


class Params(NamedTuple):
    """What can be tuned."""

    ema_fast: Annotated[int, Between(1, 500)] = 9  # bars
    ema_slow: Annotated[int, Between(2, 500)] = 21  # bars
    ema_trend: Annotated[int, Between(1, 500)] = 50  # bars; only makes the warm-up longer
    use_macd: bool = True  # entries need it not to be bearish, and a bearish one ends a position
    macd_fast: Annotated[int, Between(1, 500)] = 12  # bars
    macd_slow: Annotated[int, Between(2, 500)] = 26  # bars
    macd_signal: Annotated[int, Between(1, 500)] = 9  # bars
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    stop_atr_multiple: Annotated[float, Between(0.01, 100)] = 1.0  # ATR from the entry price
    target_atr_multiple: Annotated[float, Between(0.01, 100)] = 1.5  # ATR from the entry price
    trailing_activation: Annotated[float, Between(0, 100)] = 0.5  # ATR won before the stop follows
    trailing_atr_multiple: Annotated[float, Between(0.01, 100)] = 0.75  # ATR from the close
    adx_period: Annotated[int, Between(1, 250)] = 14  # bars
    adx_threshold: Annotated[float, Between(0, 100)] = 20.0  # 0 is off
    max_hold_bars: Annotated[int, Between(1, 1_000_000)] = 20
    exit_on_cross: bool = True
    cooldown_bars: Annotated[int, Between(0, 1_000_000)] = 2  # bars, flat, after a closed position


GUESSED_ATR = 0.01  # of the close, before there is one
MEMORY = record(pause=PAUSE, held=int64)
STATE = record(
    fast=SEED_EMA, slow=SEED_EMA, macd=SEED_MACD, histogram=float64, atr=SEED_ATR, adx=SEED_ADX, memory=MEMORY
)

NEUTRAL, RISES, RISES_FAST, FALLS, FALLS_FAST = 0, 1, 2, -1, -2  # what MACD says
SCORE_NEUTRAL: Final = 0.8

WARMING, CROSSED, TOO_LONG, TURNED, HOLDING, FOLLOWING, COOLING, RISING, WEAK, WAITING = range(1, 11)
REASONS = {
    WARMING: "indicators are not complete yet",
    CROSSED: "fast EMA {fast:.6g} below slow {slow:.6g}",
    TOO_LONG: "held for {bars:.0f} bars",
    TURNED: "MACD histogram {histogram:.6g} is bearish",
    HOLDING: "trend goes on: fast EMA {fast:.6g}, slow {slow:.6g}, bar {bars:.0f}",
    FOLLOWING: "trend goes on: fast EMA {fast:.6g}, slow {slow:.6g}, bar {bars:.0f}, stop follows at {level:.6g}",
    COOLING: "cooling down for {bars:.0f} more bars",
    RISING: "fast EMA {fast:.6g} above slow {slow:.6g}, ADX {adx:.1f}, MACD histogram {histogram:.6g}",
    WEAK: "fast EMA {fast:.6g} above slow {slow:.6g}, but ADX {adx:.1f}, MACD histogram {histogram:.6g}",
    WAITING: "no entry: fast EMA {fast:.6g} not above slow {slow:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.ema_slow, params.ema_trend, params.macd_slow + params.macd_signal, 2 * params.adx_period) + 5


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.ema_fast >= params.ema_slow:
        return f"ema_fast {params.ema_fast} is not below ema_slow {params.ema_slow}"
    if params.macd_fast >= params.macd_slow:
        return f"macd_fast {params.macd_fast} is not below macd_slow {params.macd_slow}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    fast = seed_ema(state.fast, bar.close, params.ema_fast)
    slow = seed_ema(state.slow, bar.close, params.ema_slow)
    before = state.histogram
    line, signal, state.histogram = seed_macd(
        state.macd, bar.close, params.macd_fast, params.macd_slow, params.macd_signal
    )
    reach = seed_atr(state.atr, bar, params.atr_period)
    strength = seed_adx(state.adx, bar, params.adx_period)
    if math.isnan(reach):
        reach = GUESSED_ATR * bar.close
    bracket(orders, params.stop_atr_multiple * reach, params.target_atr_multiple * reach)
    says = _macd_says(line, signal, state.histogram, before) if params.use_macd else NEUTRAL
    weigh(orders, _score(says))
    _count(state.memory, position, params.cooldown_bars)

    least = max(params.ema_slow, params.ema_trend, params.macd_slow + params.macd_signal, 2 * params.adx_period) + 5
    if state.atr.count < least:
        because(orders, WARMING)
    elif position.side != 0:
        _hold(state, bar.close, position, params, orders, fast, slow, reach, says)
    elif state.memory.pause.cooling > 0:
        because(orders, COOLING, state.memory.pause.cooling)
    elif not fast > slow:
        because(orders, WAITING, fast, slow)
    elif (params.adx_threshold > 0.0 and not strength >= params.adx_threshold) or says < 0:
        because(orders, WEAK, fast, slow, strength, state.histogram)
    else:
        target(orders, 1.0)
        because(orders, RISING, fast, slow, strength, state.histogram)


@kernel
def _count(memory: Rec, position: Rec, cooldown: int) -> None:
    """Count the bars of a position and those after it; unlike elsewhere the pause goes by only while flat."""
    pause = memory.pause
    if has_closed(pause, position):
        pause.cooling = cooldown
        memory.held = 0
    if position.side != 0:
        memory.held += 1
    else:
        pause.cooling = max(pause.cooling - 1, 0)


@kernel
def _macd_says(line: float, signal: float, histogram: float, before: float) -> int:
    if histogram > 0.0:
        return RISES_FAST if histogram > before and line > signal else RISES
    if histogram < 0.0:
        return FALLS_FAST if histogram < before and line < signal else FALLS
    return NEUTRAL


@kernel
def _score(says: int) -> float:
    if says == RISES_FAST:
        return 1.3
    if says == RISES:
        return 1.1
    if says == FALLS:
        return 0.6
    if says == FALLS_FAST:
        return 0.5
    return SCORE_NEUTRAL


@kernel
def _hold(
    state: Rec,
    close: float,
    position: Rec,
    params: Rec,
    orders: Rec,
    fast: float,
    slow: float,
    reach: float,
    says: int,
) -> None:
    held = state.memory.held
    level = 0.0
    if (close - position.average) / reach >= params.trailing_activation:
        level = close - params.trailing_atr_multiple * reach
        ratchet(orders, level)
    if params.exit_on_cross and fast < slow:
        target(orders, 0.0)
        because(orders, CROSSED, fast, slow)
    elif held >= params.max_hold_bars:
        target(orders, 0.0)
        because(orders, TOO_LONG, held)
    elif says < 0:
        target(orders, 0.0)
        because(orders, TURNED, state.histogram)
    else:
        because(orders, FOLLOWING if level > 0.0 else HOLDING, fast, slow, held, level)
