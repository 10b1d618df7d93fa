"""Walking forward: choose parameters on the past, trade them on what came next, again and again.

Each window searches its training part, then trades the chosen parameters over the bars that follow, warmed up on the
bars before them. The out-of-sample parts, put end to end, are what such a search would have earned.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies (2008), ch. 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.errors import UsageError
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Param
from algobot.research import backtest
from algobot.research.backtest import Outcome
from algobot.research.trades import RoundTrip
from algobot.research.validation.figures import YEAR_NS, Curve, figures, periods_a_year, returns_of
from algobot.research.validation.search import Search, Values
from algobot.research.validation.splits import Window
from algobot.research.validation.verdict import ParamStability, Verdict, judged, stability

Times = npt.NDArray[np.int64]


class Part(msgspec.Struct, frozen=True):
    """What one set of parameters did over one part of the history. Fractions; ratios per year."""

    start_ns: int
    end_ns: int
    bars: int
    return_fraction: float
    sharpe: float | None
    max_drawdown_fraction: float
    trades: int  # closed round trips


class Step(msgspec.Struct, frozen=True):
    """One window: what was chosen, how it did where it was chosen and where it was not."""

    params: dict[str, Param]
    tried: int
    inside: Part
    outside: Part


class WalkForward(msgspec.Struct, frozen=True):
    """A finished walk. `efficiency` is Pardo's: profit a year out of sample over profit a year in sample."""

    strategy: str
    symbols: list[str]
    steps: list[Step]
    outside: Part  # all out-of-sample parts as one
    outside_annual_fraction: float  # simple, not compounded: profit of fixed capital
    inside_annual_fraction: float
    efficiency: float | None  # None where nothing was earned in sample
    consistency: float  # share of windows that earned something out of sample
    inside_sharpe: float | None  # mean over windows
    sharpe_degradation: float | None  # 1 - out of sample / in sample
    stability: list[ParamStability]
    verdict: Verdict


class Walk(NamedTuple):
    """A finished walk with what it is made of."""

    result: WalkForward
    close_ns: Times  # of each out-of-sample bar
    curve: Curve  # equity after it, windows put end to end
    trips: tuple[list[RoundTrip], ...]  # by symbol


class _Run(NamedTuple):
    part: Part
    outcome: Outcome
    curve: Curve  # with what is still held at the end sold


