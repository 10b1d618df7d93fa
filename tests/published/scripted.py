"""A strategy that does at each bar what a test says, and bars written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Rec, Records
from algobot.kernel.strategy import Strategy
from tests.published.bars import SPANS_NS

DAY_NS = SPANS_NS["1d"]
Say = Callable[[Rec, Rec], None]  # of position and orders


class NoParams(NamedTuple):
    """Nothing to tune."""


def bars(*rows: Sequence[tuple[float, float, float, float]]) -> Records:
    """Return [symbol, bar] of (open, high, low, close)."""
    made = np.zeros((len(rows), len(rows[0])), r.BAR)
    for symbol, row in zip(made, rows, strict=True):
        for t, (place, prices) in enumerate(zip(symbol, row, strict=True)):
            place["open_ns"], place["close_ns"], place["volume"] = t * DAY_NS, (t + 1) * DAY_NS, 1.0
            place["open"], place["high"], place["low"], place["close"] = prices
    return made


def still(price: float = 100.0) -> tuple[float, float, float, float]:
    """Return a bar without movement."""
    return price, price, price, price


def scripted(script: Mapping[int, Say | Mapping[int, Say]], stop: float = 10.0, goal: float = 20.0) -> Strategy:
    """Return a strategy that says `script[bar]` (of every symbol, or by symbol) and always the same bracket.

    Its memory counts the bars on which it was asked, its `seen` all bars.
    """

    def on_bar(state: Rec, bar: Rec, position: Rec, _: Rec, orders: Rec) -> None:
        orders.brackets = 1
        orders.stop_distance, orders.target_distance, orders.target_fraction = stop, goal, 0.0
        say: Any = script.get(int(bar.open_ns // DAY_NS))
        if isinstance(say, Mapping):
            say = say.get(int(bar.volume))
        if say is not None:
            say(position, orders)
        state.seen += 1
        state.memory.asked += 1
        orders.shared[0] += 1

    state = r.record(seen=r.int64, memory=r.record(asked=r.int64))
    return Strategy("scripted", "Says what it is told.", NoParams, state, on_bar, lambda _: 0, "0")


def enter(_: Rec, orders: Rec) -> None:
    """Be long."""
    orders.wish, orders.exposure = r.HOLD_SIDE, 1.0


def leave(_: Rec, orders: Rec) -> None:
    """Be flat."""
    orders.wish, orders.exposure = r.HOLD_SIDE, 0.0


def follow(level: float) -> Say:
    """Return what moves the stop to `level`."""

    def say(_: Rec, orders: Rec) -> None:
        orders.ratchet = level

    return say


def rest(*wanted: tuple[int, float, float]) -> Say:
    """Return what places limit orders of (side, quantity, price)."""

    def say(_: Rec, orders: Rec) -> None:
        for side, quantity, price in wanted:
            ask = orders.asks[orders.asked]
            ask.kind, ask.side, ask.amount, ask.price = r.LIMIT, side, quantity, price
            orders.asked += 1

    return say


def both(*parts: Say) -> Say:
    """Return what says all of them."""

    def say(position: Rec, orders: Rec) -> None:
        for part in parts:
            part(position, orders)

    return say
