"""A run's folder: written whole, read back, and reported on again."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from algobot.errors import DataError, NotFound
from algobot.kernel.session import SimFill
from algobot.research.backtest import Outcome, summary
from algobot.research.metrics import Metrics
from algobot.research.orders import OrderRow
from algobot.research.report import tables
from algobot.research.report.record import SCHEMA, Record, Run
from algobot.research.report.stamps import from_iso
from algobot.research.trades import RoundTrip

RECORD: Final = "run.json"
METRICS: Final = "metrics.json"
EQUITY: Final = "equity.csv"
TRADES: Final = "trades.csv"
_TABLES: Final = (RECORD, METRICS, TRADES, "orders.csv", "fills.csv", EQUITY)
_VIEWS: Final = ("report.html", "equity.png", "price.png", "months.png", "returns.png")
_AGAIN: Final = "run the backtest again"

T = TypeVar("T")


def claim(root: Path, name: str) -> Path:
    """Make and return a folder of its own: `root`/`name`, or with -2, -3 … where that is taken."""
    root.mkdir(parents=True, exist_ok=True)
    count = 1
    while True:
        folder = root / (name if count == 1 else f"{name}-{count}")
        try:
            folder.mkdir()
        except FileExistsError:
            count += 1
        else:
            return folder


def prepare(folder: Path) -> None:
    """Make `folder`, without what an earlier run left in it; other files stay.

    No picture of one run lies beside the tables of another; and a new file is written faster than an old one cut off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*_TABLES, *_VIEWS):
        (folder / name).unlink(missing_ok=True)


def find(word: str, root: Path) -> Path:
    """Return the folder of a run: a path, the name of one in `root`, or for "" the one made last.

    Raises:
        NotFound: there is no such run; names one that is spelled like it.
    """
    made = sorted(root.glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime_ns)
    names = [path.parent.name for path in made]
    if not word and names:
        return root / names[-1]
    if word and (Path(word) / RECORD).is_file():
        return Path(word)
    if word in names:
        return root / word
    if not word:
        raise NotFound(f"there is no run in {root}", hint="`algobot backtest` makes one")
    what = "holds no run" if Path(word).is_dir() else "is no run"
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"give a folder that `algobot backtest` wrote, like {root}/NAME"
    raise NotFound(f"{word} {what}", hint=hint)


def write(folder: Path, run: Run, outcome: Outcome) -> list[Path]:
    """Write what a run was and did into `folder`, which `prepare` or `claim` made, and return the files."""
    symbols = run.record.symbols
    lot = float(run.record.settings["lot"])
    named = [(symbol, fill) for symbol, fills in zip(symbols, outcome.fills, strict=True) for fill in fills]
    named.sort(key=lambda pair: pair[1].ts_ns)
    _write_json(folder / RECORD, run.record)
    _write_json(folder / METRICS, summary(outcome, symbols))
    tables.write_trades(folder / TRADES, run.trades, lot)
    tables.write_orders(folder / "orders.csv", sorted(_orders(outcome, named), key=lambda order: order.placed_ns))
    tables.write_fills(folder / "fills.csv", named)
    tables.write_equity(folder / EQUITY, run)
    return [folder / name for name in _TABLES]


def read(folder: Path) -> Run:
    """Return the run that `write` wrote.

    Raises:
        DataError: a file of it is missing or damaged.
    """
    record = _read_json(folder / RECORD, Record)
    metrics = _read_json(folder / METRICS, Metrics)
    trades = _checked(folder / TRADES, _read_trades)
    close_ns, equity, hold, closes = _checked(folder / EQUITY, lambda path: _read_equity(path, record.symbols))
    if len(close_ns) != metrics.bars or len([1 for _, trip in trades if trip.closed]) != metrics.trades:
        raise DataError(f"{folder}: its files are not of one run: the counts of bars or trades differ", hint=_AGAIN)
    return Run(record, metrics, close_ns, equity, hold, closes, trades)


