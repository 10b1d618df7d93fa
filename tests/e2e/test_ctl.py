"""Every verb of `algobot ctl`, and `algobot kill`, as an operator types them: on a real daemon that trades."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from algobot.cli.stage import Stage, a_stage
from tests.e2e.venue import post
from tests.e2e.waiting import until as until_late

pytestmark = pytest.mark.e2e

OURS = """\"\"\"{summary}\"\"\"

from __future__ import annotations

from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, limit, target
from algobot.kernel.records import Rec, int64, record


class Params(NamedTuple):
    every: int = {every}


STATE = record(bars=int64)
REASONS = {{1: "bar {{bar:.0f}}"}}


def warmup(params: Params) -> int:
    return 1


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    state.bars += 1
    {act}
    because(orders, 1, state.bars)
"""
FLIPPER = OURS.format(
    summary="Long on every other bar.", every=2, act="target(orders, 1.0 if state.bars % params.every == 0 else 0.0)"
)
PATIENT = OURS.format(
    summary="Asks once, far below the market, and waits.",
    every=12,  # beyond the bars it is warmed up with
    act="if state.bars == params.every:\n        limit(orders, 1, 100, bar.close * 0.9, 1)",
)


def a_bot(name: str, strategy: str, symbol: str = "BTC/USDT", mode: str = "live", more: str = "") -> str:
    """Return a bot's table."""
    return (
        f'[bots.{name}]\nstrategy = "{strategy}"\nsymbol = "{symbol}"\naccount = "demo"\nmode = "{mode}"\n'
        f'capital = "5000"\n{more}\n\n'
    )


BOTS = (
    a_bot("flip", "flipper")
    + a_bot("flop", "flipper", more='on_restart = "hold"\nparams = { every = 3 }')
    + a_bot("flat", "flipper", more='on_restart = "flatten"')
    + a_bot("once", "flipper", more='on_restart = "stopped"')
    + a_bot("rest", "patient", "ETH/USDT")
    + a_bot("calm", "ma_crossover", "ETH/USDT", "paper")
)
SPEED = 300  # five bars a second
UNLIMITED = ("--order-limit", "1000000", "--weight-limit", "1000000")


def until(condition: Callable[[], bool], what: str) -> None:
    """Return once `condition` holds; ten seconds are fifty bars."""
    until_late(condition, what, timeout_s=10.0)


