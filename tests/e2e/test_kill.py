"""`kill -9` at any moment: no fill lost, no order doubled, the bots go on from their checkpoints."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from algobot.cli.stage import Stage, a_stage
from algobot.model import BotId, BotState
from algobot.protocol.requests import Bots, Done, ListBots, PauseBot, ResumeBot
from tests.e2e.equality import settled_differences
from tests.e2e.venue import post
from tests.e2e.waiting import come_to_rest, until

pytestmark = pytest.mark.e2e

BOTS = 10
SEED = 20261120
UNLIMITED = ("--order-limit", "1000000", "--weight-limit", "1000000")  # the limits are not what is tried here


def ten_bots() -> str:
    """Return ten live bots on two symbols that trade on nearly every bar."""
    tables = []
    for number in range(BOTS):
        symbol = ("BTC/USDT", "ETH/USDT")[number % 2]
        params = f"{{ fast = 1, slow = {2 + number % 4} }}"
        tables.append(
            f'[bots.bot-{number}]\nstrategy = "ma_crossover"\nsymbol = "{symbol}"\naccount = "demo"\n'
            f'mode = "live"\ncapital = "5000"\nposition_fraction = 0.5\nparams = {params}\n'
        )
    return "\n".join(tables)


def make_slow(stage: Stage) -> None:
    """Let orders take their time and now and then lose an answer, so that a kill finds them in every stage."""
    for where, fault, probability in (
        ("request", {"type": "latency", "ms": 80, "jitter_ms": 120}, 0.5),
        ("engine", {"type": "latency", "ms": 40, "jitter_ms": 80}, 0.3),
        ("reply", {"type": "latency", "ms": 80, "jitter_ms": 120}, 0.5),
        ("reply", {"type": "drop"}, 0.02),
    ):
        rule = {"where": where, "match": "POST /api/v3/order", "count": 0, "probability": probability, "fault": fault}
        post(stage, "/sim/faults", rule)


def undecided(database: Path) -> int:
    """Return how many orders of a dead daemon had no answer yet."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM orders WHERE paper = 0 AND status IN ('intent', 'unknown', 'pending_cancel')"
        return int(connection.execute(query).fetchone()[0])


def go_on(stage: Stage) -> None:
    """Let all bots trade again."""
    for row in stage.ask(ListBots(), Bots).bots:
        stage.ask(ResumeBot(bot_id=row.bot_id), Done)


def test_killed_at_random_moments_the_ledger_equals_the_venue(rounds: int) -> None:
    """After each SIGKILL and recovery orders, fills and balances are those of the venue's own log."""
    moments = random.Random(SEED)
    recoveries, in_flight = [], 0
    with a_stage() as stage:
        stage.start_venue(
            ["--symbols", "BTC/USDT,ETH/USDT", "--speed", "300", "--seed", str(SEED), "--history", "300", *UNLIMITED],
            balances="USDT=1000000,BTC=10,ETH=100",
        )
        make_slow(stage)
        stage.write_config(ten_bots())
        stage.start_daemon()
        stage.wait_ready()
        database = next(stage.state.glob("*.db"))
        before = 0
        for number in range(rounds):
            time.sleep(moments.uniform(0.2, 2.5))  # not to synchronise: the moment of the crash is the experiment
            stage.kill_daemon()
            in_flight += undecided(database) > 0
            begun = time.monotonic()
            stage.start_daemon()
            stage.wait_ready()
            recoveries.append(time.monotonic() - begun)
            come_to_rest(stage)
            wrong = settled_differences(database, stage.truth, account=stage.key)
            assert not wrong, "\n".join([f"seed {SEED}, round {number}", *wrong])
            rows = stage.ask(ListBots(), Bots).bots
            fills = sum(row.fills for row in rows)
            assert fills >= before, "a recovery forgot fills"
            before = fills
            go_on(stage)
            until(lambda: all(row.state is BotState.RUNNING for row in stage.ask(ListBots(), Bots).bots), "running")
        assert before > rounds, "the bots did not trade: nothing was tried"
        assert stage.stop_daemon() == 0
        log = (stage.directory / "daemon.log").read_text()
        assert log.count("bot.restored") == rounds * BOTS, "bots did not resume from their checkpoints"
    recoveries.sort()
    print(
        f"\n{rounds} kills (seed {SEED}), {in_flight} of them with orders in flight, {before} fills: ledger equal to "
        f"the venue each time; recovery {recoveries[rounds // 2]:.1f} s median, {recoveries[-1]:.1f} s at most"
    )


def test_a_paused_bot_stays_paused_over_a_crash() -> None:
    """What a person asked for survives `kill -9`."""
    with a_stage() as stage:
        stage.start_venue(
            ["--symbols", "BTC/USDT,ETH/USDT", "--speed", "300", "--history", "300", *UNLIMITED],
            balances="USDT=100000,BTC=1,ETH=9",
        )
        stage.write_config(ten_bots())
        stage.start_daemon()
        stage.wait_ready()
        stage.ask(PauseBot(bot_id=BotId("bot-3")), Done)
        stage.kill_daemon()
        stage.start_daemon()
        stage.wait_ready()
        states = {row.bot_id: row.state for row in stage.ask(ListBots(), Bots).bots}
        assert states[BotId("bot-3")] is BotState.PAUSED
        assert states[BotId("bot-4")] is not BotState.PAUSED
