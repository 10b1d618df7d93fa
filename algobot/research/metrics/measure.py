"""All metrics of one run at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from algobot.research.metrics import drawdown, odds, returns, trips
from algobot.research.metrics.record import Assumptions, Metrics
from algobot.research.metrics.returns import DAY_NS, YEAR_NS, Curve
from algobot.research.trades import RoundTrip


def measure(
    curve: Curve,
    hold: Curve,
    close_ns: Curve,
    start_equity: float,
    closed_and_open: Sequence[RoundTrip],
    assumed: Assumptions = Assumptions(),  # noqa: B008 – a frozen tuple
    *,
    mean_exposure: float | None = None,
) -> Metrics:
    """Return the metrics of equity after each bar, with what buy and hold was worth then and when the bar closed.

    `hold` may be in any unit, a price for one. Returns are those of bars; they are annualised by how many bars the
    history really has a year, and not at all if it is shorter than a day.
    """
    close_ns = np.asarray(close_ns, np.int64)
    span = Span.of(close_ns)
    equity = np.concatenate([[start_equity], np.asarray(curve, np.float64)])
    numbers = {
        "bars": len(curve),
        "days": span.lasting_ns / DAY_NS,
        "start_equity": start_equity,
        "end_equity": float(equity[-1]),
        "trials": assumed.trials,
        "mean_exposure_fraction": mean_exposure,
        **_of_curve(equity, np.asarray(hold, np.float64), close_ns, span, assumed),
        **_of_drawdown(equity, close_ns, span),
        **_of_trips(closed_and_open, close_ns, span),
        **_of_money(equity, closed_and_open, span, assumed),
    }
    if numbers["cagr_fraction"] is not None and (numbers["max_drawdown_fraction"] or 0.0) > 0.0:
        numbers["calmar"] = numbers["cagr_fraction"] / numbers["max_drawdown_fraction"]
    return Metrics(**{name: _finite(value) for name, value in numbers.items()})


class Span(NamedTuple):
    """The time a run lasted."""

    bar_ns: int
    lasting_ns: int
    years: float  # 0.0 if too short to speak of years
    per_year: float  # bars

    @classmethod
    def of(cls, close_ns: Curve) -> Span:
        """Return the span of these closing times; a bar is as long as the shortest step, as in `market.store`."""
        if len(close_ns) == 0:
            return cls(0, 0, 0.0, 0.0)
        bar_ns = int(np.diff(close_ns).min()) if len(close_ns) > 1 else 0
        lasting = int(close_ns[-1] - close_ns[0]) + bar_ns
        years = lasting / YEAR_NS if lasting >= DAY_NS else 0.0
        return cls(bar_ns, lasting, years, len(close_ns) / years if years else 0.0)


def _of_curve(equity: Curve, hold: Curve, close_ns: Curve, span: Span, assumed: Assumptions) -> dict[str, Any]:
    bars = returns.simple_returns(equity)
    ends = returns.day_ends(close_ns)
    days = returns.simple_returns(np.concatenate([equity[:1], equity[1:][ends]]))
    free = returns.rate_per_bar(assumed.risk_free_fraction, span.per_year)
    days_a_year = len(days) / span.years if span.years else 0.0
    free_day = returns.rate_per_bar(assumed.risk_free_fraction, days_a_year)
    total = float(equity[-1] / equity[0] - 1.0) if equity[0] > 0 else None
    market = returns.simple_returns(hold)
    alpha, beta = returns.alpha_beta(bars[1:], market, span.per_year, free)
    form = odds.shape(bars, free)
    return {
        "return_fraction": total,
        "annual_return_fraction": float(bars.mean()) * span.per_year if len(bars) and span.years else None,
        "cagr_fraction": returns.compound_rate(total, span.years) if total is not None else None,
        "buy_and_hold_fraction": float(hold[-1] / hold[0] - 1.0) if len(hold) and hold[0] > 0 else None,
        "sharpe": returns.sharpe(bars, span.per_year, free),
        "sharpe_daily": returns.sharpe(days, days_a_year, free_day),
        "sortino": returns.sortino(bars, span.per_year, free),
        "omega": returns.omega(bars, free),
        "alpha_fraction": alpha,
        "beta": beta,
        "probabilistic_sharpe": odds.probabilistic_sharpe(form) if form else None,
        "deflated_sharpe": odds.deflated_sharpe(form, assumed.trials, assumed.trial_sharpe_variance) if form else None,
        "volatility_fraction": returns.volatility(bars, span.per_year),
        "value_at_risk_bar_fraction": returns.value_at_risk(bars),
        "expected_shortfall_bar_fraction": returns.expected_shortfall(bars),
        "value_at_risk_day_fraction": returns.value_at_risk(days),
        "expected_shortfall_day_fraction": returns.expected_shortfall(days),
        "best_day_fraction": float(days.max()) if len(days) else None,
        "worst_day_fraction": float(days.min()) if len(days) else None,
    }


def _of_drawdown(equity: Curve, close_ns: Curve, span: Span) -> dict[str, Any]:
    if not equity[0] > 0 or len(close_ns) == 0:
        return {"max_drawdown_fraction": None, "longest_drawdown_days": 0.0, "ulcer_fraction": None, "calmar": None}
    below = drawdown.underwater(equity)
    times = np.concatenate([[close_ns[0] - span.bar_ns], close_ns])
    return {
        "max_drawdown_fraction": drawdown.deepest(below),
        "longest_drawdown_days": drawdown.longest_ns(below, times) / DAY_NS,
        "ulcer_fraction": drawdown.ulcer(below[1:]),
        "calmar": None,
    }


def _of_trips(every: Sequence[RoundTrip], close_ns: Curve, span: Span) -> dict[str, Any]:
    closed = sorted((trip for trip in every if trip.closed), key=lambda trip: trip.exit_ns)
    profits = np.array([trip.profit for trip in closed], np.float64)
    won = profits > 0
    wins, losses = profits[won], profits[~won]
    between = odds.wilson(len(wins), len(closed))
    lost = -float(losses.sum())
    held = sum(trip.exit_ns - trip.entry_ns for trip in closed)
    return {
        "trades": len(closed),
        "win_fraction": len(wins) / len(closed) if closed else None,
        "win_low_fraction": between[0] if between else None,
        "win_high_fraction": between[1] if between else None,
        "win_p_value": odds.fair_coin_p_value(len(wins), len(closed)),
        "profit_factor": float(wins.sum()) / lost if lost > 0 else None,
        "expectancy": float(profits.mean()) if closed else None,
        "average_win": float(wins.mean()) if len(wins) else None,
        "average_loss": float(losses.mean()) if len(losses) else None,
        "best_trade": float(profits.max()) if closed else None,
        "worst_trade": float(profits.min()) if closed else None,
        "longest_win_streak": trips.longest_run(won),
        "longest_loss_streak": trips.longest_run(~won),
        "mean_holding_days": held / len(closed) / DAY_NS if closed else None,
        "time_in_market_fraction": trips.time_in_market(
            every, int(close_ns[-1]) if len(close_ns) else 0, span.lasting_ns
        ),
        "open_position": any(not trip.closed for trip in every),
    }


def _of_money(equity: Curve, every: Sequence[RoundTrip], span: Span, assumed: Assumptions) -> dict[str, Any]:
    profits = np.array([trip.profit for trip in every if trip.closed], np.float64)
    due = trips.tax(profits, sum(trip.sold for trip in every), assumed)
    mean = float(equity.mean())
    traded = sum(trip.bought + trip.sold for trip in every)
    return {
        "tax": due.owed,
        "tds": due.withheld,
        "post_tax_return_fraction": (equity[-1] - due.owed) / equity[0] - 1.0 if equity[0] > 0 else None,
        "turnover_per_year": traded / 2.0 / mean / span.years if span.years and mean > 0 else None,
        "fees": sum(trip.fees for trip in every),
    }


def _finite(value: Any) -> Any:
    """Return a plain number, or None for what is no number."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