def metrics_json(folder: Path) -> str:
    """Return metrics.json on one line, as `algobot backtest --json` prints it."""
    _read_json(folder / METRICS, Metrics)
    return msgspec.json.encode(msgspec.json.decode((folder / METRICS).read_bytes())).decode()


def _orders(outcome: Outcome, named: Sequence[tuple[str, SimFill]]) -> list[OrderRow]:
    """Return the journal's orders, and what stops and targets did in the engine's own name."""
    return [*outcome.orders, *(_order_of(symbol, fill) for symbol, fill in named if fill.order == 0)]


def _order_of(symbol: str, fill: SimFill) -> OrderRow:
    """Return the order behind a fill, as far as the fill tells."""
    kind = "limit" if fill.is_maker else ""
    done = (fill.lots, fill.price, fill.ts_ns)
    return OrderRow(symbol, fill.ts_ns, kind, fill.side, fill.lots, 0.0, fill.tag, "filled", *done)


def _write_json(path: Path, what: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")


def _read_json(path: Path, kind: type[T]) -> T:
    def decode(path: Path) -> T:
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=dict[str, Any]).get("schema_version")
        if version != SCHEMA:
            raise DataError(f"{path}: schema version {version}, this algobot reads {SCHEMA}", hint=_AGAIN)
        return msgspec.json.decode(data, type=kind)

    return _checked(path, decode)


def _checked(path: Path, read: Callable[[Path], T]) -> T:
    """Return what `read` makes of the file, and any way it can be wrong as one error."""
    if not path.is_file():
        raise DataError(f"{path}: the file is gone", hint=_AGAIN)
    try:
        return read(path)
    except (msgspec.MsgspecError, ValueError, KeyError, IndexError, csv.Error) as error:
        reason = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{path}: damaged: {reason}", hint=_AGAIN) from error


def _read_trades(path: Path) -> list[tuple[str, RoundTrip]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [_trade_of(row) for row in csv.DictReader(file, strict=True)]


def _trade_of(row: dict[str, str]) -> tuple[str, RoundTrip]:
    side = {"long": 1, "short": -1}[row["side"]]
    exit_ns, exit_price = from_iso(row["exit_time"]), float(row["exit_price"] or 0.0)
    into, out = (float(row["quantity"]) * price for price in (float(row["entry_price"]), exit_price))
    bought, sold = (into, out) if side > 0 else (out, into)
    trip = RoundTrip(
        side,
        int(row["lots"]),
        from_iso(row["entry_time"]),
        float(row["entry_price"]),
        _plain(row["entry_tag"]),
        exit_ns,
        exit_price,
        _plain(row["exit_tag"]),
        float(row["fees"]),
        float(row["profit"]),
        bought,
        sold,
    )
    return _plain(row["symbol"]), trip


def _read_equity(path: Path, symbols: Sequence[str]) -> tuple[Any, Any, Any, Any]:
    import pyarrow.csv

    arrow: Any = pyarrow  # it carries no types
    stamp = arrow.timestamp("ms", tz="UTC")
    options = arrow.csv.ConvertOptions(column_types={"time": stamp, "equity": arrow.float64()})
    table = arrow.csv.read_csv(path, convert_options=options)
    close_ns = table["time"].cast(arrow.timestamp("ns", tz="UTC")).cast(arrow.int64()).to_numpy()
    names = [tables.close_column(symbol, len(symbols)) for symbol in symbols]
    closes = np.array([table[name].cast(arrow.float64()).to_numpy() for name in names])
    return close_ns, table["equity"].to_numpy(), table["hold"].cast(arrow.float64()).to_numpy(), closes


def _plain(text: str) -> str:
    """Return text as it was before it was made harmless for spreadsheets."""
    return text[1:] if text[:2] in {"'=", "'+", "'-", "'@", "'\t", "'\r"} else text
