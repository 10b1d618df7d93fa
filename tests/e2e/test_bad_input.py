"""What a person or a machine can get wrong: a clear message with the remedy, the right exit code, and nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algobot.cli.stage import Stage, a_stage
from algobot.model import BotState
from algobot.protocol.requests import Bots, GetStatus, ListBots, ListLogs, Logs
from algobot.protocol.rows import Status
from tests.e2e.equality import settled_differences
from tests.e2e.venue import post
from tests.e2e.waiting import come_to_rest, until

pytestmark = pytest.mark.e2e

BOT = """
[bots.one]
strategy = "ma_crossover"
symbol = "BTC/USDT"
account = "demo"
mode = "live"
capital = "5000"
params = { fast = 1, slow = 3 }
"""


def run(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run an algobot command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "algobot", *words],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check that a command ended with `code` and said `words`, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage with a venue that is running, and a configuration of one live bot."""
    with a_stage() as stage:
        stage.start_venue(["--symbols", "BTC/USDT", "--speed", "300", "--history", "100"], balances="USDT=100000,BTC=1")
        stage.write_config(BOT)
        yield stage


def test_a_wrong_value_names_its_line_and_remedy(stage: Stage) -> None:
    """The daemon does not start; the message has file, line, field and value."""
    stage.write_config(BOT.replace('mode = "live"', 'mode = "lively"'))
    line = stage.config.read_text().splitlines().index('mode = "lively"') + 1
    refused(run("daemon", "--config", str(stage.config)), 2, f"config.toml:{line}", "lively", "live")


def test_an_unknown_strategy_says_which_was_meant(stage: Stage) -> None:
    """A name with a slip is answered with the one that is there."""
    stage.write_config(BOT.replace("ma_crossover", "ma_crosover"))
    refused(run("daemon", "--config", str(stage.config)), 2, "ma_crosover", "ma_crossover")


def test_a_missing_socket_says_how_to_start_a_daemon(tmp_path: Path) -> None:
    """Exit code 3, and with --json the error is JSON."""
    done = run("ctl", "status", "--socket", str(tmp_path / "none.sock"))
    refused(done, 3, "none.sock", "algobot daemon")
    done = run("ctl", "status", "--json", "--socket", str(tmp_path / "none.sock"))
    assert done.returncode == 3
    assert json.loads(done.stderr)["code"] == "daemon.unreachable"


def test_a_second_daemon_on_the_same_state_is_refused(stage: Stage) -> None:
    """It names the first one and leaves it alone."""
    stage.start_daemon()
    stage.wait_ready()
    assert stage.daemon is not None
    refused(run("daemon", "--config", str(stage.config)), 1, str(stage.daemon.pid))
    assert stage.ask(GetStatus(), Status).state == "ready"


def test_a_second_daemon_with_the_same_key_is_refused(stage: Stage, tmp_path: Path) -> None:
    """Another state directory does not make it another account."""
    stage.start_daemon()
    stage.wait_ready()
    other = tmp_path / "other.toml"
    other.write_text(
        stage.config.read_text()
        .replace(str(stage.state), str(tmp_path / "state"))
        .replace(str(stage.socket), str(tmp_path / "s"))
        .replace("[daemon]", '[daemon]\ninstance = "other"')
    )
    other.chmod(0o600)
    refused(run("daemon", "--config", str(other)), 1, "key", "another daemon")


def test_a_dead_venue_is_waited_for_and_said(stage: Stage) -> None:
    """The daemon runs, says what is missing, trades nothing, and goes on by itself once the venue is there."""
    alive = stage.config.read_text()
    stage.config.write_text(alive.replace(stage.url, "http://127.0.0.1:9"))
    stage.start_daemon()
    until(lambda: "127.0.0.1:9" in _account_reason(stage), "the account to say which venue does not answer")
    assert all(row.fills == 0 for row in stage.ask(ListBots(), Bots).bots)
    assert stage.stop_daemon() == 0
    stage.config.write_text(alive)
    stage.start_daemon()
    stage.wait_ready()
    until(lambda: sum(row.fills for row in stage.ask(ListBots(), Bots).bots) > 0, "fills")


