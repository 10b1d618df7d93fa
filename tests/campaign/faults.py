"""`faults`: every fault meets every operation, on the real daemon and the simulator in processes of their own.

A cell is one fault during one operation. Several live bots trade; the fault is put in force, the operation is made to
happen, the fault is lifted. Then, within 30 s: the ledger equals the venue's own log (EQ: no order doubled, no fill
lost, balances equal), the daemon's own comparison says so too, the account takes orders, no bot is halted; and nobody
asked while the venue had told us to wait.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from algobot.cli.stage import Stage, a_stage
from algobot.errors import AlgobotError
from algobot.model import BotState
from algobot.protocol.requests import (
    Bots,
    CancelOrder,
    Done,
    ListBots,
    ListOrders,
    Orders,
    PauseBot,
    Reconcile,
    Reconciled,
    ResumeBot,
)
from algobot.protocol.rows import BotRow
from algobot.simulator import truth
from tests.campaign.matrix import FAULTS, OPERATIONS, NotApplicable, Rules
from tests.campaign.summary import Summary
from tests.e2e.equality import differences
from tests.e2e.venue import post
from tests.e2e.waiting import status

QUIET_S: Final = 30.0  # within which everything is right again
BAN_GRACE_MS: Final = 400  # what was under way when the venue's answer left is nobody's fault
UNDER_FAULT_S: Final = 3.0
START_S: Final = 120.0  # of a process: imports and kernels on a busy machine, which no fault prolongs
RECOVERING_S: Final = 15.0  # a new process should have met the fault by then
TRIES: Final = 4  # until the fault has struck
GIVEN_UP: Final = frozenset({BotState.FAULTED, BotState.QUARANTINED, BotState.HALTED})
UNLIMITED: Final = ("--order-limit", "1000000", "--weight-limit", "1000000")  # limits are a fault of their own here


class Cell(NamedTuple):
    """One fault during one operation, with its seed."""

    fault: str
    operation: str
    seed: int

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return f"{self.fault}/{self.operation}"


class Outcome(NamedTuple):
    """What came of a cell: "ok", "violation" or "not applicable", why, and how long it took to be right again."""

    cell: Cell
    verdict: str
    told: list[str]
    quiet_s: float = 0.0
    struck: int = 0


def main(words: list[str]) -> Summary:
    """Play the matrix, telling each cell as it is done."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="seeds of each cell")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT/OPERATION", help="* is any; repeatable")
    options = parser.parse_args(words)
    summary, outcomes = Summary("faults", options.seed), []
    for seed in range(options.seed, options.seed + options.rounds):
        for outcome in play_round(seed, options.only):
            outcomes.append(outcome)
            print(line_of(outcome), flush=True)
            add_up(summary, outcome)
    print(table_of(outcomes))
    summary.expect(summary.counts.get("ok", 0) > 0, "nothing was tried")
    return summary


def add_up(summary: Summary, outcome: Outcome) -> None:
    """Count one cell."""
    summary.count(outcome.verdict.replace(" ", "_"))
    summary.count("faults_struck", outcome.struck)
    if outcome.verdict == "violation":
        summary.expect(False, f"{outcome.cell.name} seed {outcome.cell.seed}: {outcome.told[0]}")
    summary.figures["quiet_s_max"] = max(summary.figures.get("quiet_s_max", 0.0), round(outcome.quiet_s, 1))


def play_round(seed: int, only: Sequence[str] = ()) -> Iterator[Outcome]:
    """Play the cells of one seed, all on one stage; after a violation on a fresh one."""
    todo = [Cell(fault, operation, seed) for fault in FAULTS for operation in OPERATIONS]
    todo = [cell for cell in todo if not only or any(matches(cell, one) for one in only)]
    while todo:
        with a_market(seed) as stage:
            while todo:
                outcome = play(stage, todo.pop(0))
                yield outcome
                if outcome.verdict == "violation" or outcome.cell.name == "delisted/restart":
                    break  # its bots wait for a person


def matches(cell: Cell, wanted: str) -> bool:
    """Return whether FAULT/OPERATION, either of them possibly *, means this cell."""
    fault, _, operation = wanted.partition("/")
    return fault in ("*", cell.fault) and operation in ("", "*", cell.operation)


