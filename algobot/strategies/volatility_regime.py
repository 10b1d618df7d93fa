# mypy: disable-error-code="no-any-return"
"""Buy near a new high while volatility is low or usual and the trend is up; leave when the market turns wild."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.seeds import SEED_ADX, SEED_ATR, SEED_EMA, seed_adx, seed_atr, seed_ema
from algobot.kernel.indicators.windows import DONCHIAN, SMA, donchian, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, ratchet, target, weigh
from algobot.kernel.records import Rec, float64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    volatility_lookback: Annotated[int, Between(1, 500)] = 20  # bars, of the usual ATR and of the highest high
    compression_threshold: Annotated[float, Between(0, 100)] = 0.6  # ATR / usual ATR at most
    expansion_threshold: Annotated[float, Between(0, 100)] = 1.5  # at least
    extreme_threshold: Annotated[float, Between(0, 100)] = 2.5  # at least
    ema_fast: Annotated[int, Between(1, 500)] = 8  # bars
    ema_slow: Annotated[int, Between(2, 500)] = 21  # bars
    adx_period: Annotated[int, Between(1, 250)] = 14  # bars
    adx_threshold: Annotated[float, Between(0, 100)] = 30.0
    breakout_atr_multiple: Annotated[float, Between(0, 100)] = 1.5  # ATR below the highest high
    stop_atr_multiple: Annotated[float, Between(0.01, 100)] = 2.5  # ATR from the entry price
    target_atr_multiple: Annotated[float, Between(0.01, 100)] = 5.0  # ATR from the entry price
    trailing_activation: Annotated[float, Between(0, 100)] = 0.5  # ATR won before the stop follows
    trailing_atr_multiple: Annotated[float, Between(0.01, 100)] = 1.5  # ATR from the close


GUESSED_ATR = 0.05  # of the close, before there is one
STATE = record(
    atr=SEED_ATR, usual=SMA, range=DONCHIAN, top=float64, fast=SEED_EMA, slow=SEED_EMA, adx=SEED_ADX, close=float64
)

NORMAL, COMPRESSION, EXPANSION, EXTREME = range(4)  # regimes

WARMING, WILD, NO_LONGER, HOLDING, FOLLOWING, LOUD, NO_TREND, BROKE_OUT, WAITING = range(1, 10)
REASONS = {
    WARMING: "indicators are not complete yet",
    WILD: "ATR is {ratio:.2f} of its mean: extreme",
    NO_LONGER: "close {close:.6g} below slow EMA {slow:.6g}, not below the entry {entry:.6g}",
    HOLDING: "in a position: close {close:.6g}, entry {entry:.6g}, ATR {ratio:.2f} of its mean",
    FOLLOWING: "in a position: close {close:.6g}, entry {entry:.6g}, ATR {ratio:.2f} of its mean, "
    "stop follows at {level:.6g}",
    LOUD: "no entry: ATR is {ratio:.2f} of its mean",
    NO_TREND: "no entry: fast EMA {fast:.6g}, slow {slow:.6g}, ADX {adx:.1f}",
    BROKE_OUT: "close {close:.6g} crossed {level:.6g}, ATR {ratio:.2f} of its mean, ADX {adx:.1f}",
    WAITING: "no entry: close {close:.6g} did not cross {level:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    longest = max(2 * params.adx_period, params.volatility_lookback)
    return max(params.atr_period + longest, params.ema_slow)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.ema_fast >= params.ema_slow:
        return f"ema_fast {params.ema_fast} is not below ema_slow {params.ema_slow}"
    if not params.compression_threshold < params.expansion_threshold < params.extreme_threshold:
        return "compression_threshold, expansion_threshold and extreme_threshold are not in this order"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    top = state.top  # of the bars before this one
    before = state.close
    state.top, _ = donchian(state.range, bar, params.volatility_lookback)
    fast = seed_ema(state.fast, bar.close, params.ema_fast)
    slow = seed_ema(state.slow, bar.close, params.ema_slow)
    strength = seed_adx(state.adx, bar, params.adx_period)
    reach = seed_atr(state.atr, bar, params.atr_period)
    state.close = bar.close
    usual = math.nan if math.isnan(reach) else sma(state.usual, reach, params.volatility_lookback)
    if math.isnan(reach):
        reach = GUESSED_ATR * bar.close
    ratio = reach / usual if usual > 0.0 else 1.0
    regime = _regime(ratio, params)
    rising = fast > slow and strength > params.adx_threshold
    calm = regime in (COMPRESSION, NORMAL)
    bracket(orders, params.stop_atr_multiple * reach, params.target_atr_multiple * reach)
    weigh(orders, (1.0 if rising else 0.5) if calm else 0.0)

    if state.atr.count < _least(params):
        because(orders, WARMING)
    elif position.side != 0:
        _hold(bar.close, position, params, orders, slow, reach, ratio)
    elif not calm:
        because(orders, LOUD, ratio)
    elif not rising:
        because(orders, NO_TREND, fast, slow, strength)
    else:
        level = top - params.breakout_atr_multiple * reach
        if bar.close > level and before <= level:
            target(orders, 1.0)
            because(orders, BROKE_OUT, bar.close, level, ratio, strength)
        else:
            because(orders, WAITING, bar.close, level)


@kernel
def _least(params: Rec) -> int:
    return max(params.atr_period + max(2 * params.adx_period, params.volatility_lookback), params.ema_slow)


@kernel
def _regime(ratio: float, params: Rec) -> int:
    if ratio >= params.extreme_threshold:
        return EXTREME
    if ratio >= params.expansion_threshold:
        return EXPANSION
    if ratio <= params.compression_threshold:
        return COMPRESSION
    return NORMAL


@kernel
def _hold(close: float, position: Rec, params: Rec, orders: Rec, slow: float, reach: float, ratio: float) -> None:
    entry = position.average
    level = 0.0
    if (close - entry) / reach >= params.trailing_activation:
        level = max(close - params.trailing_atr_multiple * reach, entry - params.stop_atr_multiple * reach)
        ratchet(orders, level)
    if ratio >= params.extreme_threshold:
        target(orders, 0.0)
        because(orders, WILD, ratio)
    elif close >= entry and close < slow:
        target(orders, 0.0)
        because(orders, NO_LONGER, close, slow, entry)
    else:
        because(orders, FOLLOWING if level > 0.0 else HOLDING, close, entry, ratio, level)