def test_a_venue_that_dies_under_way_costs_nothing(stage: Stage) -> None:
    """Orders without an answer are resolved once it answers again; the ledger equals the venue's log."""
    stage.start_daemon()
    stage.wait_ready()
    until(lambda: sum(row.fills for row in stage.ask(ListBots(), Bots).bots) > 3, "fills")
    for where in ("request", "reply"):
        rule = {"where": where, "match": "*", "count": 0, "probability": 0.7, "fault": {"type": "drop"}}
        post(stage, "/sim/faults", rule)
    post(stage, "/sim/connections", {"act": "cut", "match": "*"})
    seen = stage.ask(GetStatus(), Status).now_ns
    until(lambda: stage.ask(GetStatus(), Status).now_ns - seen > 3e9, "three seconds of outage")
    _lift_faults(stage)
    until(lambda: all(row.state == "ready" for row in stage.ask(GetStatus(), Status).accounts), "ready again")
    come_to_rest(stage)
    assert settled_differences(next(stage.state.glob("*.db")), stage.truth, account=stage.key) == []


def test_a_corrupt_database_is_refused_and_left_as_it_is(stage: Stage) -> None:
    """The daemon does not start on it, says what to do, and changes not one byte."""
    stage.start_daemon()
    stage.wait_ready()
    until(lambda: sum(row.fills for row in stage.ask(ListBots(), Bots).bots) > 0, "fills")
    assert stage.stop_daemon() == 0
    database = next(stage.state.glob("*.db"))
    content = bytearray(database.read_bytes())
    for place in range(4096, len(content), 4096):  # every page but the first
        content[place + 8 : place + 64] = b"\xff" * 56
    database.write_bytes(content)
    refused(run("daemon", "--config", str(stage.config)), 1, database.name, "damaged", "aside")
    assert database.read_bytes() == bytes(content)


def test_a_bar_with_a_nan_is_refused_with_its_row(tmp_path: Path) -> None:
    """A backtest names file and row, and computes nothing; feed and bot have tests of their own for the same."""
    times = [1_700_000_000_000 + 60_000 * n for n in range(50)]
    prices = [100.0] * 49 + [float("nan")]
    path = tmp_path / "X_BTC_USDT_1m.parquet"
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    pq.write_table(pa.table({"time": times, **columns, "volume": [1.0] * 50}), path)
    refused(run("backtest", "--strategy", "ma_crossover", "--data", str(path), "--no-files"), 1, path.name, "49")


def test_a_full_disk_stops_orders_and_loses_nothing(stage: Stage) -> None:
    """No new orders while rows cannot be written, cancels and reads go on, and it heals once there is room."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(stage.state)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small file system to fill")
    try:
        stage.start_daemon()
        stage.wait_ready()
        until(lambda: sum(row.fills for row in stage.ask(ListBots(), Bots).bots) > 0, "fills")
        filler = stage.state / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\0" * 4096):
                pass
        until(lambda: stage.ask(GetStatus(), Status).store != "ok", "the store to say so")
        taken = len(get_orders(stage))
        seen = stage.ask(GetStatus(), Status).now_ns
        until(lambda: stage.ask(GetStatus(), Status).now_ns - seen > 2e9, "two seconds without room")
        assert len(get_orders(stage)) <= taken + 1, "orders went out that were not on disk"
        filler.unlink()
        until(lambda: stage.ask(GetStatus(), Status).store == "ok", "the store to heal")
        until(lambda: all(row.state is BotState.RUNNING for row in stage.ask(ListBots(), Bots).bots), "running")
        come_to_rest(stage)
        assert settled_differences(next(stage.state.glob("*.db")), stage.truth, account=stage.key) == []
        assert stage.stop_daemon() == 0
    finally:
        stage.kill_daemon()
        subprocess.run(["umount", "-l", str(stage.state)], capture_output=True, check=False)


def test_a_reload_that_is_refused_can_be_read_in_the_log(stage: Stage) -> None:
    """What went wrong after a signal, which nobody answers, is a line of the log; the old configuration goes on."""
    stage.start_daemon()
    stage.wait_ready()
    assert stage.daemon is not None
    stage.config.write_text(stage.config.read_text().replace("ma_crossover", "ma_crosover"))
    stage.daemon.send_signal(signal.SIGHUP)
    until(lambda: any("ma_crosover" in str(line) for line in stage.ask(ListLogs(), Logs).lines), "the refusal")
    assert stage.ask(GetStatus(), Status).state == "ready"


def get_orders(stage: Stage) -> list[str]:
    """Return the orders that the venue has taken, from its log."""
    return [line for line in stage.truth.read_text().splitlines() if '"order.accepted"' in line]


def _account_reason(stage: Stage) -> str:
    from algobot.errors import AlgobotError

    try:
        accounts = stage.ask(GetStatus(), Status, timeout_s=2.0).accounts
    except AlgobotError:
        return ""
    return accounts[0].reason if accounts and accounts[0].state != "ready" else ""


def _lift_faults(stage: Stage) -> None:
    import urllib.request

    request = urllib.request.Request(f"{stage.url}/sim/faults", method="DELETE")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