class House:
    """A daemon on a stage, and the operator's shell."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def run(self, *words: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run `algobot WORDS` to its end, with this daemon's socket."""
        command = [sys.executable, "-m", "algobot", *words, "--socket", str(self.stage.socket)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)

    def ctl(self, *words: str) -> str:
        """Run `algobot ctl WORDS`, which succeeds; what it prints."""
        done = self.run("ctl", *words)
        assert done.returncode == 0, f"ctl {' '.join(words)}: {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout

    def ask(self, *words: str) -> Any:
        """Run a reading verb with --json; its object."""
        told = json.loads(self.ctl(*words, "--json"))
        assert told["schema_version"] == 1
        return told

    def refused(self, code: int, *words: str) -> str:
        """Run `algobot ctl WORDS`, which ends with `code` and says why; the reason."""
        done = self.run("ctl", *words)
        assert done.returncode == code, f"ctl {' '.join(words)}: {done.returncode}: {done.stderr}{done.stdout}"
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()
        return done.stderr

    def kill(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run `algobot kill WORDS --json`; its exit code and what it says it achieved."""
        done = self.run("kill", "--state-dir", str(self.stage.state), "--json", *words)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout)

    def row(self, bot: str) -> dict[str, Any]:
        """Return a bot's row."""
        row: dict[str, Any] = self.ask("bots", "show", bot)["row"]
        return row

    def states(self) -> dict[str, str]:
        """Return each bot's state."""
        return {row["bot_id"]: row["state"] for row in self.ask("bots", "list")["bots"]}

    def halted(self) -> bool:
        """Return whether a latch file is there."""
        return (self.stage.state / "HALT").exists()

    def up(self) -> None:
        """Start the daemon if it does not run, and wait until it serves."""
        if self.stage.daemon is None or self.stage.daemon.poll() is not None:
            self.stage.start_daemon()
        self.stage.wait_ready()

    def at_venue(self) -> list[str]:
        """Return the ids of the orders that are open by the venue's own log."""
        last: dict[str, str] = {}
        for line in self.stage.truth.read_text().splitlines():
            record = json.loads(line)
            if record["event"] in ("order.accepted", "order.changed") and record["account"] == self.stage.key:
                last[record["client_id"]] = record.get("status", "NEW")
        return [client_id for client_id, status in last.items() if status in ("NEW", "PARTIALLY_FILLED")]


@pytest.fixture(scope="module")
def built() -> Iterator[House]:
    """One venue for the whole file, at five bars a second."""
    with a_stage() as stage:
        arguments = ["--symbols", "BTC/USDT,ETH/USDT", "--speed", str(SPEED), "--history", "100", *UNLIMITED]
        stage.start_venue(arguments, balances="USDT=1000000,BTC=10,ETH=100")
        strategies = stage.directory / "strategies"
        strategies.mkdir(mode=0o700)
        (strategies / "flipper.py").write_text(FLIPPER)
        (strategies / "patient.py").write_text(PATIENT)
        stage.write_config(BOTS)
        config = stage.config.read_text()
        stage.config.write_text(config.replace("[daemon]", f'[daemon]\nstrategies_dir = "{strategies}"'))
        yield House(stage)


@pytest.fixture
def house(built: House) -> House:
    """The house with its daemon up, nothing halted, and every bot at work."""
    built.up()
    if built.halted():
        built.ctl("unhalt", "--reason", "the next test", "--yes")
    for bot, state in built.states().items():
        if state in ("stopped", "created"):
            built.ctl("start", bot)
        elif state == "paused":
            built.ctl("resume", bot)
    until(lambda: set(built.states().values()) == {"running"}, f"all bots to run: {built.states()}")
    return built


def test_every_look_is_json_a_table_and_lines_for_scripts(house: House) -> None:
    """Bots trade, strategies of a person's own among them, and each reading verb tells of it in each form."""
    until(lambda: house.row("flip")["fills"] > 2, "fills of a strategy from strategies_dir")
    status = house.ask("status")
    assert (status["state"], status["bots"]) == ("ready", {"running": 6})
    assert status["accounts"][0]["simulated"] is True
    assert "simulated money" in house.ctl("status")
    assert {row["bot_id"] for row in house.ask("bots")["bots"]} == {"flip", "flop", "flat", "once", "rest", "calm"}
    shown = house.ask("bots", "show", "flip")
    assert shown["spec"]["strategy"] == "flipper"
    assert shown["decisions"][0]["reason"].startswith("bar ")
    assert "live-sim" in house.ctl("bots", "list")
    for verb, key in (("orders", "orders"), ("fills", "fills"), ("positions", "positions"), ("balances", "balances")):
        rows = house.ask(verb)[key]
        assert rows, verb
        head, *lines = house.ctl(verb, "--format", "csv").splitlines()
        assert "," in head
        assert lines
        assert house.ctl(verb).splitlines()[0].split()[0].isupper()
    assert {row["bot_id"] for row in house.ask("fills", "flip", "--limit", "3")["fills"]} == {"flip"}
    until(lambda: bool(house.ask("orders", "rest", "--open")["orders"]), "the resting order")
    assert [row["bot_id"] for row in house.ask("orders", "rest", "--open")["orders"]] == ["rest"]
    lines = house.ctl("logs", "--json", "--limit", "500").splitlines()
    assert any(json.loads(line)["event"] == "daemon.ready" for line in lines)
    assert "daemon.ready" in house.ctl("logs", "--since", "1h", "--limit", "500")
    events = [json.loads(line) for line in house.ctl("events", "--json", "--since", "-20").splitlines()]
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)