def walk(
    strategy: Strategy,
    series: Sequence[Series],
    settings: Settings,
    windows: Sequence[Window],
    search: Search,
    *,
    values: Values,
    lead_bars: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> Walk:
    """Return the walk over `windows` (positions in `timeline(series)`).

    `values` is what was searched, to say how far apart the choices are; `lead_bars` before each training part only
    warm up. A position still open at a window's end is sold there, with fee and slippage, and not carried over.

    Raises:
        StrategyError, DataError: as `backtest.run`.
    """
    times = timeline(series)
    chosen: list[Step] = []
    runs: list[_Run] = []
    for done, window in enumerate(windows):
        first = max(window.train_start - lead_bars, 0)
        training = cut(series, times, first, window.train_end)
        found = search(training, int(times.close_ns[window.train_start]))
        inside = _run(strategy, found.params, training, settings, int(times.close_ns[window.train_start]))
        tested = cut(series, times, first, window.test_end)
        outside = _run(strategy, found.params, tested, settings, int(times.close_ns[window.test_start]))
        chosen.append(Step(dict(found.params), found.tried, inside.part, outside.part))
        runs.append(outside)
        progress(done + 1)
    return _stitched(strategy, [one.symbol for one in series], settings, chosen, runs, values)


class Timeline(NamedTuple):
    """When each bar of any of the symbols opens and closes, in order."""

    open_ns: Times
    close_ns: Times


def timeline(series: Sequence[Series]) -> Timeline:
    """Return the times of the bars that any symbol has."""
    opens = np.concatenate([one.bars["open_ns"] for one in series])
    closes = np.concatenate([one.bars["close_ns"] for one in series])
    unique, at = np.unique(opens, return_index=True)
    return Timeline(unique, closes[at])


def cut(series: Sequence[Series], times: Timeline, start: int, end: int) -> list[Series]:
    """Return the bars at positions [start, end) of the timeline, without symbols that have none of them."""
    since, until = times.open_ns[start], times.close_ns[end - 1]
    parts = []
    for one in series:
        a, b = np.searchsorted(one.bars["open_ns"], [since, until])
        if b > a:
            parts.append(one._replace(bars=one.bars[a:b]))
    return parts


def _run(
    strategy: Strategy, params: Mapping[str, Param], series: Sequence[Series], settings: Settings, trade_from_ns: int
) -> _Run:
    outcome = backtest.run(strategy, params, series, settings, trade_from_ns=trade_from_ns)
    curve = sold(outcome, series, settings)
    return _Run(part_of(outcome.close_ns, curve, settings.capital, _closed(outcome)), outcome, curve)


def _closed(outcome: Outcome) -> int:
    return sum(trip.closed for trips in outcome.trips for trip in trips)


def sold(outcome: Outcome, series: Sequence[Series], settings: Settings) -> Curve:
    """Return the equity with what is held at the end sold at the last close, for fee and slippage."""
    curve: Curve = outcome.curve.copy()
    for fills, one in zip(outcome.fills, series, strict=True):
        lots = abs(sum(fill.side * fill.lots for fill in fills))
        price = float(one.bars["close"][-1])
        curve[-1] -= lots * settings.lot * price * (settings.taker_fee + settings.slippage)
    return curve


def part_of(close_ns: Times, curve: Curve, start: float, trades: int) -> Part:
    """Return the figures of a piece of equity that began with `start`."""
    if len(curve) < 2:
        raise UsageError("a part of one bar cannot be judged", hint="take longer windows")
    span_ns = int(np.median(np.diff(close_ns)))
    found = figures(returns_of(curve, start), periods_a_year(close_ns))
    return Part(
        start_ns=int(close_ns[0]) - span_ns,
        end_ns=int(close_ns[-1]),
        bars=len(curve),
        return_fraction=float(curve[-1] / start - 1.0),
        sharpe=found.sharpe,
        max_drawdown_fraction=found.max_drawdown_fraction,
        trades=trades,
    )


def _stitched(
    strategy: Strategy,
    symbols: list[str],
    settings: Settings,
    steps: list[Step],
    runs: list[_Run],
    values: Values,
) -> Walk:
    close_ns = np.concatenate([run.outcome.close_ns for run in runs])
    equity, pieces = settings.capital, []
    for run in runs:
        pieces.append(run.curve / settings.capital * equity)
        equity = float(pieces[-1][-1])
    curve = np.concatenate(pieces)
    outside = part_of(close_ns, curve, settings.capital, sum(step.outside.trades for step in steps))
    yearly_in = _yearly([step.inside for step in steps])
    yearly_out = _yearly([step.outside for step in steps])
    ratios = [step.inside.sharpe for step in steps if step.inside.sharpe is not None]
    inside_sharpe = float(np.mean(ratios)) if ratios else None
    efficiency = yearly_out / yearly_in if yearly_in > 0 else None
    consistency = float(np.mean([step.outside.return_fraction > 0 for step in steps]))
    result = WalkForward(
        strategy=strategy.name,
        symbols=symbols,
        steps=steps,
        outside=outside,
        outside_annual_fraction=yearly_out,
        inside_annual_fraction=yearly_in,
        efficiency=efficiency,
        consistency=consistency,
        inside_sharpe=inside_sharpe,
        sharpe_degradation=_degradation(inside_sharpe, outside.sharpe),
        stability=stability([step.params for step in steps], values),
        verdict=judged(len(steps), outside.return_fraction, outside.trades, efficiency, consistency),
    )
    trips = tuple([trip for run in runs for trip in _of(run, at)] for at in range(len(symbols)))
    return Walk(result, close_ns, curve, trips)


def _of(run: _Run, symbol: int) -> list[RoundTrip]:
    return run.outcome.trips[symbol] if symbol < len(run.outcome.trips) else []


def _yearly(parts: Sequence[Part]) -> float:
    """Return profit a year of fixed capital: the sum of the returns over the sum of the times."""
    lasting_ns = sum(part.end_ns - part.start_ns for part in parts)
    return float(sum(part.return_fraction for part in parts) * YEAR_NS / lasting_ns)


def _degradation(inside: float | None, outside: float | None) -> float | None:
    if inside is None or outside is None or inside <= 0:
        return None
    return 1.0 - outside / inside
