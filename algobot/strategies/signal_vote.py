"""Let six signals vote and trade what enough of them agree on; leave once too few still do.

Each votes for long, for short, or not at all, with its weight (0 switches it off):

- trend: the fast average above the slow one, or below it;
- momentum: RSI at least `rsi_margin` above 50, or below it;
- strength: ADX of at least `adx_least`; then the larger of +DI and -DI says which way;
- breakout: which way the close last left the channel of the `channel_period` bars before it;
- reversion: the close at least `zscore_least` deviations *below* its mean votes for long, above it for short;
- volume: a bar of at least `volume_least` times the mean volume votes the way it went from open to close.

With `enter_votes` or more for a side, and more than for the other, it enters that side, or turns round. With fewer than
`stay_votes` for the side held it leaves. The stop lies `stop_atr` ATR from the entry price. After any position has
ended it enters none from flat for `cooldown_bars`.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ADX, ATR, RSI, adx, atr, rsi
from algobot.kernel.indicators.volume import volume_ratio
from algobot.kernel.indicators.windows import channel, donchian, sma, window, zscore
from algobot.kernel.jit import kernel
from algobot.kernel.ledger import sign
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between
from algobot.strategies.pauses import PAUSE, cools


class Params(NamedTuple):
    """What can be tuned."""

    trend_weight: Annotated[int, Between(0, 5)] = 1  # votes; 0 is off
    momentum_weight: Annotated[int, Between(0, 5)] = 1  # votes
    strength_weight: Annotated[int, Between(0, 5)] = 1  # votes
    breakout_weight: Annotated[int, Between(0, 5)] = 1  # votes
    reversion_weight: Annotated[int, Between(0, 5)] = 1  # votes
    volume_weight: Annotated[int, Between(0, 5)] = 1  # votes
    enter_votes: Annotated[int, Between(1, 30)] = 4  # votes for a side, and more than for the other
    stay_votes: Annotated[int, Between(0, 30)] = 2  # votes for the side held
    fast: Annotated[int, Between(1, 200)] = 20  # bars
    slow: Annotated[int, Between(2, 200)] = 50  # bars
    rsi_period: Annotated[int, Between(1, 200)] = 14  # bars
    rsi_margin: Annotated[float, Between(0, 50)] = 5.0  # RSI, from 50
    adx_period: Annotated[int, Between(2, 200)] = 14  # bars
    adx_least: Annotated[float, Between(0, 100)] = 20.0  # ADX
    channel_period: Annotated[int, Between(1, 200)] = 20  # bars
    zscore_period: Annotated[int, Between(2, 200)] = 20  # bars
    zscore_least: Annotated[float, Between(0.1, 10)] = 2.0  # deviations
    volume_period: Annotated[int, Between(1, 200)] = 20  # bars
    volume_least: Annotated[float, Between(0, 100)] = 1.5  # of the mean volume
    atr_period: Annotated[int, Between(1, 200)] = 14  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 3.0  # ATR from the entry price; 0 is no stop
    cooldown_bars: Annotated[int, Between(0, 1_000_000)] = 5  # bars without an entry after a position


LONGEST = 200
SIGNALS = 6
TREND, MOMENTUM, STRENGTH, BREAKOUT, REVERSION, VOLUME = range(SIGNALS)
STATE = record(
    fast=window(LONGEST),
    slow=window(LONGEST),
    rsi=RSI,
    adx=ADX,
    channel=channel(LONGEST),
    top=float64,  # of the channel before this bar
    bottom=float64,
    broke=int64,  # which way it was left last
    prices=window(LONGEST),
    volumes=window(LONGEST),
    atr=ATR,
    memory=PAUSE,
    bars=int64,
    votes=(float64, SIGNALS),  # signed, by signal
)

_VOTES = (
    "trend {trend:+.0f}, momentum {momentum:+.0f}, strength {strength:+.0f}, "
    "breakout {breakout:+.0f}, reversion {reversion:+.0f}, volume {volume:+.0f}"
)
WARMING, LONG, SHORT, LEFT, HOLDING, COOLING, WAITING = range(1, 8)
REASONS = {
    WARMING: "indicators are not complete yet",
    LONG: "enough votes for long: " + _VOTES,
    SHORT: "enough votes for short: " + _VOTES,
    LEFT: "too few votes to stay: " + _VOTES,
    HOLDING: "enough votes to stay: " + _VOTES,
    COOLING: "cooling down after a position: " + _VOTES,
    WAITING: "too few votes to enter: " + _VOTES,
}


def warmup(params: Params) -> int:
    """Return the bars until it decides much as one that started long before: averages forget slowly."""
    averages = max(params.fast, params.slow, params.zscore_period, params.volume_period)
    wilders = max(5 * params.rsi_period, 5 * params.adx_period, params.atr_period)
    return max(averages, params.channel_period, wilders) + 1


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.fast >= params.slow:
        return f"fast {params.fast} is not below slow {params.slow}"
    if params.stay_votes > params.enter_votes:
        return f"stay_votes {params.stay_votes} is above enter_votes {params.enter_votes}"
    weights = sum(params[:SIGNALS])
    if params.enter_votes > weights:
        return f"enter_votes {params.enter_votes} is above the weights' sum {weights}: nothing could ever enter"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Count the votes and act on them."""
    complete = _vote(state, bar, params)
    reach = atr(state.atr, bar, params.atr_period)
    cooling = cools(state.memory, position, params.cooldown_bars)
    bracket(orders, params.stop_atr * reach, 0.0)
    if not complete or math.isnan(reach):
        because(orders, WARMING)
        return
    longs = 0.0
    shorts = 0.0
    for i in range(SIGNALS):
        longs += max(state.votes[i], 0.0)
        shorts += max(-state.votes[i], 0.0)
    side = position.side
    if longs >= params.enter_votes and longs > shorts and (side < 0 or (side == 0 and cooling == 0)):
        target(orders, 1.0)
        _because(state, orders, LONG)
    elif shorts >= params.enter_votes and shorts > longs and (side > 0 or (side == 0 and cooling == 0)):
        target(orders, -1.0)
        _because(state, orders, SHORT)
    elif side != 0 and (longs if side > 0 else shorts) < params.stay_votes:
        target(orders, 0.0)
        _because(state, orders, LEFT)
    elif side != 0:
        _because(state, orders, HOLDING)
    else:
        _because(state, orders, COOLING if cooling > 0 else WAITING)


