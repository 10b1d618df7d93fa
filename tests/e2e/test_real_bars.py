"""Real bars, replayed at 600×: live bots through ccxt, paper bots beside them, and the backtest of the same bars."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algobot.cli.stage import Stage, a_stage
from algobot.model import BotId
from algobot.protocol.requests import Bots, ListBots
from tests.e2e.equality import settled_differences
from tests.e2e.venue import get, post
from tests.e2e.waiting import come_to_rest, until

pytestmark = pytest.mark.e2e

FIRST = 20_160  # two weeks into the file
HISTORY = 40  # fewer than any bot asks for, so that bot and backtest begin at the same bar
BARS = 600
SPEED = 600
CAPITAL = 10_000
STRATEGIES = {"trend": "trend_following", "revert": "mean_reversion"}


class Trade(NamedTuple):
    """A fill, as far as paper and backtest must agree on it."""

    ts_ns: int
    side: str
    quantity: Decimal
    price: float
    fee: float
    tag: str


@pytest.fixture
def real_bars(real_file: Callable[[str], Path], tmp_path: Path) -> dict[str, Path]:
    """Cut the minutes of the test out of the real files."""
    found = {}
    for base in ("BTC", "ETH"):
        source = real_file(f"BINANCE_{base}_USDT_1m")
        table = pq.read_table(source).slice(FIRST - HISTORY, HISTORY + BARS)
        found[f"{base}/USDT"] = tmp_path / source.name
        pq.write_table(table, found[f"{base}/USDT"])
    return found


def bots() -> str:
    """Return each strategy on each symbol, live and on paper."""
    return "\n".join(
        f'[bots.{base.lower()}-{word}-{mode}]\nstrategy = "{strategy}"\nsymbol = "{base}/USDT"\naccount = "demo"\n'
        f'mode = "{mode}"\ncapital = "{CAPITAL}"\nallow_short = true\n'
        for base in ("BTC", "ETH")
        for word, strategy in STRATEGIES.items()
        for mode in ("live", "paper")
    )


def steps(stage: Stage) -> dict[str, tuple[str, str]]:
    """Return lot and tick of each of the venue's symbols."""
    found = {}
    symbols = get(stage, "/api/v3/exchangeInfo")["symbols"]
    assert isinstance(symbols, list)
    for told in symbols:
        rules = {rule["filterType"]: rule for rule in told["filters"]}
        name = f"{told['baseAsset']}/{told['quoteAsset']}"
        found[name] = (rules["LOT_SIZE"]["stepSize"], rules["PRICE_FILTER"]["tickSize"])
    return found


def paper_trades(database: Path, bot_id: str) -> list[Trade]:
    """Return a paper bot's fills as its ledger has them."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT ts_event_ns, side, quantity, price, fee, tag FROM fills"
            " WHERE paper = 1 AND bot_id = ? ORDER BY ledger_seq",
            (bot_id,),
        ).fetchall()
    return [
        Trade(ts, "buy" if side > 0 else "sell", Decimal(q).normalize(), float(p), float(f), tag)
        for ts, side, q, p, f, tag in rows
    ]


def backtest_trades(strategy: str, bars: Path, symbol: str, lot: str, tick: str, out: Path) -> list[Trade]:
    """Return the fills of `algobot backtest`, run as a person would."""
    opens = pq.read_table(bars, columns=["time"])["time"].to_pylist()
    since = datetime.fromtimestamp(opens[HISTORY] / 1000, UTC).isoformat()
    command = [sys.executable, "-m", "algobot", "backtest", "--strategy", strategy, "--data", str(bars)]
    command += ["--symbol", symbol, "--capital", str(CAPITAL), "--lot", lot, "--tick", tick]
    command += ["--allow-short", "--from", since, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with (out / "fills.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Trade(
            ts_ns=round(datetime.fromisoformat(row["time"]).timestamp() * 1000) * 1_000_000,
            side=row["side"],
            quantity=(Decimal(row["lots"]) * Decimal(lot)).normalize(),
            price=float(row["price"]),
            fee=float(row["fee"]),
            tag=row["tag"],
        )
        for row in rows
    ]


def test_live_paper_and_backtest_agree_on_real_bars(real_bars: dict[str, Path], tmp_path: Path) -> None:
    """Live: the ledger equals the venue's log. Paper: the trades equal the backtest's, each in all its digits."""
    with a_stage() as stage:
        data = [word for symbol, path in real_bars.items() for word in ("--data", f"{symbol.replace('/', '')}={path}")]
        stage.start_venue(
            [*data, "--symbols", "BTCUSDT,ETHUSDT", "--speed", "0", "--start", str(HISTORY), "--history", str(HISTORY)],
            balances="USDT=1000000,BTC=10,ETH=100",
        )
        stage.write_config(bots())
        stage.start_daemon()
        stage.wait_ready()
        until(lambda: all(row.state.value == "running" for row in stage.ask(ListBots(), Bots).bots), "running")
        post(stage, "/sim/clock", {"speed": SPEED})
        until(lambda: get(stage, "/sim/state")["done"] is True, "the bars replayed", timeout_s=3 * BARS * 60 / SPEED)
        end_ns = _end_ns(real_bars["BTC/USDT"])
        until(lambda: all(row.last_bar_ns == end_ns for row in stage.ask(ListBots(), Bots).bots), "the last bar folded")
        come_to_rest(stage)
        rows = {row.bot_id: row for row in stage.ask(ListBots(), Bots).bots}
        database = next(stage.state.glob("*.db"))
        assert settled_differences(database, stage.truth, account=stage.key) == []
        live_fills = sum(row.fills for row in rows.values() if row.mode.value == "live")
        compared = 0
        for symbol, path in real_bars.items():
            lot, tick = steps(stage)[symbol]
            for word, strategy in STRATEGIES.items():
                name = f"{symbol[:3].lower()}-{word}-paper"
                mine = paper_trades(database, name)
                theirs = backtest_trades(strategy, path, symbol, lot, tick, tmp_path / name)
                assert mine == theirs, name
                compared += len(mine)
                twin = rows[BotId(name.replace("paper", "live"))]
                assert abs(twin.fills - len(mine)) <= 2, f"{twin.bot_id} has {twin.fills} fills, its twin {len(mine)}"
        assert compared >= 8 * len(STRATEGIES), "they hardly traded: little was shown"
        assert stage.stop_daemon() == 0
    print(
        f"\n{BARS} real minutes of two symbols at {SPEED}×: {live_fills} live fills equal to the venue's log, ", end=""
    )
    print(f"{compared} paper fills equal to the backtest's")


def _end_ns(path: Path) -> int:
    """Return when the last bar of a file closes."""
    last: pa.Scalar = pq.read_table(path, columns=["time"])["time"][-1]
    return (int(last.as_py()) + 60_000) * 1_000_000