def test_events_and_logs_are_followed_until_interrupted(house: House) -> None:
    """One JSON object a line as it happens; Ctrl-C ends with 130."""
    for words, key in ((["events", "-f", "-u", "flip"], "type"), (["logs", "-f", "-p", "info"], "event")):
        command = [sys.executable, "-m", "algobot", "ctl", *words, "--json", "--socket", str(house.stage.socket)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
            assert following.stdout is not None
            if words[0] == "logs":
                house.ctl("restart", "calm")  # something to log
            assert key in json.loads(_line_of(following.stdout.fileno()))
            following.send_signal(signal.SIGINT)
            _, said = following.communicate(timeout=20)
        assert following.returncode == 130
        assert b"Traceback" not in said


def test_several_bots_of_one_account_and_symbol_add_up(house: House) -> None:
    """Each has its own cash and position; their sums and what the account held besides are the venue's balances."""
    live = ["flip", "flop", "flat", "once", "rest"]
    until(lambda: any(abs(Decimal(house.row(bot)["position"])) > Decimal("0.001") for bot in live[:4]), "a position")
    post(house.stage, "/sim/clock", {"speed": 0})  # the market stands still: what is held stays
    until(lambda: not any(row["orders_in_flight"] for row in house.ask("status")["accounts"]), "nothing in flight")
    assert house.ask("reconcile")["ok"] is True
    rows = {row["bot_id"]: row for row in house.ask("bots", "list")["bots"]}
    money = {row["currency"]: row for row in house.ask("positions")["positions"]}
    on_btc = [Decimal(rows[bot]["position"]) for bot in ("flip", "flop", "flat", "once")]
    assert len({rows[bot]["cash"] for bot in ("flip", "flop")}) == 2, "their cash is their own"
    assert Decimal(money["BTC"]["bots"]) == sum(on_btc)
    spent = sum(Decimal(rows[bot]["cash"]) - Decimal(rows[bot]["capital"]) for bot in live)
    assert Decimal(money["USDT"]["bots"]) == spent
    for row in money.values():
        assert Decimal(row["bots"]) + Decimal(row["external"]) == Decimal(row["venue"])
        assert Decimal(row["drift"]) == 0
    post(house.stage, "/sim/clock", {"speed": SPEED})


def test_a_bot_is_steered_by_name(house: House) -> None:
    """pause, resume, stop, start, restart, close and flatten do what they say, and wait sees it."""
    house.ctl("pause", "flip")
    house.ctl("wait", "flip", "--for", "state=paused")
    house.ctl("resume", "flip")
    assert house.ask("wait", "flip")["state"] == "running"
    house.ctl("stop", "flip", "--yes")
    assert house.row("flip")["state"] == "stopped"
    house.ctl("start", "flip")
    house.ctl("wait", "flip", "--timeout", "20s")
    house.ctl("restart", "flip")
    house.ctl("wait", "flip", "--timeout", "20s")
    until(lambda: bool(house.row("flip")["orders"]), "orders")
    assert "would close" in house.ctl("close", "flip", "--dry-run")
    house.ctl("close", "flip", "--yes")
    assert "would pause flip" in house.ctl("flatten", "flip", "--dry-run")
    house.ctl("flatten", "flip", "--confirm", "flip")
    row = house.row("flip")
    assert row["state"] == "paused"
    assert abs(Decimal(row["position"])) < Decimal("0.001"), "only dust"
    house.ctl("wait", "flop", "--for", "state=running,paused")


def test_mistakes_have_their_exit_codes_and_remedies(house: House) -> None:
    """Usage 2, no daemon 3, not found 5 with the name that was meant, refused 6, too late 7, a part 8."""
    assert "--yes" in house.refused(2, "stop", "flip")
    assert "--confirm flip" in house.refused(2, "flatten", "flip")
    assert "flatten what" in house.refused(2, "flatten")
    assert "did you mean flip?" in house.refused(5, "pause", "flipp")
    assert "flipp" in house.refused(5, "bots", "show", "flipp")
    assert "orders" in house.refused(5, "cancel", "no-such-order", "--yes")
    assert "after 0.2 s" in house.refused(7, "wait", "rest", "--for", "state=stopped", "--timeout", "200ms")
    house.ctl("stop", "calm", "--yes")
    assert "algobot ctl start calm" in house.refused(6, "pause", "calm")
    assert "1 of 2 done" in house.refused(8, "restart", "calm", "nobody")
    done = house.run("ctl", "bots", "show", "nobody", "--json")
    told = json.loads(done.stderr)
    assert (done.returncode, told["code"]) == (5, "not_found")
    assert told["hint"]


def test_bots_come_and_go_at_run_time(house: House) -> None:
    """Added stopped, started, refused while it runs or holds, removed; live wants its name typed."""
    words = ["bots", "add", "guest", "--strategy", "flipper", "--symbol", "ETH/USDT", "--account", "demo"]
    assert "would add" in house.ctl(*words, "--dry-run")
    house.ctl(*words, "--no-start", "--param", "every=4")
    assert house.row("guest")["state"] == "created"
    house.ctl("start", "guest")
    house.ctl("wait", "guest", "--timeout", "20s")
    assert "stop it first" in house.refused(6, "bots", "remove", "guest", "--yes")
    house.ctl("stop", "guest", "--flatten", "--confirm", "guest")
    house.ctl("bots", "remove", "guest", "--yes")
    assert "guest" not in house.states()
    words[2] = "rich"
    assert "simulated money" in house.refused(2, *words, "--mode", "live")
    house.ctl(*words, "--mode", "live", "--confirm", "rich", "--no-start")
    house.ctl("bots", "remove", "rich", "--yes")
    words[4] = "fliper"
    assert "flipper" in house.refused(2, *words)


def test_a_single_order_is_canceled(house: House) -> None:
    """By its id, at the venue."""
    [order] = house.ask("orders", "rest", "--open")["orders"]
    assert order["client_order_id"] in house.at_venue()
    assert "canceled" in house.ctl("cancel", order["client_order_id"], "--yes")
    assert order["client_order_id"] not in house.at_venue()


def test_a_reload_is_all_or_nothing_by_verb_and_by_signal(house: House) -> None:
    """A good file is applied with its words; a bad one is refused with its line and changes nothing."""
    before = house.stage.config.read_text()
    extra = a_bot("extra", "patient", "ETH/USDT", "paper", "params = { every = 1000000 }")  # it never holds
    try:
        house.stage.config.write_text(before + extra)
        assert "would be added: extra" in house.ctl("reload", "--dry-run")
        assert house.ask("reload")["added"] == ["extra"]
        house.ctl("wait", "extra", "--timeout", "20s")
        house.stage.config.write_text(before + extra.replace("patient", "patent"))
        assert "patent" in house.refused(2, "reload")
        _signal(house, signal.SIGHUP)
        until(lambda: "config.refused" in house.ctl("logs", "-p", "error"), "the refusal in the log")
        assert house.states()["extra"] == "running"
        house.stage.config.write_text(before)
        _signal(house, signal.SIGHUP)
        until(lambda: "extra" not in house.states(), "the reload by signal")
    finally:
        house.stage.config.write_text(before)


def test_a_drift_is_seen_and_accepted(house: House) -> None:
    """Money that came from elsewhere closes the gate until a person says what it is."""
    post(house.stage, "/sim/deposit", {"account": house.stage.key, "asset": "ETH", "amount": "1"})
    until(lambda: house.run("ctl", "reconcile").returncode == 8, "the drift")
    done = house.run("ctl", "reconcile", "--json")
    told = json.loads(done.stdout)
    assert [row["currency"] for row in told["positions"] if Decimal(row["drift"])] == ["ETH"]
    assert "reason" in house.refused(2, "reconcile", "accept", "demo", "--yes")
    house.ctl("reconcile", "accept", "demo", "--reason", "a gift", "--yes")
    assert house.ask("reconcile", "--account", "demo")["ok"] is True


def test_the_kill_switch_of_a_healthy_daemon(house: House) -> None:
    """Gate confirmed closed, nothing open, exit 0; nothing trades until it is cleared with a reason."""
    code, told = house.kill("--reason", "fire drill")
    assert (code, told["daemon"], told["safe"], told["orders_left"]) == (0, "confirmed", True, [])
    assert house.halted()
    assert set(house.states().values()) == {"halted"}
    assert "fire drill" in house.ctl("status")
    assert "--reason" in house.refused(2, "unhalt", "--yes")
    house.ctl("unhalt", "--reason", "drill over", "--yes")
    assert not house.halted()
    house.ctl("wait", "flip", "--timeout", "20s")


def test_the_kill_switch_by_ctl_for_one_bot(house: House) -> None:
    """Only it is halted; flatten also closes what it holds, and wants the name."""
    assert house.ask("kill", "--mode", "halt", "--bot", "flop", "--reason", "odd")["gate_closed"] is True
    states = house.states()
    assert (states["flop"], states["flip"]) == ("halted", "running")
    house.ctl("unhalt", "--bot", "flop", "--reason", "fine again", "--yes")
    assert "--confirm flat" in house.refused(2, "kill", "--mode", "flatten", "--bot", "flat")
    house.ctl("kill", "--mode", "flatten", "--bot", "flat", "--confirm", "flat")
    assert abs(Decimal(house.row("flat")["position"])) < Decimal("0.001")
    house.ctl("unhalt", "--bot", "flat", "--reason", "fine again", "--yes")


@pytest.mark.parametrize("way", ["touch", "SIGUSR1"])
def test_the_latch_without_any_client(house: House, way: str) -> None:
    """A file touched by hand, or a signal: all halts."""
    if way == "touch":
        (house.stage.state / "HALT").touch(mode=0o600)
    else:
        _signal(house, signal.SIGUSR1)
    until(lambda: set(house.states().values()) == {"halted"}, "all bots halted")
    assert house.halted()


def test_the_kill_switch_of_a_wedged_daemon(house: House) -> None:
    """The guard ends it and proves by the venue that nothing rests: SAFE; the daemon comes back halted."""
    assert house.stage.daemon is not None
    _signal(house, signal.SIGSTOP)
    begun = time.monotonic()
    code, told = house.kill("--reason", "it hangs")
    took_s = time.monotonic() - begun
    assert (code, told["latched"], told["gate_closed"], told["safe"]) == (0, True, True, True)
    assert took_s < 30
    assert house.stage.daemon.wait(10) == -signal.SIGKILL
    assert house.at_venue() == []
    house.up()
    until(lambda: {"halted"} <= set(house.states().values()) <= {"halted", "stopped"}, "all bots halted")
    assert "it hangs" in house.ctl("status")


def test_after_a_crash_each_bot_does_what_its_policy_says(house: House) -> None:
    """resume trades on, hold keeps and opens nothing, flatten closes, stopped stays down; paused stays paused."""
    house.stage.kill_daemon()
    assert "algobot daemon" in house.refused(3, "status")
    house.up()
    states = house.states()
    assert (states["flip"], states["flop"], states["once"]) == ("running", "paused", "stopped")
    until(lambda: abs(Decimal(house.row("flat")["position"])) < Decimal("0.001"), "the position closed")
    assert house.states()["flat"] == "paused"
    assert "hold" in house.row("flop")["reason"]
    assert house.ask("reconcile")["ok"] is True


def test_the_kill_switch_of_a_dead_daemon_holds_over_its_restart(house: House) -> None:
    """The guard proves that nothing rests: SAFE; the daemon comes back halted and stays so."""
    house.stage.kill_daemon()
    code, told = house.kill("--reason", "it is dead")
    assert (code, told["latched"], told["daemon"], told["orders_left"]) == (0, True, "unreachable", [])
    assert house.at_venue() == []
    house.up()
    orders = sum(row["orders"] for row in house.ask("bots", "list")["bots"])
    seen = house.ask("status")["now_ns"]
    until(lambda: house.ask("status")["now_ns"] - seen > 1e9, "five bars")
    rows = house.ask("bots", "list")["bots"]
    assert sum(row["orders"] for row in rows) == orders, "it traded while halted"
    assert {row["state"] for row in rows} <= {"halted", "stopped"}
    house.ctl("unhalt", "--reason", "repaired", "--yes")
    house.ctl("wait", "flip", "--timeout", "20s")


def test_a_stop_leaves_resting_orders_or_cancels_them_as_configured(house: House) -> None:
    """on_stop = "leave" by default; after a reload with "cancel" nothing of ours is left."""
    words = ["bots", "add", "late", "--strategy", "patient", "--symbol", "ETH/USDT", "--account", "demo"]
    house.ctl(*words, "--mode", "live", "--confirm", "late")
    until(lambda: bool(house.ask("orders", "late", "--open")["orders"]), "its order")
    until(lambda: house.ask("orders", "late", "--open")["orders"][0]["status"] == "open", "its order at the venue")
    [order] = house.ask("orders", "late", "--open")["orders"]
    assert house.stage.stop_daemon() == 0
    assert order["client_order_id"] in house.at_venue()
    house.up()
    house.ctl("wait", "late", "--timeout", "20s")
    assert [one["client_order_id"] for one in house.ask("orders", "late", "--open")["orders"]] == [
        order["client_order_id"]
    ]
    config = house.stage.config.read_text()
    house.stage.config.write_text(config.replace("[daemon]", '[daemon]\non_stop = "cancel"'))
    house.ctl("reload")
    assert house.stage.stop_daemon() == 0
    assert house.at_venue() == []


def _signal(house: House, number: signal.Signals) -> None:
    assert house.stage.daemon is not None
    os.kill(house.stage.daemon.pid, number)


def _line_of(descriptor: int, timeout_s: float = 20.0) -> bytes:
    """Return the next line that can be read there."""
    seen, deadline = b"", time.monotonic() + timeout_s
    while b"\n" not in seen:
        assert time.monotonic() < deadline, f"no line within {timeout_s:g} s: {seen!r}"
        if select.select([descriptor], [], [], 0.5)[0]:
            seen += os.read(descriptor, 65536)
    return seen.splitlines()[0]