@kernel
def _vote(state: Rec, bar: Rec, params: Rec) -> bool:
    """Let each signal vote; False while one of them is not complete."""
    close = bar.close
    votes = state.votes
    fast = sma(state.fast, close, params.fast)
    slow = sma(state.slow, close, params.slow)
    strength = rsi(state.rsi, close, params.rsi_period)
    trending = adx(state.adx, bar, params.adx_period)
    apart = zscore(state.prices, close, params.zscore_period)
    busy = volume_ratio(state.volumes, bar, params.volume_period)
    broken = _break(state, bar, params.channel_period)
    votes[TREND] = params.trend_weight * sign(fast - slow)
    votes[MOMENTUM] = params.momentum_weight * _beyond(strength - 50.0, params.rsi_margin)
    way = sign(state.adx.plus_di - state.adx.minus_di) if trending >= params.adx_least else 0
    votes[STRENGTH] = params.strength_weight * way
    votes[BREAKOUT] = params.breakout_weight * state.broke
    votes[REVERSION] = -params.reversion_weight * _beyond(apart, params.zscore_least)
    votes[VOLUME] = params.volume_weight * (sign(close - bar.open) if busy >= params.volume_least else 0)
    return broken and not math.isnan(fast + slow + strength + trending + apart + busy)


@kernel
def _beyond(value: float, least: float) -> int:
    """Return which way `value` is at least `least` away from 0, or 0."""
    if value > 0.0 and value >= least:
        return 1
    return -1 if value < 0.0 and -value >= least else 0


@kernel
def _break(state: Rec, bar: Rec, period: int) -> bool:
    """Note a close beyond the channel of the bars before; False while that is not complete."""
    state.bars += 1
    complete = state.bars > period
    if complete and bar.close > state.top:
        state.broke = 1
    elif complete and bar.close < state.bottom:
        state.broke = -1
    state.top, state.bottom = donchian(state.channel, bar, period)
    return bool(complete)


@kernel
def _because(state: Rec, orders: Rec, reason: int) -> None:
    votes = state.votes
    because(orders, reason, votes[0], votes[1], votes[2], votes[3], votes[4], votes[5])
