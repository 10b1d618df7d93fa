"""Every way to stop × every way a daemon can be ill: is the gate closed in time, and is what says SAFE safe?

Ground truth is the venue's log. The gate is closed in time when the venue took none of our orders after it should
have been, and the guard said so in time; SAFE is true when the log shows none of ours open. A person's own order on
the same account is there all the time and must stay. The first cell of each state is played before any second one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

from algobot import latch
from algobot.errors import AlgobotError
from tests.campaign.hangable import BLOCK, HOLD, SPIN
from tests.campaign.summary import Summary
from tests.campaign.trading import House, a_house
from tests.e2e.venue import post

HEALTHY_MS, ILL_MS, SAFE_S, SETTLE_S = 100.0, 1000.0, 15.0, 60.0
FROZEN = ("stopped", "blocked", "holding", "busy")  # nothing of Python runs in its loop
Ill = Callable[[House], AbstractContextManager[None]]


# --- how the daemon is ill -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _healthy(house: House) -> Iterator[None]:
    yield


def _signaled(number: int) -> Ill:
    @contextlib.contextmanager
    def ill(house: House) -> Iterator[None]:
        os.kill(house.pid, number)
        time.sleep(0.1)
        yield

    return ill


@contextlib.contextmanager
def _socket_removed(house: House) -> Iterator[None]:
    house.stage.socket.unlink()
    yield
    house.stage.kill_daemon()  # nobody can reach it any more: the next round starts it anew


@contextlib.contextmanager
def _locked(house: House) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(next(house.stage.state.glob("*.db")), isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


@contextlib.contextmanager
def _disk_full(house: House) -> Iterator[None]:
    prlimit(house.pid, RLIMIT_FSIZE, (0, RLIM_INFINITY))
    yield
    with contextlib.suppress(ProcessLookupError):
        prlimit(house.pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))


@contextlib.contextmanager
def _guard_killed(house: House) -> Iterator[None]:
    os.kill(int(house.guard()["pid"]), signal.SIGKILL)
    yield


STATES: dict[str, Ill] = {
    "healthy": _healthy,
    "stopped": _signaled(signal.SIGSTOP),
    "blocked": _signaled(BLOCK),
    "holding": _signaled(HOLD),
    "busy": _signaled(SPIN),
    "socketless": _socket_removed,
    "locked": _locked,
    "full": _disk_full,
    "guardless": _guard_killed,
}


# --- how it is stopped -----------------------------------------------------------------------------------------------


def _kill(house: House) -> int:
    return _said(house, "kill", "--reason", "campaign")


def _ctl(house: House) -> int:
    return _said(house, "ctl", "kill", "--reason", "campaign")


def _said(house: House, *words: str) -> int:
    """Run a command until the latch is there and return when that was; its verdict is judged at the end."""
    house.commands.append(house.run(*words))
    return _latched_ns(house)


def _touch(house: House) -> int:
    now_ns = time.time_ns()
    (house.stage.state / "HALT").touch()
    return now_ns


def _usr1_daemon(house: House) -> int:
    now_ns = time.time_ns()
    os.kill(house.pid, signal.SIGUSR1)
    return now_ns


def _usr1_guard(house: House) -> int:
    pid = int(house.guard()["pid"])
    now_ns = time.time_ns()
    os.kill(pid, signal.SIGUSR1)
    return now_ns


PATHS: dict[str, Callable[[House], int]] = {
    "kill": _kill,
    "touch": _touch,
    "ctl": _ctl,
    "usr1-guard": _usr1_guard,
    "usr1-daemon": _usr1_daemon,
}


def _latched_ns(house: House) -> int:
    file = house.stage.state / "HALT"
    house.wait(file.exists, "the latch", 20.0)
    house.wait(lambda: bool(latch.read(house.stage.state)[0].reason), "the latch filled", 5.0)
    return latch.read(house.stage.state)[0].since_ns


def cells(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (path, state) for ever: all of them in each turn, healthy twice as often, never what cannot be."""
    while True:
        turn = [(path, state) for path in PATHS for state in (*STATES, "healthy") if _possible(path, state)]
        rng.shuffle(turn)
        ranks = [sum(state == before for _, before in turn[:at]) for at, (_, state) in enumerate(turn)]
        yield from (turn[at] for at in sorted(range(len(turn)), key=ranks.__getitem__))


