"""The log read back, and the simulator as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from algobot.cli.sim import sim
from algobot.errors import DataError
from algobot.simulator import Simulator
from algobot.simulator.journal import Funded
from algobot.simulator.truth import read
from algobot.simulator.units import show

from .builders import MANUAL, Pit, some_bars, write_bars

LOTS = 100_000


def test_the_log_alone_gives_orders_trades_and_balances(tmp_path: Path) -> None:
    """Summed from funding and trades, balances equal the engine's; orders end as they ended; a torn line is ignored."""
    path = tmp_path / "truth.jsonl"
    pit = Pit(path)
    for account in (pit.alice, pit.bob):
        for asset in ("USDT", "BTC"):
            pit.exchange.journal.write(Funded(account.name, asset, show(account.free[asset]), 0))
    pit.place(pit.alice, "ask", -1, LOTS, 10_000)
    pit.place(pit.bob, "buy", 1, 3 * LOTS, 10_000)
    pit.exchange.sweep(pit.market, -1, 10_000, LOTS // 3, 2)
    order = pit.place(pit.alice, "gone", 1, LOTS, 5_000)
    pit.exchange.cancel(pit.market, order, "x", 3)
    pit.exchange.journal.close()
    with path.open("ab") as file:
        file.write(b'{"event":"trade","acc')
    truth = read(path)
    for account in (pit.alice, pit.bob):
        expected = {a: Decimal(show(account.free[a] + account.locked[a])) for a in account.assets()}
        assert truth.balances()[account.name] == expected
    ends = {o.client_id: (o.status, o.filled) for o in truth.orders.values()}
    assert ends == {
        "ask": ("FILLED", Decimal(1)),
        "buy": ("PARTIALLY_FILLED", Decimal("1.33333")),
        "gone": ("CANCELED", Decimal(0)),
    }
    bought = truth.by_client_id("bob")["buy"][0]
    assert [truth.trades[("bob", "BTCUSDT", n)].quantity for n in bought.trades] == ["1.00000000", "0.33333000"]
    assert set(truth.trades_of("alice")) == {("BTCUSDT", bought.trades[0])}


def test_a_new_run_sets_the_old_log_aside(tmp_path: Path) -> None:
    """Ids begin anew with each run, so two runs never share a file."""
    path = tmp_path / "truth.jsonl"
    for _ in range(2):
        pit = Pit(path)
        pit.place(pit.alice, "bid", 1, LOTS, 5_000)
        pit.exchange.journal.close()
        assert len(read(path).orders) == 1
    assert len(read(tmp_path / "truth.jsonl.old").orders) == 1


def test_what_is_no_log_is_refused_with_the_line(tmp_path: Path) -> None:
    """A missing file and a file of something else raise errors that say so."""
    path = tmp_path / "x.jsonl"
    with pytest.raises(DataError, match="cannot read"):
        read(path)
    path.write_text('{"event":"account.funded","account":"a","asset":"b","amount":"1","ms":1}\n{"event":"dance"}\n')
    with pytest.raises(DataError, match="line 2"):
        read(path)


@pytest.mark.anyio
async def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    """The second simulator on one port tells which port and what to do."""
    import msgspec

    from algobot.errors import UsageError

    async with Simulator(MANUAL) as first:
        port = int(first.url.rpartition(":")[2])
        second = Simulator(msgspec.structs.replace(MANUAL, port=port))
        with pytest.raises(UsageError, match=str(port)):
            await second.start()
        await second.stop()


def test_the_process_says_where_it_listens_and_ends_when_told(tmp_path: Path) -> None:
    """One JSON line on standard output once it is ready; SIGTERM ends it with 0 and the log holds the funding."""
    path = write_bars(tmp_path / "bars.parquet", some_bars(50))
    log = tmp_path / "truth.jsonl"
    words = ["--data", f"BTC/USDT={path}", "--symbols", "SOLUSDT", "--speed", "600", "--history", "10"]
    words += ["--log", str(log), "--account", "k:s:USDT=100"]
    process = subprocess.Popen([sys.executable, "-m", "algobot.simulator", *words], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["pid"] == process.pid
        state = asyncio.run(_state(ready["url"]))
        assert set(state["markets"]) == {"BTCUSDT", "SOLUSDT"}
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert read(log).balances() == {"k": {"USDT": Decimal(100)}}


async def _state(url: str) -> dict[str, dict[str, object]]:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url + "/sim/state") as response:
        found: dict[str, dict[str, object]] = await response.json()
        return found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "0.0.0.0"], "loopback"),
        (["--data", "nothing"], "SYMBOL=FILE"),
        (["--data", "BTCUSDT=/nowhere.parquet"], "/nowhere.parquet"),
        (["--timeframe", "7m"], "timeframe=7m"),
        (["--account", "k:s:USDT=lots"], "USDT=lots"),
        (["--start", "someday", "--speed", "2"], "start=someday"),
        (["--symbols", "XYZ"], "XYZ"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_plainly(words: list[str], message: str) -> None:
    """The word that is wrong and a remedy, no traceback, exit code as for usage or data."""
    result = CliRunner().invoke(sim, words)
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert "Traceback" not in result.output
