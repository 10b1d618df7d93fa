"""The metrics in words: one table for the terminal, the page and the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from algobot.research.metrics import Metrics

NONE: Final = "–"
_NEEDS: Final = {
    "post_tax_return_fraction": ("tax_fraction", "tds_fraction"),
    "tax": ("tax_fraction", "tds_fraction"),
    "tds": ("tds_fraction",),
    "trials": ("trials",),
}
Better = Literal[1, 0, -1]  # higher, neither, lower


class Line(NamedTuple):
    """How one metric is called and written. `help` is for a reader who does not know it."""

    label: str
    field: str
    text: Callable[[float], str]
    better: Better
    help: str

    def of(self, metrics: Metrics) -> str:
        """Return the value as a person reads it."""
        value = getattr(metrics, self.field)
        return NONE if value is None else self.text(value)


def idle(line: Line, assumptions: Mapping[str, object]) -> bool:
    """Return whether a line is about an assumption that was not made."""
    needs = _NEEDS.get(line.field, ())
    return bool(needs) and all(assumptions.get(name) in (0, 1, None) for name in needs)


def signed(fraction: float) -> str:
    """Return a gain or loss in per cent."""
    return f"{_plus_zero(fraction, 4):+,.2%}" if abs(fraction) < 100 else f"{fraction * 100:+,.0f}%"


def share(fraction: float) -> str:
    """Return a part of a whole in per cent."""
    return f"{fraction:,.2%}"


def small(fraction: float) -> str:
    """Return a small fraction in per cent, with more digits."""
    return f"{fraction:,.3%}"


def number(value: float) -> str:
    """Return a ratio or an amount."""
    return f"{_plus_zero(value, 2):,.2f}"


def whole(value: float) -> str:
    """Return a count."""
    return f"{value:,.0f}"


def chance(value: float) -> str:
    """Return a probability; the smallest as what they are below."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def days(value: float) -> str:
    """Return a time in the unit that fits it."""
    if value >= 2.0 or value == 0.0:
        return f"{value:,.1f} days"
    return f"{value * 24:,.1f} hours" if value * 24 >= 2.0 else f"{value * 1440:,.1f} minutes"


def _plus_zero(value: float, digits: int) -> float:
    """Return 0.0 for what would be written as a negative zero."""
    return 0.0 if round(value, digits) == 0 else value


GROUPS: Final[tuple[tuple[str, tuple[Line, ...]], ...]] = (
    (
        "Return",
        (
            Line("equity at the end", "end_equity", number, 1, "in quote units"),
            Line("total return", "return_fraction", signed, 1, "equity at the end over the start"),
            Line("CAGR", "cagr_fraction", signed, 1, "compound return a year"),
            Line("mean return a year", "annual_return_fraction", signed, 1, "mean bar's return times bars a year"),
            Line("buy and hold", "buy_and_hold_fraction", signed, 0, "equal parts of every symbol, held"),
            Line("alpha a year", "alpha_fraction", signed, 1, "return that buy and hold does not explain"),
            Line("beta", "beta", number, 0, "how much of buy and hold's movement it takes part in"),
            Line("after tax", "post_tax_return_fraction", signed, 1, "total return after the assumed tax"),
        ),
    ),
    (
        "For the risk",
        (
            Line("Sharpe", "sharpe", number, 1, "mean over standard deviation of bars' returns, a year"),
            Line("Sharpe of days", "sharpe_daily", number, 1, "the same of days' returns"),
            Line("Sortino", "sortino", number, 1, "mean over downside deviation, a year"),
            Line("Calmar", "calmar", number, 1, "CAGR over the deepest drawdown"),
            Line("Omega", "omega", number, 1, "sum of gains over sum of losses"),
            Line("chance of skill", "probabilistic_sharpe", chance, 1, "that the true Sharpe ratio is above 0"),
            Line("deflated Sharpe", "deflated_sharpe", chance, 1, "the same, against the best of all trials by luck"),
            Line("trials", "trials", whole, 0, "variants tried before this one was chosen"),
        ),
    ),
    (
        "Risk",
        (
            Line("volatility a year", "volatility_fraction", share, -1, "standard deviation of returns"),
            Line("deepest drawdown", "max_drawdown_fraction", share, -1, "from a peak"),
            Line("longest drawdown", "longest_drawdown_days", days, -1, "from a peak until it is reached again"),
            Line("ulcer index", "ulcer_fraction", share, -1, "root mean square of the drawdown"),
            Line("VaR 95 %, day", "value_at_risk_day_fraction", small, -1, "one day in twenty loses more"),
            Line("shortfall 95 %, day", "expected_shortfall_day_fraction", small, -1, "mean loss of those days"),
            Line("VaR 95 %, bar", "value_at_risk_bar_fraction", small, -1, "one bar in twenty loses more"),
            Line("shortfall 95 %, bar", "expected_shortfall_bar_fraction", small, -1, "mean loss of those bars"),
            Line("best day", "best_day_fraction", signed, 1, ""),
            Line("worst day", "worst_day_fraction", signed, 1, ""),
        ),
    ),
    (
        "Trades",
        (
            Line("closed trades", "trades", whole, 0, "positions from flat to flat"),
            Line("won", "win_fraction", share, 1, "with a profit after fees"),
            Line("won, at least", "win_low_fraction", share, 1, "lower end of Wilson's 95 % interval"),
            Line("won, at most", "win_high_fraction", share, 1, "upper end"),
            Line("p of a fair coin", "win_p_value", chance, 0, "chance that a coin is as far from one half"),
            Line("profit factor", "profit_factor", number, 1, "sum of wins over sum of losses"),
            Line("mean trade", "expectancy", number, 1, "expectancy, in quote units"),
            Line("mean win", "average_win", number, 1, ""),
            Line("mean loss", "average_loss", number, 1, ""),
            Line("best trade", "best_trade", number, 1, ""),
            Line("worst trade", "worst_trade", number, 1, ""),
            Line("wins in a row", "longest_win_streak", whole, 1, ""),
            Line("losses in a row", "longest_loss_streak", whole, -1, ""),
            Line("mean holding time", "mean_holding_days", days, 0, ""),
        ),
    ),
    (
        "What it took",
        (
            Line("time in market", "time_in_market_fraction", share, 0, "with any position"),
            Line("mean exposure", "mean_exposure_fraction", share, 0, "positions' value over equity"),
            Line("turnover a year", "turnover_per_year", number, -1, "times the mean equity"),
            Line("fees", "fees", number, -1, "in quote units"),
            Line("tax", "tax", number, -1, "owed at the assumed rate"),
            Line("TDS withheld", "tds", number, -1, "of sales, at the assumed rate"),
        ),
    ),
)
