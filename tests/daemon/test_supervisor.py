"""The supervisor: restarts, poison, quarantine, and neighbours that notice nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import anyio.abc
import pytest

from daemon.actor import Actor
from daemon.mailbox import Mailbox
from daemon.supervisor import Policy, Supervisor

QUICK = Policy(restarts=3, window_s=60, backoff_s=0.001, backoff_most_s=0.002)
Box = Mailbox[str, str, str]


class Diary:
    """An observer that writes everything down."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def slow(self, name: str, message: object, duration_ns: int) -> None:
        self.lines.append(f"{name} slow {message}")

    def poisoned(self, name: str, message: object, reason: str) -> None:
        self.lines.append(f"{name} poisoned {message}: {reason}")

    def faulted(self, name: str, reason: str, delay_s: float) -> None:
        self.lines.append(f"{name} faulted: {reason}")

    def restarted(self, name: str, restarts: int) -> None:
        self.lines.append(f"{name} restarted {restarts}")

    def quarantined(self, name: str, reason: str) -> None:
        self.lines.append(f"{name} quarantined: {reason}")

    def ended(self, name: str) -> None:
        self.lines.append(f"{name} ended")


class Worker:
    """An actor that notes what it handles, and obeys a few words."""

    def __init__(self, handled: list[str], *, fail_on: Callable[[str], bool] = lambda _: False) -> None:
        self.handled = handled
        self.fail_on = fail_on
        self.done = False

    def begin(self) -> None:
        """Note the new life."""
        self.handled.append("<begin>")

    def handle(self, message: str) -> None:
        """Note the message, or die of it."""
        if self.fail_on(message):
            raise RuntimeError(f"cannot stand {message}")
        if message == "slow":
            time.sleep(0.02)
        self.handled.append(message)
        self.done = message == "end"


def a_mailbox(*messages: str) -> Box:
    """Return a mailbox with these waiting."""
    mailbox: Box = Mailbox(lambda _: None)
    for message in messages:
        mailbox.tell_control(message)
    return mailbox


async def run(diary: Diary, actors: dict[str, tuple[Box, Callable[[], Actor[str]]]], *, policy: Policy = QUICK) -> None:
    """Supervise these until every one has ended or was given up."""
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            supervisor = Supervisor(group, diary, policy=policy)
            for name, (mailbox, make) in actors.items():
                supervisor.start(name, mailbox, make)


@pytest.mark.anyio
async def test_an_actor_handles_its_messages_in_order_and_ends() -> None:
    """The plain case: begin, messages, end."""
    handled: list[str] = []
    diary = Diary()
    await run(diary, {"a": (a_mailbox("x", "y", "end"), lambda: Worker(handled))})
    assert handled == ["<begin>", "x", "y", "end"]
    assert diary.lines == ["a ended"]


@pytest.mark.anyio
async def test_an_actor_that_raises_once_is_made_anew_and_gets_the_message_again() -> None:
    """Nothing is lost by one crash: the message it died of comes first in its next life."""
    handled: list[str] = []
    deaths = iter([True])

    def fail_once(message: str) -> bool:
        return message == "x" and next(deaths, False)

    diary = Diary()
    await run(diary, {"a": (a_mailbox("x", "y", "end"), lambda: Worker(handled, fail_on=fail_once))})
    assert handled == ["<begin>", "<begin>", "x", "y", "end"]
    assert diary.lines == ["a faulted: RuntimeError: cannot stand x", "a restarted 1", "a ended"]


@pytest.mark.anyio
async def test_a_message_that_kills_twice_is_recorded_and_skipped() -> None:
    """A poison message costs two restarts, then the rest goes on."""
    handled: list[str] = []
    diary = Diary()
    make = lambda: Worker(handled, fail_on=lambda m: m == "bad")  # noqa: E731
    await run(diary, {"a": (a_mailbox("x", "bad", "y", "end"), make)})
    assert [m for m in handled if m != "<begin>"] == ["x", "y", "end"]
    assert "a poisoned bad: RuntimeError: cannot stand bad" in diary.lines
    assert diary.lines[-1] == "a ended"


