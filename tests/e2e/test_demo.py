"""The first thing a newcomer runs, as they run it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e


def test_the_headless_demo_trades_reconciles_and_prints_one_object() -> None:
    """Four bots trade, the ledger equals the venue, the exit code is 0, stdout is one JSON object."""
    command = [sys.executable, "-m", "algobot", "demo", "--headless", "--seconds", "12", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["bots"]) == 4
    for bot in told["bots"]:
        assert {"name", "state", "mode", "orders", "fills", "equity"} <= bot.keys()
        assert bot["equity"] > 0
    assert {bot["mode"] for bot in told["bots"]} == {"live", "paper"}
    assert told["fills"] == sum(bot["fills"] for bot in told["bots"]) > 0
    assert told["reconciled"] is True
    assert float(told["drift"]) == 0


def test_a_screen_without_a_terminal_is_a_usage_error_that_names_the_flag() -> None:
    """A script that forgets --headless is told so at once."""
    command = [sys.executable, "-m", "algobot", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "--headless" in done.stderr
