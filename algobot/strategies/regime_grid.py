# mypy: disable-error-code="no-any-return"
"""Ladders of limit orders around the close in a market without trend; flat when it falls or jumps."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.seeds import (
    SEED_ADX,
    SEED_ATR,
    SEED_EMA,
    SEED_RSI,
    seed_adx,
    seed_atr,
    seed_ema,
    seed_rsi,
)
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, in_base, limit, ratchet, reduce_only, rests_near, target, weigh
from algobot.kernel.records import OWN_TAGS, Rec, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned. Fractions are of price unless said otherwise."""

    max_grids: Annotated[int, Between(1, 100)] = 10  # rungs on each side; more than 10 count as 10
    grid_spacing: Annotated[float, Between(1e-6, 0.09)] = 0.01  # from rung to rung
    sell_target: Annotated[float, Between(0, 10)] = 0.04  # from the average entry price
    adx_period: Annotated[int, Between(1, 250)] = 14  # bars
    adx_sideways: Annotated[float, Between(0, 100)] = 20.0  # below it the market has no trend
    ema_short: Annotated[int, Between(1, 500)] = 50  # bars
    ema_long: Annotated[int, Between(2, 500)] = 200  # bars
    ema_band: Annotated[float, Between(0, 10)] = 0.10  # from the short average
    rsi_period: Annotated[int, Between(1, 500)] = 14  # bars
    rsi_bull_min: Annotated[float, Between(0, 100)] = 50.0
    rsi_bull_max: Annotated[float, Between(0, 100)] = 70.0
    rsi_bear: Annotated[float, Between(0, 100)] = 40.0
    high_volatility_candle: Annotated[float, Between(0, 10)] = 0.05  # from open to close
    bull_max_grids: Annotated[int, Between(1, 10)] = 5  # rungs below the close
    bull_grid_spacing: Annotated[float, Between(1e-6, 0.09)] = 0.01
    bull_sell_target: Annotated[float, Between(1e-6, 10)] = 0.025  # from rung to rung
    max_capital_usage: Annotated[float, Between(0.001, 1)] = 0.40  # of equity
    max_drawdown: Annotated[float, Between(0.001, 1)] = 0.20  # from the peak of equity
    volatility_kill: Annotated[float, Between(0.001, 10)] = 0.15  # ATR of 14 bars
    pause_hours: Annotated[float, Between(0, 1e6)] = 12.0
    stop_atr_multiple: Annotated[float, Between(0.01, 100)] = 2.0  # ATR from the average entry price
    trailing_activation: Annotated[float, Between(0, 10)] = 0.03  # won before the stop follows
    trailing_atr_multiple: Annotated[float, Between(0.01, 100)] = 1.0  # ATR from the close


KILL_ATR = 14  # bars
GUESSED_ATR = 0.02  # of the close, before there is one
FULL = 0.95  # of the capital it may use
RECOVERED = 0.95  # of the peak before a breach
MOST_RUNGS, MOST_FULL_RUNGS = 10, 5
NEAR = 0.2  # of a step: an order resting so near makes a rung unnecessary
HOUR_NS = 3_600_000_000_000.0
PAUSED_UNTIL, BREACHED_PEAK = 0, 1  # places in what the symbols share
STATE = record(atr=SEED_ATR, kill=SEED_ATR, adx=SEED_ADX, short=SEED_EMA, long=SEED_EMA, rsi=SEED_RSI)

BUY, SELL = OWN_TAGS, OWN_TAGS + 1
TAGS = {BUY: "grid buy", SELL: "grid sell"}
UNKNOWN, SIDEWAYS, BULLISH, BEARISH, JUMPY = range(5)  # regimes