@contextlib.contextmanager
def a_market(seed: int) -> Iterator[Stage]:
    """Yield a venue and a daemon with four live bots: two that trade at market, two that rest limit orders."""
    with a_stage() as stage:
        arguments = ["--symbols", "BTC/USDT,ETH/USDT", "--speed", "300", "--seed", str(seed), "--history", "300"]
        stage.start_venue([*arguments, *UNLIMITED], balances="USDT=1000000,BTC=10,ETH=100")
        stage.write_config(bots())
        stage.start_daemon()
        stage.wait_ready()
        yield stage


def bots() -> str:
    """Return the bots' tables."""
    crossover = 'strategy = "ma_crossover"\nposition_fraction = 0.5\nparams = { fast = 1, slow = 2 }\n'
    grid = 'strategy = "grid"\nparams = { levels = 3, step_fraction = 0.0005, stop_fraction = 0, cooldown_bars = 0 }\n'
    tables = []
    for kind, body in (("market", crossover), ("limit", grid)):
        for symbol in ("BTC", "ETH"):
            common = f'symbol = "{symbol}/USDT"\naccount = "demo"\nmode = "live"\ncapital = "5000"\n'
            tables.append(f"[bots.{kind}-{symbol.lower()}]\n{body}{common}")
    return "\n".join(tables)


def play(stage: Stage, cell: Cell) -> Outcome:
    """Play one cell until its fault has struck, and judge it."""
    random = Random(f"{cell.seed}:{cell.name}")
    before = len(truth.read(stage.truth).broken_bans)
    struck, told, begun = 0, [], time.monotonic()
    try:
        for _ in range(TRIES):
            rules = FAULTS[cell.fault](cell.operation, random)
            struck = under_fault(stage, cell.operation, rules, random)
            if cell.operation == "restart":
                stage.wait_ready(START_S)
            begun = time.monotonic()
            told = judge(stage, begun + QUIET_S) + bans_broken(stage, before)
            if told or struck:
                break
    except NotApplicable as reason:
        return Outcome(cell, "not applicable", [str(reason)])
    except (AlgobotError, AssertionError, OSError) as error:
        told = [f"{type(error).__name__}: {error}"[:400], stage.tail("daemon.log", 5)]
    if not told and not struck:
        told = [f"the fault did not strike in {TRIES} tries: nothing was tried"]
    return Outcome(cell, "violation" if told else "ok", told, time.monotonic() - begun, struck)


def under_fault(stage: Stage, operation: str, rules: Rules, random: Random) -> int:
    """Let the bots trade and the operation happen while a fault is in force; returns how often it struck."""
    orders = len(truth.read(stage.truth).orders)
    resume(stage)
    for path, body in rules.begin:
        post(stage, path, body)
    try:
        operate(stage, operation, random)
    finally:
        struck = lift(stage)
        for path, body in rules.end:
            post(stage, path, body)
    placed = len(truth.read(stage.truth).orders) - orders
    return struck if any(path in ("/sim/faults", "/sim/maintenance") for path, _ in rules.begin) else placed


def operate(stage: Stage, operation: str, random: Random) -> None:
    """Make the operation happen while the fault is in force."""
    match operation:
        case "restart":
            time.sleep(random.uniform(0.2, 1.0))  # the moment of the crash is the experiment
            stage.kill_daemon()
            stage.start_daemon()
            deadline = time.monotonic() + RECOVERING_S
            while not strikes(stage) and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(UNDER_FAULT_S)
        case "reconnect":
            for match in ("user:*", "*@*", "user:*"):
                post(stage, "/sim/connections", {"act": "cut", "match": match, "mid_frame": random.random() < 0.5})
                time.sleep(UNDER_FAULT_S / 3)
        case "reconcile":
            time.sleep(UNDER_FAULT_S / 3)
            stage.ask(Reconcile(), Reconciled, timeout_s=60.0)  # it may fail; afterwards it may not
        case "cancel":
            for _ in range(6):
                time.sleep(UNDER_FAULT_S / 6)
                for order in stage.ask(ListOrders(open_only=True), Orders).orders:
                    with contextlib.suppress(AlgobotError):  # it ended meanwhile, or the fault strikes
                        stage.ask(CancelOrder(client_order_id=order.client_order_id), Done, timeout_s=60.0)
        case "fill":
            for _ in range(2):
                time.sleep(UNDER_FAULT_S / 2)
                stage.ask(Reconcile(), Reconciled, timeout_s=60.0)  # the trades are read as well as told
        case "market_data":
            post(stage, "/sim/connections", {"act": "cut", "match": "btcusdt@*"})
            time.sleep(UNDER_FAULT_S)
        case _:
            time.sleep(UNDER_FAULT_S)