@pytest.mark.anyio
async def test_the_journal_is_told_what_is_handled_in_that_order() -> None:
    """A second try of a message is told a second time."""
    told: list[tuple[str, object]] = []
    deaths = iter([True])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            supervisor = Supervisor(group, Diary(), policy=QUICK, journal=lambda name, m: told.append((name, m)))
            make = lambda: Worker([], fail_on=lambda m: m == "x" and next(deaths, False))  # noqa: E731
            supervisor.start("a", a_mailbox("w", "x", "end"), make)
    assert told == [("a", "w"), ("a", "x"), ("a", "x"), ("a", "end")]


@pytest.mark.anyio
async def test_too_many_faults_quarantine_one_and_its_neighbour_notices_nothing() -> None:
    """The fourth fault within the window ends it with the reason; another actor handles all of its own."""
    handled: list[str] = []
    made: list[int] = []

    def broken() -> Actor[str]:
        made.append(1)
        return Worker([], fail_on=lambda _: True)

    diary = Diary()
    await run(
        diary,
        {
            "bad": (a_mailbox("1", "2", "3", "4"), broken),
            "good": (a_mailbox(*"abcdef", "end"), lambda: Worker(handled)),
        },
    )
    assert len(made) == 4
    assert "bad quarantined: RuntimeError: cannot stand 2" in diary.lines
    assert handled == ["<begin>", *"abcdef", "end"]


@pytest.mark.anyio
async def test_faults_outside_the_window_are_forgiven() -> None:
    """An actor that fails now and then is restarted for ever."""
    handled: list[str] = []
    policy = Policy(restarts=1, window_s=0.0, backoff_s=0.002, backoff_most_s=0.002)
    make = lambda: Worker(handled, fail_on=lambda m: m.startswith("bad"))  # noqa: E731
    diary = Diary()
    await run(diary, {"a": (a_mailbox("bad1", "bad2", "bad3", "end"), make)}, policy=policy)
    assert diary.lines[-1] == "a ended"
    assert "a restarted 6" in diary.lines


@pytest.mark.anyio
async def test_an_actor_that_cannot_begin_is_quarantined() -> None:
    """A fault while it is made or begins counts as any other."""

    def broken() -> Actor[str]:
        raise ValueError("no such strategy")

    diary = Diary()
    await run(diary, {"a": (a_mailbox(), broken)})
    assert diary.lines[-1] == "a quarantined: ValueError: no such strategy"


@pytest.mark.anyio
async def test_a_slow_handler_is_told_and_a_stuck_one_is_made_anew_without_repeating() -> None:
    """What was handled, however slowly, is not handled again."""
    handled: list[str] = []
    diary = Diary()
    policy = Policy(backoff_s=0.001, slow_ns=5_000_000, stuck_ns=10_000_000)
    await run(diary, {"a": (a_mailbox("slow", "end"), lambda: Worker(handled))}, policy=policy)
    assert handled == ["<begin>", "slow", "<begin>", "end"]
    assert diary.lines[0] == "a slow slow"
    assert diary.lines[1].startswith("a faulted: handling str took 0.0")


@pytest.mark.anyio
async def test_stop_ends_an_actor_that_waits_and_its_name_is_free_again() -> None:
    """Stop returns once the actor is gone; stopping a stranger does nothing."""
    diary = Diary()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            supervisor = Supervisor(group, diary, policy=QUICK)
            supervisor.start("a", a_mailbox(), lambda: Worker([]))
            with pytest.raises(ValueError, match="a runs already"):
                supervisor.start("a", a_mailbox(), lambda: Worker([]))
            await anyio.wait_all_tasks_blocked()
            assert supervisor.running("a")
            await supervisor.stop("a")
            await supervisor.stop("stranger")
            assert not supervisor.running("a")
    assert diary.lines == ["a ended"]


@pytest.mark.anyio
async def test_canceling_the_group_ends_every_actor() -> None:
    """A cancellation is raised again, never taken for a fault."""
    diary = Diary()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            supervisor = Supervisor(group, diary, policy=QUICK)
            supervisor.start("a", a_mailbox(), lambda: Worker([]))
            supervisor.start("b", a_mailbox("x"), lambda: Worker([], fail_on=lambda _: True))
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    assert not any("quarantined" in line for line in diary.lines)
