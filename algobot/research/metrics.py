"""What an equity curve and its round trips are worth in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.research.trades import RoundTrip

_YEAR_NS: Final = 365 * 86_400 * 10**9
_DAY_NS: Final = _YEAR_NS / 365

Curve = npt.NDArray[Any]


class Metrics(msgspec.Struct, frozen=True):
    """Results of a run. Fractions, not per cent; ratios are per year of 365 days, without a risk-free rate.

    A ratio that cannot be formed (no losses, no variation) is None, never infinite.
    """

    bars: int
    days: float
    start_equity: float
    end_equity: float
    return_fraction: float
    annual_return_fraction: float | None  # None for less than a day
    buy_and_hold_fraction: float
    sharpe: float | None  # likewise: minutes blown up to a year are noise
    sortino: float | None
    calmar: float | None
    max_drawdown_fraction: float
    longest_drawdown_days: float
    trades: int  # closed round trips
    win_fraction: float | None
    profit_factor: float | None
    expectancy: float | None  # mean profit of a closed round trip, in quote
    best_trade: float | None
    worst_trade: float | None
    exposure_fraction: float  # time in a position
    fees: float
    open_position: bool


def measure(curve: Curve, closes: Curve, close_ns: Curve, start_equity: float, trips: Sequence[RoundTrip]) -> Metrics:
    """Return the metrics of equity after each bar, with that bar's close and closing time."""
    equity = np.concatenate([[start_equity], curve])
    returns = np.diff(equity) / equity[:-1] if (equity[:-1] > 0).all() else np.zeros(0)
    span_ns = int(np.median(np.diff(close_ns))) if len(close_ns) > 1 else 0
    lasting_ns = int(close_ns[-1] - close_ns[0]) + span_ns
    total = float(equity[-1] / start_equity - 1.0)
    yearly = _annual(total, lasting_ns)
    depth, longest_ns = _drawdown(equity, close_ns, span_ns)
    closed = [trip.profit for trip in trips if trip.closed]
    wins, losses = [p for p in closed if p > 0], [p for p in closed if p <= 0]
    per_year = _YEAR_NS / span_ns if span_ns and lasting_ns >= _DAY_NS else 0.0
    downside = np.minimum(returns, 0.0)
    return Metrics(
        bars=len(curve),
        days=lasting_ns / 86_400e9,
        start_equity=start_equity,
        end_equity=float(equity[-1]),
        return_fraction=total,
        annual_return_fraction=yearly,
        buy_and_hold_fraction=float(closes[-1] / closes[0] - 1.0),
        sharpe=_ratio(returns, float(returns.std(ddof=1)) if len(returns) > 1 else 0.0, per_year),
        sortino=_ratio(returns, float(np.sqrt((downside**2).mean())) if len(returns) else 0.0, per_year),
        calmar=yearly / depth if yearly is not None and depth > 0 else None,
        max_drawdown_fraction=depth,
        longest_drawdown_days=longest_ns / 86_400e9,
        trades=len(closed),
        win_fraction=len(wins) / len(closed) if closed else None,
        profit_factor=sum(wins) / -sum(losses) if sum(losses) < 0 else None,
        expectancy=sum(closed) / len(closed) if closed else None,
        best_trade=max(closed, default=None),
        worst_trade=min(closed, default=None),
        exposure_fraction=_exposure(trips, int(close_ns[-1]), lasting_ns),
        fees=sum(trip.fees for trip in trips),
        open_position=any(not trip.closed for trip in trips),
    )


def _annual(total: float, lasting_ns: int) -> float | None:
    if lasting_ns < _DAY_NS or total <= -1.0:
        return None
    exponent = np.log1p(total) * _YEAR_NS / lasting_ns
    return float(np.expm1(exponent)) if exponent < 50 else None


def _ratio(returns: Curve, deviation: float, per_year: float) -> float | None:
    if deviation <= 1e-15 or per_year == 0.0:
        return None
    return float(returns.mean() / deviation * np.sqrt(per_year))


def _drawdown(equity: Curve, close_ns: Curve, span_ns: int) -> tuple[float, int]:
    """Return the deepest fall from a peak and the longest time below one."""
    peaks = np.maximum.accumulate(equity)
    depth = float(((peaks - equity) / peaks).max())
    times = np.concatenate([[close_ns[0] - span_ns], close_ns])
    at_peak = np.where(equity >= peaks, np.arange(len(equity)), 0)
    return depth, int((times - times[np.maximum.accumulate(at_peak)]).max())


def _exposure(trips: Sequence[RoundTrip], end_ns: int, lasting_ns: int) -> float:
    """Return the share of time with any position, positions held together counted once."""
    inside, reached = 0, 0
    for start, end in sorted((trip.entry_ns, trip.exit_ns or end_ns) for trip in trips):
        inside += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return min(inside / lasting_ns, 1.0) if lasting_ns else 0.0
