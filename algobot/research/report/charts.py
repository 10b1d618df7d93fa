"""Which charts a report has, and what they are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.research.metrics.returns import DAY_NS, YEAR_NS, day_ends, simple_returns
from algobot.research.report.record import Run
from algobot.research.report.svg import Dots, Look, Series, histogram, line_chart
from algobot.research.report.tables import below_start
from algobot.research.trades import RoundTrip

PRICES: Final = 8  # charts of prices at most
CLOSE_UP: Final = 25  # trades
MANY: Final = 250  # trades that would hide the price behind their marks
_LEAST_DAYS: Final = 60  # below, charts are of bars' returns
_WINDOW_DAYS: Final = 90

Values = npt.NDArray[Any]


class Rhythm(NamedTuple):
    """Returns by day, or by bar where the days are few."""

    word: str  # "day" or "bar"
    times_ns: Values
    returns: Values
    per_year: float
    window: int  # of a rolling figure


def rhythm(run: Run) -> Rhythm:
    """Return the returns that distribution and rolling Sharpe are drawn from."""
    ends = day_ends(run.close_ns)
    by_day = len(ends) >= _LEAST_DAYS
    at = ends if by_day else np.arange(len(run.equity))
    found = simple_returns(np.concatenate([[run.metrics.start_equity], run.equity[at]]))
    times = run.close_ns[at] if len(found) else run.close_ns[:0]
    years = (int(times[-1]) - int(times[0])) / YEAR_NS if len(times) > 1 else 0.0
    per_year = len(found) / years if years else 0.0
    window = max(min(_WINDOW_DAYS if by_day else len(found) // 4, len(found) // 3), 5)
    return Rhythm("day" if by_day else "bar", times, found, per_year, window)


def rolling_sharpe(of: Rhythm) -> Values:
    """Return the Sharpe ratio of the last `window` returns at each, nan where they do not vary."""
    n, window = len(of.returns), of.window
    if n < window:
        return np.zeros(0)
    sums = np.cumsum(np.concatenate([[0.0], of.returns]))
    squares = np.cumsum(np.concatenate([[0.0], of.returns**2]))
    mean = (sums[window:] - sums[:-window]) / window
    variance = np.maximum((squares[window:] - squares[:-window] - window * mean**2) / (window - 1), 0.0)
    moved = variance > 1e-18
    found = np.full(len(mean), np.nan)
    found[moved] = mean[moved] / np.sqrt(variance[moved]) * np.sqrt(of.per_year)
    return found


def equity(run: Run) -> str:
    """Return equity against buy and hold."""
    lines = [Series("buy and hold", run.hold, "b"), Series(run.record.strategy, run.equity, "a")]
    return line_chart(Look("Equity", may_log=True), run.close_ns, lines)


def underwater(run: Run) -> str:
    """Return how far below its peak the equity was."""
    peaks = np.maximum.accumulate(run.hold) if len(run.hold) else run.hold
    lines = [
        Series("buy and hold", run.hold / peaks - 1.0, "b"),
        Series(run.record.strategy, below_start(run), "sell", fill=True),
    ]
    return line_chart(Look("Underwater", "%", "below the highest so far", zero=True, low=True), run.close_ns, lines)


def prices(run: Run) -> str:
    """Return the price of each symbol with entries and exits, and a closer look at the last ones."""
    charts = []
    for symbol, closes in list(zip(run.record.symbols, run.closes, strict=True))[:PRICES]:
        trips = [trip for name, trip in run.trades if name == symbol]
        look = Look(f"{symbol}, close", may_log=True)
        charts.append(line_chart(look, run.close_ns, [Series(symbol, closes, "price")], marks(trips, run.close_ns)))
        if len(trips) > 2 * CLOSE_UP:
            charts.append(_close_up(run, symbol, closes, trips[-CLOSE_UP:]))
    return "".join(charts)


def rolling(run: Run) -> str:
    """Return the Sharpe ratio of a moving window."""
    of = rhythm(run)
    found = rolling_sharpe(of)
    look = Look("Rolling Sharpe ratio", note=f"last {of.window} {of.word}s, a year", zero=True, low=True)
    return line_chart(look, of.times_ns[of.window - 1 :], [Series("Sharpe", found, "a")]) if len(found) else ""


def distributions(run: Run) -> str:
    """Return how returns and trades are spread."""
    of = rhythm(run)
    trades = np.array([trip.profit_fraction for _, trip in run.trades if trip.closed])
    return histogram(Look(f"Returns of {of.word}s", "%", f"{len(of.returns):,} {of.word}s"), of.returns) + histogram(
        Look("Trades", "%", f"{len(trades):,} trades, of what was put in, after fees"), trades
    )


def _close_up(run: Run, symbol: str, closes: Values, trips: Sequence[RoundTrip]) -> str:
    last_ns = max(trip.exit_ns or int(run.close_ns[-1]) for trip in trips)
    room = max((last_ns - trips[0].entry_ns) // 20, DAY_NS // 1440)
    start, end = np.searchsorted(run.close_ns, [trips[0].entry_ns - room, last_ns + room])
    part = slice(int(start), int(end))
    look = Look(f"{symbol}, the last {len(trips)} trades", may_log=True)
    times = run.close_ns[part]
    if len(times) == 0:
        return ""
    return line_chart(look, times, [Series(symbol, closes[part], "price")], marks(trips, times))


def marks(trips: Sequence[RoundTrip], times_ns: Values) -> list[Dots]:
    """Return what was bought and what was sold, as far as it lies within the chart."""
    entries = [(trip.entry_ns, trip.entry_price, trip.side) for trip in trips]
    exits = [(trip.exit_ns, trip.exit_price, -trip.side) for trip in trips if trip.closed]
    found = []
    for side, style, label in ((1, "buy", "bought"), (-1, "sell", "sold")):
        some = [(at, price) for at, price, which in entries + exits if which == side]
        some = [(at, price) for at, price in some if times_ns[0] <= at <= times_ns[-1]]
        if some:
            times, values = zip(*some, strict=True)
            found.append(Dots(label, np.array(times), np.array(values), style))
    return found
