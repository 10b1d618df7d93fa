"""Waiting for what a daemon on a stage should come to, always with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

from algobot.cli.stage import Stage
from algobot.protocol.requests import (
    Bots,
    Done,
    GetStatus,
    ListBots,
    ListOrders,
    Orders,
    PauseBot,
    Reconcile,
    Reconciled,
)
from algobot.protocol.rows import Status


def until(condition: Callable[[], bool], what: str, *, timeout_s: float = 30.0) -> None:
    """Return once `condition` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)


def status(stage: Stage) -> Status:
    """Return the daemon's status."""
    return stage.ask(GetStatus(), Status)


def at_rest(stage: Stage) -> bool:
    """Return whether no order is open or in flight."""
    return all(not row.orders_in_flight and not row.orders_open for row in status(stage).accounts)


def come_to_rest(stage: Stage) -> None:
    """Pause all bots, wait for their last orders, and compare with the venue."""
    for row in stage.ask(ListBots(), Bots).bots:
        stage.ask(PauseBot(bot_id=row.bot_id), Done)
    try:
        until(lambda: at_rest(stage), "no order open or in flight")
    except AssertionError as error:
        left = stage.ask(ListOrders(open_only=True), Orders).orders
        raise AssertionError(f"{error}: {left}, {status(stage).accounts}, {stage.tail('daemon.log', 40)}") from None
    outcome = stage.ask(Reconcile(), Reconciled, timeout_s=30.0)
    assert outcome.ok, outcome