WARMING, PAUSED, KILLED, BREACHED, BREACH, NO_REGIME, FALLING, JUMPED, FILLED, LEVEL, RISING = range(1, 12)
REASONS = {
    WARMING: "indicators are not complete yet",
    PAUSED: "paused for {hours:.1f} more hours",
    KILLED: "ATR {atr:.6g} is too much of the close {close:.6g}: paused",
    BREACHED: "equity {equity:.6g} has not recovered to {wanted:.6g}",
    BREACH: "equity {equity:.6g} fell too far from its peak {peak:.6g}",
    NO_REGIME: "indicators do not say",
    FALLING: "falling: close {close:.6g}, long EMA {long:.6g}, RSI {rsi:.1f}",
    JUMPED: "neither sideways nor rising: close {close:.6g}, long EMA {long:.6g}, RSI {rsi:.1f}, ADX {adx:.1f}",
    FILLED: "holds all it may: sells in {rungs:.0f} rungs of {step:.6g}",
    LEVEL: "sideways: ADX {adx:.1f}, close {close:.6g} near the short EMA {short:.6g}, steps of {step:.6g}",
    RISING: "rising: close {close:.6g} above the long EMA {long:.6g}, RSI {rsi:.1f}, steps of {step:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.ema_long, params.ema_short, 2 * params.adx_period - 1, params.rsi_period)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.ema_short >= params.ema_long:
        return f"ema_short {params.ema_short} is not below ema_long {params.ema_long}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Place ladders around each close, or leave the market."""
    close = bar.close
    reach = seed_atr(state.atr, bar, params.adx_period)
    swing = seed_atr(state.kill, bar, KILL_ATR)
    strength = seed_adx(state.adx, bar, params.adx_period)
    short = seed_ema(state.short, close, params.ema_short)
    long = seed_ema(state.long, close, params.ema_long)
    force = seed_rsi(state.rsi, close, params.rsi_period)
    if math.isnan(reach):
        reach = GUESSED_ATR * close
    bracket(orders, params.stop_atr_multiple * reach, 0.0, params.sell_target)
    if (
        position.side != 0
        and (close - position.average) * position.side / position.average >= params.trailing_activation
    ):
        ratchet(orders, close - position.side * params.trailing_atr_multiple * reach)

    regime = _regime(bar, params, strength, short, long, force)
    weigh(orders, 1.5 if regime == SIDEWAYS else 1.0 if regime == BULLISH else 0.0)
    if state.atr.count < max(params.ema_long, params.adx_period, params.rsi_period):
        because(orders, WARMING)
    elif _is_stopped(bar, position, params, orders, swing):
        return
    elif regime == UNKNOWN:
        because(orders, NO_REGIME)
    elif regime == BEARISH:
        target(orders, 0.0)
        because(orders, FALLING, close, long, force)
    elif regime == JUMPY:
        target(orders, 0.0)
        because(orders, JUMPED, close, long, force, strength)
    elif abs(position.quantity) * close >= FULL * position.equity * params.max_capital_usage:
        _place_full(close, position, params, orders)
    elif regime == SIDEWAYS:
        because(orders, LEVEL, strength, close, short, close * params.grid_spacing)
        _place_sideways(close, position, params, orders)
    else:
        because(orders, RISING, close, long, force, close * params.bull_grid_spacing)
        _place_bullish(close, position, params, orders)


@kernel
def _regime(bar: Rec, params: Rec, strength: float, short: float, long: float, force: float) -> int:
    close = bar.close
    if abs(close - bar.open) / bar.open > params.high_volatility_candle:
        return JUMPY
    if math.isnan(strength) or math.isnan(short) or math.isnan(long) or math.isnan(force):
        return UNKNOWN
    if strength < params.adx_sideways and abs(close - short) / short <= params.ema_band:
        return SIDEWAYS
    if close < long and force < params.rsi_bear:
        return BEARISH
    if close > long and params.rsi_bull_min <= force <= params.rsi_bull_max:
        return BULLISH
    return JUMPY


@kernel
def _is_stopped(bar: Rec, position: Rec, params: Rec, orders: Rec, swing: float) -> bool:
    """Leave the market when it is wild or too much is lost; all symbols of the account see it."""
    shared = orders.shared
    if bar.close_ns < shared[PAUSED_UNTIL]:
        because(orders, PAUSED, (shared[PAUSED_UNTIL] - bar.close_ns) / HOUR_NS)
        return True
    if swing / bar.close > params.volatility_kill:
        shared[PAUSED_UNTIL] = bar.close_ns + params.pause_hours * HOUR_NS
        target(orders, 0.0)
        because(orders, KILLED, swing, bar.close)
        return True
    if shared[BREACHED_PEAK] > 0.0:
        if position.equity < RECOVERED * shared[BREACHED_PEAK]:
            target(orders, 0.0)
            because(orders, BREACHED, position.equity, RECOVERED * shared[BREACHED_PEAK])
            return True
        shared[BREACHED_PEAK] = 0.0
    peak = max(position.peak, position.equity)
    if 1.0 - position.equity / peak > params.max_drawdown:
        shared[BREACHED_PEAK] = peak
        target(orders, 0.0)
        because(orders, BREACH, position.equity, peak)
        return True
    return False


@kernel
def _place_full(close: float, position: Rec, params: Rec, orders: Rec) -> None:
    rungs = min(MOST_FULL_RUNGS, params.max_grids)
    step = close * params.grid_spacing
    _ladder(orders, -1, close, step, rungs, abs(position.quantity) / rungs, NEAR * step)
    because(orders, FILLED, rungs, step)


@kernel
def _place_sideways(close: float, position: Rec, params: Rec, orders: Rec) -> None:
    rungs = min(params.max_grids, MOST_RUNGS)
    step = close * params.grid_spacing
    quantity = _share(close, position, params, 2 * rungs)
    _ladder(orders, 1, close, step, rungs, quantity, NEAR * step)
    if position.side != 0:
        _ladder(orders, -1, close, step, rungs, min(quantity, abs(position.quantity) / rungs), NEAR * step)


@kernel
def _place_bullish(close: float, position: Rec, params: Rec, orders: Rec) -> None:
    buys = params.bull_max_grids
    sells = max(buys // 2, 1)
    step = close * params.bull_grid_spacing
    quantity = _share(close, position, params, buys + sells)
    _ladder(orders, 1, close, step, buys, quantity, NEAR * step)
    if position.side != 0:
        step = close * params.bull_sell_target
        _ladder(orders, -1, close, step, sells, min(quantity, abs(position.quantity) / sells), NEAR * step)


@kernel
def _share(close: float, position: Rec, params: Rec, rungs: int) -> float:
    """Return what one of so many rungs may be, in base units."""
    return position.equity * params.max_capital_usage / rungs / close


@kernel
def _ladder(orders: Rec, side: int, close: float, step: float, rungs: int, quantity: float, near: float) -> None:
    """Place limit orders one step apart, buys below the close and sells above it, where none rests already."""
    for i in range(1, rungs + 1):
        price = close - side * i * step
        if not rests_near(orders, side, price, near):
            limit(orders, side, 0, price, BUY if side > 0 else SELL)
            in_base(orders, quantity)
            if side < 0:
                reduce_only(orders)
