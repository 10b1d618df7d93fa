"""A strategy over a history: the engine's loop, then its fills, trades and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Records
from algobot.kernel.session import Settings, SimFill, layout_of, sim_fill
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Param
from algobot.research.desk import Desk
from algobot.research.metrics import Assumptions, Metrics, measure
from algobot.research.metrics.trips import mean_exposure
from algobot.research.orders import OrderRow, order_rows
from algobot.research.tape import Tape, detail_of, tape
from algobot.research.trades import RoundTrip, round_trips


class Outcome(NamedTuple):
    """All that a run did. `fills` is by symbol, in the order of the series given."""

    strategy: str
    params: dict[str, Param]
    layout: str
    close_ns: Records  # of each traded bar
    curve: Records  # equity after it
    closes: Records  # [symbol, bar], nan where a symbol has no bar
    hold: Records  # what buying and holding them in equal parts was worth
    fills: tuple[list[SimFill], ...]
    trips: tuple[list[RoundTrip], ...]
    metrics: Metrics
    orders: list[OrderRow]  # what became of each, in the order they were placed
    ambiguous: int  # bars whose path decided which of two fills came first
    funding: float  # received, in quote units; negative is paid. The curve has it, the trips do not
    lacking: int  # bars without any of the finer bars asked for: these were their own


def run(
    strategy: Strategy,
    params: Mapping[str, Param],
    series: Sequence[Series],
    settings: Settings,
    *,
    trade_from_ns: int = 0,
    assumed: Assumptions = Assumptions(),  # noqa: B008 – a frozen tuple
    detail: Sequence[Series] = (),
) -> Outcome:
    """Return what the strategy did on these symbols, sharing one account.

    Bars that close before `trade_from_ns` are folded without trading, as a bot warms up. Symbols are aligned by the
    time their bars open; a symbol takes no part in a bar it does not have. With `detail`, finer bars of each symbol,
    decisions stay on the bars and orders and protection meet the finer ones inside them.

    Raises:
        StrategyError: a parameter the strategy does not take.
        DataError: no bar to trade on, or finer bars that do not fit.
    """
    chosen = strategy.params(params)
    bars = tape(series, trade_from_ns)
    desk = _desk(strategy, settings, bars, detail)
    desk.open(chosen)
    curve, fills, notes = _folded(desk, bars, strategy)
    trips = tuple(round_trips(some, settings.lot) for some in fills)
    every = [trip for some in trips for trip in some]
    close_ns, closes = bars.close_ns, bars.bars["close"]
    exposure = mean_exposure(_held(fills, close_ns, settings.lot), closes, curve)
    hold = _hold(closes, settings.capital)
    metrics = measure(curve, hold, close_ns, settings.capital, every, assumed, mean_exposure=exposure)
    return Outcome(
        strategy.name,
        chosen._asdict(),
        layout_of(strategy, chosen),
        close_ns,
        curve,
        closes,
        hold,
        fills,
        trips,
        metrics,
        order_rows(notes, bars.symbols, strategy),
        desk.ambiguous,
        desk.funding,
        desk.lacking,
    )


def _desk(strategy: Strategy, settings: Settings, bars: Tape, detail: Sequence[Series]) -> Desk:
    if detail:
        return Desk(strategy, settings, len(bars.symbols), detail=detail_of(bars, detail), journal=True)
    return Desk(strategy, settings, len(bars.symbols), journal=True)


def _folded(desk: Desk, bars: Tape, strategy: Strategy) -> tuple[Records, tuple[list[SimFill], ...], Records]:
    """Return the equity after each traded bar, the fills by symbol and the journal."""
    curve = np.zeros(max(bars.lead.shape[1], bars.bars.shape[1]))
    found: tuple[list[SimFill], ...] = tuple([] for _ in bars.symbols)

    def take(fills: Records) -> None:
        for row in fills.tolist():
            found[row[1]].append(sim_fill(row, strategy))

    notes: list[Records] = []
    desk.fold(bars.lead, r.FOLD, curve, take)
    desk.fold(bars.bars, r.PAPER, curve, take, lambda some: notes.append(some.copy()), funding=bars.funding)
    return curve[: bars.bars.shape[1]], found, np.concatenate(notes)


def _hold(closes: Records, capital: float) -> Records:
    """Return the worth of equal parts bought at each symbol's first close and held; before that a part is cash."""
    worth = np.zeros(closes.shape[1])
    for prices in closes:
        there = ~np.isnan(prices)
        if not there.all():
            prices = prices[np.maximum.accumulate(np.where(there, np.arange(len(prices)), np.argmax(there)))]
        worth += prices / prices[0]
    worth *= capital / len(closes)
    return worth


def _held(fills: Sequence[list[SimFill]], close_ns: Records, lot: float) -> Records:
    """Return the position of each symbol after each bar; a fill at the close of a bar belongs to the next one."""
    held = np.zeros((len(fills), len(close_ns)))
    for row, some in zip(held, fills, strict=True):
        changes = np.array([fill.side * fill.lots for fill in some], np.float64)
        at = np.searchsorted(close_ns, [fill.ts_ns for fill in some], side="right")
        inside = at < len(close_ns)
        np.add.at(row, at[inside], changes[inside])
        np.cumsum(row, out=row)
        row *= lot
    return held


def summary(outcome: Outcome, symbols: Sequence[str]) -> dict[str, object]:
    """Return what goes into metrics.json: what was run, and its metrics."""
    return {
        "schema_version": 1,
        "strategy": outcome.strategy,
        "params": outcome.params,
        "symbols": list(symbols),
        "layout": outcome.layout,
        "ambiguous_bars": outcome.ambiguous,
        **msgspec.to_builtins(outcome.metrics),
    }
