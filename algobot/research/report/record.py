"""What a run was: all that is needed to run it again (run.json), and a run with its results in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.kernel.session import Settings
from algobot.market.store import Series
from algobot.model import Param
from algobot.research.backtest import Outcome
from algobot.research.metrics import Assumptions, Metrics
from algobot.research.report.stamps import iso
from algobot.research.tape import fingerprint
from algobot.research.trades import RoundTrip
from algobot.version import VERSION

SCHEMA: Final = 1


class DataFile(msgspec.Struct, frozen=True):
    """Bars of a file or of the library, and which of them were used."""

    symbol: str
    path: str
    sha256: str  # of the bars used
    bars: int
    first: str  # open of the first bar used, warm-up included
    last: str  # close of the last
    bar_seconds: float
    missing_bars: int  # between the first and the last


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it was asked for."""

    schema_version: int = SCHEMA
    version: str = VERSION  # of algobot
    name: str
    made: str
    command: list[str]
    strategy: str
    strategies_dir: str  # "" for a strategy of ours
    params: dict[str, Param]
    layout: str  # names the strategy's records and source
    data: list[DataFile]
    trade_from: str  # "" is from the first bar
    until: str
    settings: dict[str, Any]
    assumptions: dict[str, Any]
    warnings: list[str]

    @property
    def symbols(self) -> list[str]:
        """The names of the traded instruments."""
        return [file.symbol for file in self.data]


class Run(NamedTuple):
    """A run and what came of it. Arrays have one value for each traded bar."""

    record: Record
    metrics: Metrics
    close_ns: npt.NDArray[Any]
    equity: npt.NDArray[Any]
    hold: npt.NDArray[Any]
    closes: npt.NDArray[Any]  # [symbol, bar]
    trades: Sequence[tuple[str, RoundTrip]]  # by time of entry


class Asked(NamedTuple):
    """How a run was asked for, which the bench itself never sees."""

    name: str
    made_ns: int
    command: Sequence[str]
    bars: Sequence[str]  # as a person named them
    strategies_dir: str = ""
    trade_from_ns: int = 0
    until_ns: int = 0
    assumed: Assumptions = Assumptions()


def record_of(outcome: Outcome, series: Sequence[Series], settings: Settings, asked: Asked) -> Record:
    """Return what run.json says."""
    data = [_data_file(one, name) for one, name in zip(series, asked.bars, strict=True)]
    return Record(
        name=asked.name,
        made=iso(asked.made_ns),
        command=list(asked.command),
        strategy=outcome.strategy,
        strategies_dir=asked.strategies_dir,
        params=outcome.params,
        layout=outcome.layout,
        data=data,
        trade_from=iso(asked.trade_from_ns),
        until=iso(asked.until_ns),
        settings=msgspec.json.decode(msgspec.json.encode(settings._asdict())),  # as it will be read again
        assumptions=asked.assumed._asdict(),
        warnings=[*_remarks(outcome), *cautions(outcome.metrics, data, settings._asdict())],
    )


def run_of(outcome: Outcome, record: Record) -> Run:
    """Return a finished run as the reports take it."""
    named = zip(record.symbols, outcome.trips, strict=True)
    trades = [(symbol, trip) for symbol, trips in named for trip in trips]
    trades.sort(key=lambda pair: pair[1].entry_ns)
    curves = (outcome.close_ns, outcome.curve, outcome.hold, outcome.closes)
    return Run(record, outcome.metrics, *curves, trades)


def _remarks(outcome: Outcome) -> list[str]:
    """Return what the engine saw that a reader should know."""
    found = []
    if outcome.ambiguous:
        share = outcome.ambiguous / len(outcome.close_ns)
        found.append(
            f"{outcome.ambiguous:,} bars ({share:.2%}) were ambiguous: which of two fills came first is an assumption;"
            " --detail with finer bars knows, --path assumes otherwise"
        )
    if outcome.lacking:
        found.append(f"{outcome.lacking:,} bars had no finer bars inside: their orders met the bar itself")
    refused = Counter(row.reason for row in outcome.orders if row.status == "rejected")
    for why, count in refused.most_common(3):
        found.append(f"{count:,} orders were refused: {why}")
    if outcome.funding:
        word = "received" if outcome.funding > 0 else "paid"
        found.append(f"funding {word}: {abs(outcome.funding):,.2f}; equity has it, the trades' profits do not")
    return found


def cautions(m: Metrics, data: Sequence[DataFile], settings: Mapping[str, Any]) -> list[str]:
    """Return what should make a reader doubt the numbers."""
    found = []
    if m.trades < 30:
        found.append(f"only {m.trades} closed trades: win rate, profit factor and expectancy may be luck")
    if m.days < 180:
        found.append(f"only {m.days:,.0f} days of trading: figures for a year are extrapolated")
    if m.open_position:
        found.append("a position was still open at the end; the equity counts it at the last close")
    if m.max_drawdown_fraction is None or m.max_drawdown_fraction >= 1.0:
        found.append("the account was lost: equity fell to zero or below, ratios are missing")
    if not settings.get("taker_fee") and not settings.get("maker_fee"):
        found.append("no fees were assumed")
    if m.tds > m.tax:
        found.append(f"TDS of {m.tds:,.2f} is more than the tax: until it is refunded the account would lack it")
    for file in data:
        if file.missing_bars > 0:
            found.append(f"{file.symbol}: {file.missing_bars:,} bars are missing from the data")
    return found


def _data_file(one: Series, name: str) -> DataFile:
    opens = one.bars["open_ns"]
    lasting = int(opens[-1] - opens[0])
    return DataFile(
        one.symbol,
        str(path.resolve()) if (path := Path(name).expanduser()).exists() else name,
        fingerprint(one),
        len(opens),
        iso(int(opens[0])),
        iso(int(one.bars["close_ns"][-1])),
        one.span_ns / 1e9,
        int(np.int64(lasting // one.span_ns + 1 - len(opens))),
    )
