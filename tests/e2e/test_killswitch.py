"""The stop, with the real daemon, guard and venue: it hangs, it is killed, nobody is there; and the way back."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from random import Random

import pytest

from algobot.errors import AlgobotError
from algobot.protocol.requests import Done, Unhalt
from tests.campaign.killswitch import Figures, cells, play, two_hundred
from tests.campaign.summary import Summary
from tests.campaign.trading import House, a_house

pytestmark = pytest.mark.e2e
SEED = 20261120


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One house for all: each test lets it trade again first."""
    with a_house(SEED) as built:
        yield built


def test_a_stopped_daemon_is_ended_and_two_hundred_orders_are_canceled(house: House) -> None:
    """`algobot kill` says SAFE within 15 s at 50 ms a call; the venue's log agrees; a person's order stays."""
    summary = Summary("killswitch", SEED)
    two_hundred(house, summary, Figures())
    assert not summary.violations, "\n".join(summary.violations)


def test_a_touched_file_stops_a_healthy_daemon_at_once(house: House) -> None:
    """Within 100 ms by the venue's log, proved empty by the guard."""
    summary = Summary("killswitch", SEED)
    play(house, "touch", "healthy", summary, Figures())
    assert not summary.violations, "\n".join(summary.violations)


def test_a_killed_guard_is_missed_replaced_and_ends_with_its_daemon(house: House) -> None:
    """The daemon says that it is gone, starts another, and takes that along when it stops: no process is left."""
    house.up()
    first = int(house.guard()["pid"])
    os.kill(first, signal.SIGKILL)
    house.wait(lambda: house.status().guard.state == "absent", "its absence noticed", 10.0)
    house.wait(lambda: house.status().guard.pid not in (0, first), "another guard", 20.0)
    second = int(house.guard()["pid"])
    assert "guard.lost" in (house.stage.directory / "daemon.log").read_text()
    assert house.stage.stop_daemon() == 0
    house.wait(lambda: not _lives(second), "the guard's end", 5.0)


def test_the_latch_holds_over_a_restart_and_only_a_reason_clears_it(house: House) -> None:
    """Halted from the first moment, nothing goes out; without a reason it stays; with one bots trade again."""
    house.up()
    (house.stage.state / "HALT").touch()
    assert house.settled(30.0)["state"] == "safe"
    house.stage.kill_daemon()
    from_ms = time.time_ns() / 1e6
    house.stage.start_daemon()
    house.stage.wait_ready()
    assert [halt.scope for halt in house.status().halts] == ["all"]
    with pytest.raises(AlgobotError, match="reason"):
        house.stage.ask(Unhalt(reason=" "), Done)
    assert not house.since(from_ms)
    house.up()
    assert house.since(from_ms)


def test_the_campaign_plays_every_state_before_any_twice_and_nothing_impossible() -> None:
    """A signal cannot reach a guard that is dead, nor a loop that does not turn."""
    order = cells(Random(1))
    turn = [next(order) for _ in range(44)]
    assert len({state for _, state in turn[:9]}) == 9
    assert ("usr1-guard", "guardless") not in turn
    assert ("usr1-daemon", "stopped") not in turn


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
