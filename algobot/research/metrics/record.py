"""The metrics of a run, and what they take for granted."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Assumptions(NamedTuple):
    """What no equity curve says by itself."""

    risk_free_fraction: float = 0.0  # a year
    trials: int = 1  # how many variants were tried before this one was chosen
    trial_sharpe_variance: float | None = None  # of their Sharpe ratios per bar; None is what luck alone gives
    tax_fraction: float = 0.0  # of profits
    tax_offsets_losses: bool = True  # False taxes every winner and forgets every loser
    tds_fraction: float = 0.0  # of each sale, withheld at once and set against the tax, or refunded


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Results of a run. Fractions, not per cent; money in quote units; a year has 365 days.

    A number that cannot be formed (no losses, no variation, too short) is None, never infinite and never nan.
    """

    bars: int
    days: float
    start_equity: float
    end_equity: float
    # what it earned
    return_fraction: float | None
    annual_return_fraction: float | None  # mean bar's return times the bars of a year; None for less than a day
    cagr_fraction: float | None  # compound; likewise
    buy_and_hold_fraction: float | None
    post_tax_return_fraction: float | None
    tax: float
    tds: float  # withheld on the way
    # what it earned for the risk
    sharpe: float | None  # of bars' returns
    sharpe_daily: float | None  # of days' returns
    sortino: float | None
    calmar: float | None
    omega: float | None
    alpha_fraction: float | None  # a year, against buy and hold
    beta: float | None
    probabilistic_sharpe: float | None  # chance that the true Sharpe ratio is above 0
    deflated_sharpe: float | None  # … above what the best of `trials` without any skill would show
    trials: int
    # the risk
    volatility_fraction: float | None  # a year
    max_drawdown_fraction: float | None
    longest_drawdown_days: float
    ulcer_fraction: float | None
    value_at_risk_bar_fraction: float | None  # losses are positive
    expected_shortfall_bar_fraction: float | None
    value_at_risk_day_fraction: float | None
    expected_shortfall_day_fraction: float | None
    best_day_fraction: float | None
    worst_day_fraction: float | None
    # the trades: closed round trips
    trades: int
    win_fraction: float | None
    win_low_fraction: float | None  # Wilson's interval, 95 %
    win_high_fraction: float | None
    win_p_value: float | None  # of as many wins or losses from a fair coin
    profit_factor: float | None
    expectancy: float | None  # mean profit
    average_win: float | None
    average_loss: float | None  # negative
    best_trade: float | None
    worst_trade: float | None
    longest_win_streak: int
    longest_loss_streak: int
    mean_holding_days: float | None
    # what it took
    time_in_market_fraction: float
    mean_exposure_fraction: float | None  # positions' value over equity
    turnover_per_year: float | None  # bought and sold, over twice the mean equity
    fees: float
    open_position: bool