def _possible(path: str, state: str) -> bool:
    """A dead guard takes no signal, and a signal cannot wake a loop that does not turn: the guard's patience does."""
    return not (path == "usr1-guard" and state == "guardless") and not (path == "usr1-daemon" and state in FROZEN)


# --- a round ---------------------------------------------------------------------------------------------------------


class Figures:
    """What was measured, by group."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        """Keep one."""
        self.values.setdefault(name, []).append(value)

    def told(self) -> dict[str, float]:
        """Return p99 (the largest of fewer than a hundred) and the middle of each."""
        found = {}
        for name, values in self.values.items():
            ordered = sorted(values)
            found[f"{name}_p99"] = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            found[f"{name}_p50"] = ordered[len(ordered) // 2]
        return found


def play(house: House, path: str, state: str, summary: Summary, figures: Figures) -> None:
    """Play one cell and judge it."""
    house.up()
    house.commands.clear()
    cell = f"{path} × {state}"
    with STATES[state](house):
        at_ns = PATHS[path](house)
        report = house.settled(SETTLE_S)
        verdicts = [_verdict(command) for command in house.commands]
    late = [order.accepted_ms - at_ns / 1e6 for order in house.since(at_ns / 1e6)]
    taken_ms = max(late, default=0.0)
    told_ms = (report.get("closed_ns", 0) - at_ns) / 1e6 if state != "guardless" else taken_ms
    limit_ms = HEALTHY_MS if state == "healthy" else ILL_MS
    group = "healthy" if state == "healthy" else "ill"
    figures.add(f"gate_{group}_ms", round(taken_ms, 1))  # the venue took nothing later
    figures.add(f"confirmed_{group}_ms", round(told_ms, 1))  # somebody knows it
    figures.add(f"confirmed_{state}_ms", round(told_ms, 1))
    figures.add("safe_s", float(report.get("took_s", 0.0)))
    summary.count("rounds")
    summary.count(f"path_{path}")
    summary.count(f"state_{state}")
    summary.expect(taken_ms <= limit_ms, f"{cell}: the venue took an order {taken_ms:.0f} ms after the stop")
    summary.expect(
        0 < told_ms <= ILL_MS or state == "guardless", f"{cell}: gate closed after {told_ms:.0f} ms: {report}"
    )
    summary.expect(report.get("state") == "safe", f"{cell}: not safe in {SETTLE_S:g} s: {report}")
    left = house.ours_open()
    summary.expect(not left, f"{cell}: the guard said safe, the venue's log has open {left}")
    summary.expect(house.person_left_alone(), f"{cell}: a foreign order was touched")
    for code, words in verdicts:
        summary.expect(code == 0, f"{cell}: the command ended with {code}: {words}")
    print(
        f"{summary.counts['rounds']:>4} {cell:<26} gate {taken_ms:4.0f} ms, confirmed {told_ms:4.0f} ms,",
        f" safe {report.get('took_s')} s",
        flush=True,
    )


def _verdict(command: object) -> tuple[int, str]:
    from subprocess import Popen

    assert isinstance(command, Popen)
    out, err = command.communicate(timeout=SETTLE_S)
    return command.returncode, f"{out[-400:]}{err[-200:]}"


# --- what is not a cell ----------------------------------------------------------------------------------------------


def two_hundred(house: House, summary: Summary, figures: Figures) -> None:
    """200 of our orders rest on two accounts, each call takes 50 ms, and the daemon is stopped for good."""
    house.up()
    os.kill(house.pid, signal.SIGSTOP)
    for number in range(100):
        for key in house.secrets:
            house.place(key, f"abmain-campai00-000000-{number:03d}{len(summary.violations)}")
    for where in ("request", "reply"):
        rule = {"where": where, "match": "*", "count": 0, "fault": {"type": "latency", "ms": 25}}
        post(house.stage, "/sim/faults", rule)
    open_before = len(house.ours_open())
    began = time.monotonic()
    command = house.run("kill", "--reason", "two hundred")
    code, words = _verdict(command)
    took_s = round(time.monotonic() - began, 2)
    figures.add("safe_200_orders_s", took_s)
    summary.count("two_hundred")
    summary.expect(open_before >= 200, f"200 orders: only {open_before} were open")
    summary.expect(code == 0 and took_s <= SAFE_S, f"200 orders: ended with {code} after {took_s} s: {words}")
    summary.expect(not house.ours_open(), f"200 orders: left {house.ours_open()}")
    summary.expect(house.person_left_alone(), "200 orders: a foreign order was touched")
    clearing = urllib.request.Request(house.stage.url + "/sim/faults", method="DELETE")
    with urllib.request.urlopen(clearing, timeout=30) as answer:
        summary.expect(answer.status == 200, "200 orders: the faults could not be lifted")
    print(f"     200 orders at 50 ms: safe after {took_s} s", flush=True)


def watchdog(house: House, summary: Summary, figures: Figures) -> None:
    """Nobody presses anything: a loop that answers no more is found, ended, and its orders are canceled."""
    house.stage.kill_daemon()
    _end_guard(house)
    house.up({"ALGOBOT__DAEMON__GUARD_PATIENCE_S": "2"})
    at_ns = time.time_ns()
    os.kill(house.pid, HOLD)
    closed_ns = _latched_ns(house)
    report = house.settled(SETTLE_S)
    figures.add("watchdog_noticed_s", round((closed_ns - at_ns) / 1e9, 2))
    summary.count("watchdog")
    summary.expect(report.get("state") == "safe", f"watchdog: {report}")
    summary.expect(not house.ours_open(), f"watchdog: left {house.ours_open()}")
    _end_guard(house)


def restarts(house: House, summary: Summary, times: int) -> None:
    """The latch holds over restarts, after SIGKILL and after a clean stop: not one order goes out."""
    house.up()
    (house.stage.state / "HALT").touch()
    house.settled(SETTLE_S)
    from_ms = time.time_ns() / 1e6
    for number in range(times):
        if number % 2:
            house.stage.stop_daemon()
        else:
            house.stage.kill_daemon()
        house.stage.start_daemon()
        house.stage.wait_ready()
        halts = house.status().halts
        summary.expect(len(halts) == 1 and halts[0].scope == "all", f"restart {number}: halts are {halts}")
        summary.count("restarts_halted")
    taken = house.since(from_ms)
    summary.expect(not taken, f"restarts: {len(taken)} orders went out while halted")


def losses(house: House, summary: Summary) -> None:
    """An account that lost its limit is halted; the other one trades on."""
    house.stage.kill_daemon()
    _end_guard(house)
    house.up({"ALGOBOT__ACCOUNTS__SECOND__MAX_DAILY_LOSS": "1"})
    house.wait((house.stage.state / "HALT.account.second").exists, "a loss of 1", 120.0)
    at_ms = time.time_ns() / 1e6
    report = house.settled(SETTLE_S)
    summary.count("losses")
    taken = house.since(at_ms + ILL_MS)
    summary.expect(report.get("state") == "safe", f"losses: {report}")
    summary.expect(not [order for order in taken if order.account == house.key2], "losses: the account trades on")
    summary.expect(any(order.account != house.key2 for order in taken), "losses: the other account was stopped, too")
    house.stage.kill_daemon()
    _end_guard(house)


def _end_guard(house: House) -> None:
    """End a guard that was started with another configuration."""
    with contextlib.suppress(AlgobotError, ProcessLookupError):
        os.kill(int(house.guard()["pid"]), signal.SIGTERM)
        time.sleep(0.3)


def main(words: list[str]) -> Summary:
    """Play `--rounds` cells, then the rest once; `--only` plays the cells alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign killswitch", description=__doc__)
    parser.add_argument("--rounds", type=int, default=45)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--only", action="store_true", help="No 200 orders, no watchdog, no restarts, no losses.")
    chosen = parser.parse_args(words)
    summary, figures = Summary("killswitch", chosen.seed), Figures()
    order = cells(random.Random(chosen.seed))
    with a_house(chosen.seed) as house:
        for _ in range(chosen.rounds):
            path, state = next(order)
            try:
                play(house, path, state, summary, figures)
            except (AssertionError, AlgobotError) as error:
                summary.violations.append(f"{path} × {state}: {error}")
                print(f"     {path} × {state}: {error}", flush=True)
                house.stage.kill_daemon()
        if not chosen.only:
            two_hundred(house, summary, figures)
            watchdog(house, summary, figures)
            losses(house, summary)
            restarts(house, summary, chosen.restarts)
    summary.figures = figures.told()
    print(json.dumps(summary.figures, indent=2))
    return summary