def resume(stage: Stage) -> None:
    """Let all bots trade."""
    for row in stage.ask(ListBots(), Bots).bots:
        if row.state is not BotState.RUNNING:
            stage.ask(ResumeBot(bot_id=row.bot_id), Done)


def lift(stage: Stage) -> int:
    """Lift every rule; returns how often they struck."""
    struck = strikes(stage)
    request = urllib.request.Request(stage.url + "/sim/faults", method="DELETE")
    with urllib.request.urlopen(request, timeout=10):
        return struck


def strikes(stage: Stage) -> int:
    """Return how often the rules in force have struck."""
    with urllib.request.urlopen(stage.url + "/sim/faults", timeout=10) as answer:
        return sum(int(row["struck"]) for row in json.load(answer))


def judge(stage: Stage, deadline: float) -> list[str]:
    """Return what is still wrong when the time is up; [] as soon as nothing is."""
    database = next(stage.state.glob("*.db"))
    while True:
        told = wrongs(stage, database)
        if not told or time.monotonic() > deadline:
            return told
        time.sleep(0.25)


def wrongs(stage: Stage, database: Path) -> list[str]:
    """Return what is wrong now: the account, the bots, the ledger, the daemon's own comparison."""
    rows = stage.ask(ListBots(), Bots).bots
    for row in rows:
        if row.state is BotState.RUNNING:
            stage.ask(PauseBot(bot_id=row.bot_id), Done)
    accounts = status(stage).accounts
    told = [f"account {row.account_id} is {row.state}: {row.reason}" for row in accounts if row.state != "ready"]
    told += [f"bot {row.bot_id} is {row.state.value}: {row.reason}" for row in rows if given_up(row)]
    told += [f"{row.orders_in_flight} orders in flight" for row in accounts if row.orders_in_flight]
    if told:
        return told
    try:
        told = differences(database, stage.truth, account=stage.key)
    except sqlite3.Error as error:
        return [f"the database cannot be read: {error}"]
    if told:
        return told
    outcome = stage.ask(Reconcile(), Reconciled, timeout_s=60.0)
    return [] if outcome.ok else [f"reconcile: {'; '.join(outcome.notes)}"]


def given_up(row: BotRow) -> bool:
    """Return whether a bot stopped for another reason than that its symbol was not listed when it started."""
    return row.state in GIVEN_UP and "is not traded here" not in row.reason


def bans_broken(stage: Stage, before: int) -> list[str]:
    """Return the requests that came although the venue had told us to wait."""
    new = truth.read(stage.truth).broken_bans[before:]
    return [
        f"{one.request} {one.ms - one.since_ms} ms into a ban" for one in new if one.ms - one.since_ms > BAN_GRACE_MS
    ]


def line_of(outcome: Outcome) -> str:
    """Return one cell as a line, with all that is wrong."""
    head = f"{outcome.cell.name} seed {outcome.cell.seed}: {outcome.verdict}"
    if outcome.verdict == "ok":
        return f"{head}, right after {outcome.quiet_s:.1f} s, the fault struck {outcome.struck} times"
    return "\n    ".join([head, *outcome.told[:8]])


def table_of(outcomes: list[Outcome]) -> str:
    """Return faults by operations: how many seeds were right, or why the cell is empty."""
    lines = ["", "| fault | " + " | ".join(OPERATIONS) + " |", "|---" * (1 + len(OPERATIONS)) + "|"]
    for fault in FAULTS:
        row = []
        for operation in OPERATIONS:
            found = [one for one in outcomes if (one.cell.fault, one.cell.operation) == (fault, operation)]
            good = sum(one.verdict == "ok" for one in found)
            empty = bool(found) and found[0].verdict == "not applicable"
            row.append("–" if empty else f"{good}/{len(found)}" if found else "")
        if any(row):
            lines.append(f"| {fault} | " + " | ".join(row) + " |")
    reasons = sorted({f"{one.cell.fault}: {one.told[0]}" for one in outcomes if one.verdict == "not applicable"})
    return "\n".join([*lines, *(["", "not applicable (–):", *reasons] if reasons else []), ""])
