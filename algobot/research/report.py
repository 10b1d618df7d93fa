"""A run written down: metrics.json, trades.csv, equity.csv."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from algobot.kernel.records import Records
from algobot.kernel.session import SimFill
from algobot.research.backtest import Outcome, summary
from algobot.research.trades import RoundTrip

TRADES_HEAD: Final = (
    *("symbol", "side", "lots", "quantity", "entry_time", "entry_price", "entry_tag"),
    *("exit_time", "exit_price", "exit_tag", "fees", "profit"),
)
FILLS_HEAD: Final = ("symbol", "time", "side", "lots", "price", "fee", "is_maker", "tag")


def write(folder: Path, outcome: Outcome, symbols: Sequence[str], lot: float) -> list[Path]:
    """Write the files into `folder` (made if needed) and return them. Numbers are complete: they read back equal."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = folder / "metrics.json"
    metrics.write_bytes(msgspec.json.format(msgspec.json.encode(summary(outcome, symbols)), indent=2) + b"\n")
    trades = folder / "trades.csv"
    named = zip(symbols, outcome.trips, strict=True)
    rows = [_trade_row(symbol, trip, lot) for symbol, trips in named for trip in trips]
    _write_csv(trades, TRADES_HEAD, sorted(rows, key=lambda row: str(row[4])))
    fills = folder / "fills.csv"
    _write_csv(fills, FILLS_HEAD, _fill_rows(outcome, symbols))
    equity = folder / "equity.csv"
    _write_equity(equity, outcome.close_ns, outcome.curve)
    return [metrics, trades, fills, equity]


def iso(ts_ns: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond; "" for none."""
    if ts_ns == 0:
        return ""
    return datetime.fromtimestamp(ts_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _trade_row(symbol: str, trip: RoundTrip, lot: float) -> list[object]:
    return [
        _text(symbol),
        "long" if trip.side > 0 else "short",
        trip.lots,
        f"{trip.lots * lot:.12g}",  # as a person writes it: 0.50535, not 0.5053500000000001
        iso(trip.entry_ns),
        repr(trip.entry_price),
        _text(trip.entry_tag),
        iso(trip.exit_ns),
        repr(trip.exit_price) if trip.closed else "",
        _text(trip.exit_tag),
        repr(trip.fees),
        repr(trip.profit),
    ]


def _fill_rows(outcome: Outcome, symbols: Sequence[str]) -> list[list[object]]:
    named = [(symbol, fill) for symbol, fills in zip(symbols, outcome.fills, strict=True) for fill in fills]
    return [_fill_row(symbol, fill) for symbol, fill in sorted(named, key=lambda pair: pair[1].ts_ns)]


def _fill_row(symbol: str, fill: SimFill) -> list[object]:
    side = "buy" if fill.side > 0 else "sell"
    price, fee = repr(fill.price), repr(fill.fee)
    return [_text(symbol), iso(fill.ts_ns), side, fill.lots, price, fee, int(fill.is_maker), _text(fill.tag)]


def _write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _write_equity(path: Path, close_ns: Records, curve: Records) -> None:
    """One row per bar: when it closed, equity after it, and how far below its peak."""
    import pyarrow.csv

    arrow: Any = pyarrow  # it carries no types
    stamps = np.datetime_as_string(close_ns.astype("datetime64[ns]"), unit="ms", timezone="UTC")
    peaks = np.maximum.accumulate(curve)
    table = arrow.table({"time": stamps, "equity": curve, "drawdown": (peaks - curve) / peaks})
    arrow.csv.write_csv(table, str(path))


def _text(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text
