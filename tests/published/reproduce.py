"""A row of the table, made by the original's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from algobot.kernel.records import Records
from algobot.strategies import registry
from tests.published.bars import aligned
from tests.published.conventions import Conventions
from tests.published.original import Original, Result
from tests.published.score import Row, score
from tests.published.table import Entry

ORIGINAL: Final = Conventions()
_DAY_NS: Final = 86_400 * 10**9


def reproduced(entry: Entry, how: Conventions = ORIGINAL) -> Result:
    """Return what the original's engine makes of an entry with these conventions."""
    bars = aligned(entry.symbols, entry.span)
    params = {**entry.params, **entry.of_original}
    return Original(registry.load(entry.strategy), params, entry.account, bars, how).run()


def row(entry: Entry, result: Result) -> Row:
    """Return the figures of a result as they were published."""
    bars = aligned(entry.symbols, entry.span)
    return row_of(entry, bars, result.curve, [trade.net for trade in result.trades])


def row_of(entry: Entry, bars: Records, curve: Sequence[float], nets: Sequence[float]) -> Row:
    """Return the figures of a curve over these bars."""
    days = int(bars["open_ns"][0, -1] - bars["open_ns"][0, 0]) // _DAY_NS
    return score(curve, nets, entry.account.capital, days)
