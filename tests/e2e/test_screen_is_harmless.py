"""A screen that is suspended, slow or killed never disturbs the daemon."""

from __future__ import annotations

import os
import pty
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from algobot.cli.demo import BALANCES, BOTS
from algobot.cli.stage import Stage, a_stage
from algobot.line import Line
from algobot.protocol.requests import Bots, GetStatus, ListBots
from algobot.protocol.rows import Status
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


@contextmanager
def a_screen(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    """Run `algobot tui` on a terminal of its own, once it has drawn something."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "algobot", "tui", "--socket", str(stage.socket)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    screen = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        drawn = 0
        deadline = time.monotonic() + 30
        while drawn < 4000:
            assert time.monotonic() < deadline, "the screen drew nothing"
            drawn += len(os.read(ours, 65536))
        yield screen
    finally:
        screen.kill()
        screen.wait()
        os.close(ours)


def fills(stage: Stage) -> int:
    """Return how many fills the bots have."""
    return sum(row.fills for row in stage.ask(ListBots(), Bots).bots)


def answers_ms(stage: Stage, times: int = 40) -> list[float]:
    """Return how long the daemon took to answer each of some questions."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        stage.ask(GetStatus(), Status)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def test_screens_that_stop_or_die_cost_the_daemon_nothing() -> None:
    """With one screen frozen, one killed and one client that never reads, bots trade on and questions are answered."""
    with a_stage() as stage:
        stage.start_venue(["--symbols", "BTC/USDT,ETH/USDT", "--speed", "300", "--history", "600"], balances=BALANCES)
        stage.write_config(BOTS)
        stage.start_daemon()
        stage.wait_ready()
        alone = statistics.median(answers_ms(stage))
        with a_screen(stage) as frozen, a_screen(stage) as dying, closing(Line(str(stage.socket))) as deaf:
            deaf.ask("events.follow")
            frozen.send_signal(signal.SIGSTOP)
            dying.kill()
            before = fills(stage)
            until(lambda: fills(stage) >= before + 4, "the bots to trade on", timeout_s=40)
            beside = statistics.median(answers_ms(stage))
            status = stage.ask(GetStatus(), Status)
            frozen.send_signal(signal.SIGCONT)
        assert status.state == "ready"
        assert all(row.state.value == "running" for row in stage.ask(ListBots(), Bots).bots)
        assert all(row.restarts == 0 for row in stage.ask(ListBots(), Bots).bots)
        assert beside < max(20 * alone, 250), f"answers took {beside:.1f} ms beside a frozen screen, {alone:.1f} alone"
        assert stage.stop_daemon() == 0
