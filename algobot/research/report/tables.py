"""A run's rows as CSV. Numbers are complete: they read back equal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from algobot.kernel.session import SimFill
from algobot.research.metrics import drawdown
from algobot.research.orders import OrderRow
from algobot.research.report.record import Run
from algobot.research.report.stamps import isos, stamps
from algobot.research.trades import RoundTrip

TRADES_HEAD: Final = (
    *("symbol", "side", "lots", "quantity", "entry_time", "entry_price", "entry_tag"),
    *("exit_time", "exit_price", "exit_tag", "fees", "profit", "profit_fraction"),
)
FILLS_HEAD: Final = ("symbol", "time", "side", "lots", "price", "fee", "is_maker", "tag")
ORDERS_HEAD: Final = (
    *("symbol", "time", "kind", "side", "lots", "price", "tag", "status", "filled_lots", "average_price"),
    *("done_time", "reason"),
)
_ROWS: Final = 1 << 16  # converted at a time


def write_trades(path: Path, trades: Sequence[tuple[str, RoundTrip]], lot: float) -> None:
    """One row per position from flat to flat, by time of entry."""
    entered = isos([trip.entry_ns for _, trip in trades])
    left = isos([trip.exit_ns for _, trip in trades])
    rows = zip(trades, entered, left, strict=True)
    _write(path, TRADES_HEAD, (_trade_row(symbol, trip, lot, *times) for (symbol, trip), *times in rows))


def write_fills(path: Path, fills: Sequence[tuple[str, SimFill]]) -> None:
    """One row per execution, by time."""
    times = isos([fill.ts_ns for _, fill in fills])
    rows = zip(fills, times, strict=True)
    _write(path, FILLS_HEAD, (_fill_row(symbol, fill, time) for (symbol, fill), time in rows))


def write_orders(path: Path, orders: Sequence[OrderRow]) -> None:
    """One row per order, by the time it was placed."""
    placed, done = isos([order.placed_ns for order in orders]), isos([order.done_ns for order in orders])
    _write(path, ORDERS_HEAD, (_order_row(*row) for row in zip(orders, placed, done, strict=True)))


def write_equity(path: Path, run: Run) -> None:
    """One row per bar: when it closed, equity after it, buy and hold, how far below the peak, and the prices."""
    import pyarrow.csv

    arrow: Any = pyarrow  # it carries no types
    columns = {"equity": run.equity, "hold": run.hold, "drawdown": np.round(below_start(run), 6)}
    for symbol, closes in zip(run.record.symbols, run.closes, strict=True):
        columns[close_column(symbol, len(run.closes))] = closes
    written: Any = None
    for start in range(0, len(run.close_ns), _ROWS):
        part = slice(start, start + _ROWS)
        values = [_stamp_column(run.close_ns[part]), *(_number_column(column[part]) for column in columns.values())]
        table = arrow.Table.from_arrays(values, names=["time", *columns])
        if written is None:
            options = arrow.csv.WriteOptions(quoting_style="none", batch_size=_ROWS)
            written = arrow.csv.CSVWriter(str(path), table.schema, write_options=options)
        written.write_table(table)
    if written is not None:
        written.close()


def below_start(run: Run) -> Any:
    """Return how far below its peak the equity was, the starting equity included."""
    return drawdown.underwater(np.concatenate([[run.metrics.start_equity], run.equity]))[1:]


def close_column(symbol: str, symbols: int) -> str:
    """Return what the closes of a symbol are called in equity.csv."""
    return "close" if symbols == 1 else "close " + symbol.replace('"', "").replace(",", "").replace("\n", "")


def _number_column(values: Any) -> Any:
    """Return arrow's column of numbers, empty where there is none."""
    import pyarrow

    arrow: Any = pyarrow
    there = np.packbits(~np.isnan(values), bitorder="little")
    buffers = [arrow.py_buffer(there), arrow.py_buffer(np.ascontiguousarray(values, np.float64))]
    return arrow.Array.from_buffers(arrow.float64(), len(values), buffers)  # `arrow.array` would load all of pandas


def _stamp_column(close_ns: Any) -> Any:
    """Return arrow's text column over the bytes of `stamps`."""
    import pyarrow

    arrow: Any = pyarrow
    rows = stamps(close_ns)
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1])
    return arrow.Array.from_buffers(
        arrow.string(), len(rows), [None, arrow.py_buffer(offsets), arrow.py_buffer(np.ascontiguousarray(rows))]
    )


def _trade_row(symbol: str, trip: RoundTrip, lot: float, entered: str, left: str) -> list[object]:
    return [
        _text(symbol),
        "long" if trip.side > 0 else "short",
        trip.lots,
        f"{trip.lots * lot:.12g}",  # as a person writes it: 0.50535, not 0.5053500000000001
        entered,
        repr(trip.entry_price),
        _text(trip.entry_tag),
        left,
        repr(trip.exit_price) if trip.closed else "",
        _text(trip.exit_tag),
        repr(trip.fees),
        repr(trip.profit),
        f"{trip.profit_fraction:.6g}",
    ]


def _fill_row(symbol: str, fill: SimFill, time: str) -> list[object]:
    side = "buy" if fill.side > 0 else "sell"
    price, fee = repr(fill.price), repr(fill.fee)
    return [_text(symbol), time, side, fill.lots, price, fee, int(fill.is_maker), _text(fill.tag)]


def _order_row(order: OrderRow, placed: str, done: str) -> list[object]:
    return [
        _text(order.symbol),
        placed,
        order.kind,
        "buy" if order.side > 0 else "sell",
        order.lots,
        repr(order.price) if order.price else "",
        _text(order.tag),
        order.status,
        order.filled_lots,
        repr(order.average_price) if order.filled_lots else "",
        done,
        _text(order.reason),
    ]


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _text(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
