"""What a search needs of a run, compiled: the same numbers as `research.metrics`, without an object per fill.

`tally` follows the positions of each symbol as `research.trades` does; `figures` goes over the curve twice.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, Records, float64, int64, record

# One run. What cannot be said is nan: no trade has no win rate, no loss no profit factor.
SCORE: Final = record(
    sharpe=float64,  # a year
    sortino=float64,
    calmar=float64,
    return_fraction=float64,
    max_drawdown_fraction=float64,
    profit_factor=float64,
    win_fraction=float64,
    expectancy=float64,  # quote units
    trades=int64,  # closed
)

# The position of one symbol so far, and what the closed ones came to.
TALLY: Final = record(
    side=int64,  # 0 is flat
    entered=int64,  # lots
    left=int64,
    entry=float64,  # average prices
    leave=float64,
    fees=float64,
    closed=int64,
    won=int64,
    gained=float64,  # quote units, of winners
    lost=float64,  # of the others, positive
)

_LEAST_DOWNSIDE: Final = 1e-15
_MOST_EXPONENT: Final = 50.0  # e^50 a year: beyond it a rate is no information


@kernel
def tally(tallies: Records, fills: Records, lot: float) -> None:
    """Follow these fills; one that turns a position around ends one and begins the next, its fee shared by lots."""
    for i in range(fills.shape[0]):
        fill = fills[i]
        now = tallies[fill.symbol]
        lots = fill.lots
        held = now.entered - now.left
        if held > 0 and fill.side != now.side and lots >= held:
            _leave(now, held, fill.price, fill.fee * held / fill.lots)
            _close(now, lot)
            lots -= held
        if lots > 0:
            fee = fill.fee * lots / fill.lots
            if now.entered == 0:
                now.side = fill.side
            if fill.side == now.side:
                now.entered += lots
                now.entry += (fill.price - now.entry) * lots / now.entered
                now.fees += fee
            else:
                _leave(now, lots, fill.price, fee)


@kernel
def _leave(now: Rec, lots: int, price: float, fee: float) -> None:
    now.left += lots
    now.leave += (price - now.leave) * lots / now.left
    now.fees += fee


@kernel
def _close(now: Rec, lot: float) -> None:
    """Count a position that ended, and forget it."""
    profit = now.left * lot * (now.leave - now.entry) * now.side - now.fees
    now.closed += 1
    if profit > 0.0:
        now.won += 1
        now.gained += profit
    else:
        now.lost -= profit
    now.side = 0
    now.entered = 0
    now.left = 0
    now.entry = 0.0
    now.leave = 0.0
    now.fees = 0.0


@kernel
def figures(score: Records, tallies: Records, curve: Records, capital: float, years: float, per_year: float) -> None:
    """Write `score[0]`: of equity after each bar, `per_year` bars a year over `years` (0 is too short to say).

    The curve is used up: its returns take its place.
    """
    out = score[0]
    _of_trips(out, tallies)
    count = curve.shape[0]
    sound = capital > 0.0
    total, last, peak, deepest = 0.0, capital, capital, 1.0  # deepest: the least share of its peak that was left
    for t in range(count):
        if not last > 0.0:
            sound = False
        equity = curve[t]
        peak = max(peak, equity)
        if equity < peak * deepest:
            deepest = equity / peak
        curve[t] = (equity - last) / last
        total += curve[t]
        last = equity
    out.return_fraction = last / capital - 1.0
    out.max_drawdown_fraction = 1.0 - deepest
    out.sharpe = math.nan
    out.sortino = math.nan
    if sound and count > 1 and per_year > 0.0:
        _ratios(out, curve, total / count, math.sqrt(per_year))
    out.calmar = _yearly(out.return_fraction, years) / out.max_drawdown_fraction if deepest < 1.0 else math.nan


@kernel
def _ratios(out: Rec, returns: Records, mean: float, scale: float) -> None:
    squares, below = 0.0, 0.0
    for t in range(returns.shape[0]):
        one = returns[t]
        squares += (one - mean) * (one - mean)
        low = min(one, 0.0)
        below += low * low
    spread = math.sqrt(squares / (returns.shape[0] - 1))
    if spread > 1e-12 * max(abs(mean), 1e-3):  # else it is nothing but rounding
        out.sharpe = mean / spread * scale
    downside = math.sqrt(below / returns.shape[0])
    if downside > _LEAST_DOWNSIDE:
        out.sortino = mean / downside * scale


@kernel
def _yearly(total: float, years: float) -> float:
    """Return the yearly rate that compounds to `total`, nan where there is none."""
    if years <= 0.0 or not total > -1.0:
        return math.nan
    exponent = math.log1p(total) / years
    return math.expm1(exponent) if exponent < _MOST_EXPONENT else math.nan


@kernel
def _of_trips(out: Rec, tallies: Records) -> None:
    closed, won, gained, lost = 0, 0, 0.0, 0.0
    for k in range(tallies.shape[0]):
        closed += tallies[k].closed
        won += tallies[k].won
        gained += tallies[k].gained
        lost += tallies[k].lost
    out.trades = closed
    out.win_fraction = won / closed if closed > 0 else math.nan
    out.expectancy = (gained - lost) / closed if closed > 0 else math.nan
    out.profit_factor = gained / lost if lost > 0.0 else math.nan


def fresh(symbols: int) -> Records:
    """Return the tallies of a run that has not begun."""
    return np.zeros(symbols, TALLY)
