"""The mailbox: what comes out, in which order, and what may be lost."""

from __future__ import annotations

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mailbox import BREATH, Mailbox


class Tick(msgspec.Struct, frozen=True):
    """A conflating market message."""

    key: str
    number: int


class Bar(msgspec.Struct, frozen=True):
    """A queuing market message."""

    number: int


Box = Mailbox[tuple[str, int], tuple[str, int], Tick | Bar]


def a_mailbox(limit: int = 1000) -> Box:
    """Return a mailbox in which ticks conflate by key and bars queue."""
    return Mailbox(lambda message: message.key if isinstance(message, Tick) else None, limit=limit)


def drain(mailbox: Box) -> list[object]:
    """Return all that is left, in the order it comes out."""
    return [mailbox.get_nowait() for _ in range(len(mailbox))]


TELLS = st.lists(st.tuples(st.sampled_from(["fill", "control", "tick-a", "tick-b", "bar"]), st.integers(0, 99)))


def put(mailbox: Box, lane: str, number: int) -> None:
    """Tell the mailbox one message of the lane named."""
    if lane == "fill":
        mailbox.tell_fill((lane, number))
    elif lane == "control":
        mailbox.tell_control((lane, number))
    elif lane == "bar":
        mailbox.tell_market(Bar(number))
    else:
        mailbox.tell_market(Tick(lane, number))


@given(tells=TELLS)
def test_fills_come_before_control_before_market_each_in_order_and_none_is_lost(tells: list[tuple[str, int]]) -> None:
    """Whatever was told, fills and control come out whole and in order, and bars too."""
    mailbox = a_mailbox()
    for lane, number in tells:
        put(mailbox, lane, number)
    out = drain(mailbox)
    fills = [told for told in tells if told[0] == "fill"]
    control = [told for told in tells if told[0] == "control"]
    assert out[: len(fills)] == fills
    assert out[len(fills) : len(fills) + len(control)] == control
    assert [m.number for m in out if isinstance(m, Bar)] == [n for lane, n in tells if lane == "bar"]


@given(tells=TELLS)
def test_of_each_key_only_the_latest_tick_waits_behind_the_bars_before_it(tells: list[tuple[str, int]]) -> None:
    """Ticks conflate to the latest, which keeps its place in time among bars."""
    mailbox = a_mailbox()
    for lane, number in tells:
        put(mailbox, lane, number)
    market = [m for m in drain(mailbox) if isinstance(m, Tick | Bar)]
    last = {lane: index for index, (lane, _) in enumerate(tells)}
    expected = [
        Bar(number) if lane == "bar" else Tick(lane, number)
        for index, (lane, number) in enumerate(tells)
        if lane == "bar" or (lane.startswith("tick") and last[lane] == index)
    ]
    assert market == expected
    ticks = [lane for lane, _ in tells if lane.startswith("tick")]
    assert mailbox.conflated == len(ticks) - len(set(ticks))


@given(count=st.integers(0, 50), limit=st.integers(1, 10))
def test_the_market_lane_is_bounded_and_counts_what_it_let_go(count: int, limit: int) -> None:
    """Beyond the limit the oldest market message goes; fills and control are not counted in."""
    mailbox = a_mailbox(limit)
    for number in range(count):
        mailbox.tell_fill(("fill", number))
        mailbox.tell_market(Bar(number))
    statistics = mailbox.statistics()
    assert statistics.dropped == max(0, count - limit)
    assert statistics.depth == count + min(count, limit)
    assert [m.number for m in drain(mailbox) if isinstance(m, Bar)] == list(range(max(0, count - limit), count))


@pytest.mark.anyio
async def test_a_waiting_reader_wakes_for_each_lane() -> None:
    """A reader that waits gets what is told later, whichever lane it came by."""
    mailbox = a_mailbox()
    got: list[object] = []

    async def read() -> None:
        got.extend([await mailbox.get() for _ in range(3)])

    with anyio.fail_after(2):
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            for lane in ("bar", "control", "fill"):
                await anyio.wait_all_tasks_blocked()
                put(mailbox, lane, 1)
    assert got == [Bar(1), ("control", 1), ("fill", 1)]


@pytest.mark.anyio
async def test_a_flooded_reader_lets_others_run() -> None:
    """A reader that never waits still gives the loop a turn every so many messages."""
    mailbox = a_mailbox()
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        for number in range(BREATH * 10):
            mailbox.tell_fill(("fill", number))
        for _ in range(BREATH * 10):
            await mailbox.get()
        group.cancel_scope.cancel()
    assert turns >= 9


def test_an_empty_mailbox_has_nothing_now() -> None:
    """Asking without waiting raises."""
    with pytest.raises(IndexError):
        a_mailbox().get_nowait()


def test_a_market_that_never_ends_is_not_waited_for() -> None:
    """Whoever waits until a reader has heard waits for fills and wishes only."""
    mailbox: Mailbox[str, str, int] = Mailbox(lambda message: None)
    mailbox.tell_market(1)
    assert (mailbox.unheard, len(mailbox)) == (0, 1)
    mailbox.tell_fill("fill")
    mailbox.tell_control("wish")
    assert mailbox.unheard == 2
    assert mailbox.take_fills() == ["fill"]
    assert mailbox.unheard == 1
