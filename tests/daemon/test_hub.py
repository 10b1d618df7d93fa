"""The Hub: numbers, order, conflation, resuming, and nobody waits for anybody."""

from __future__ import annotations

import threading

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.protocol.events import AnyEvent, BotChanged, DaemonStopping, HaltsChanged, LineLogged
from algobot.protocol.rows import LogRow
from algobot.protocol.rpc import decode_event, decode_incoming
from daemon import hub as hub_module
from daemon.hub import Follower, Hub
from tests.protocol.samples import ACCOUNT_ROW, BOT_ROW, FILL, HALT, ORDER
from tests.waiting import until

pytestmark = pytest.mark.anyio


def a_line(word: str, level: str = "info", bot_id: str = "") -> LineLogged:
    """A log line."""
    return LineLogged(0, 0, LogRow(1, level, word, bot_id))


def a_change(bot_id: str, equity: float) -> BotChanged:
    """A bot's row."""
    return BotChanged(0, 0, msgspec.structs.replace(BOT_ROW, bot_id=bot_id, equity=equity))


async def received(follower: Follower) -> list[AnyEvent]:
    """All that waits for a follower now."""
    found = []
    with anyio.move_on_after(0.05):
        while frames := await follower.frames():
            found += [decode_event(decode_incoming(frame).params) for frame in frames.splitlines()]
    return found


async def test_numbers_have_no_gap_and_facts_keep_their_order():
    """Each event that leaves is one more than the last; facts leave as they came."""
    hub = Hub()
    follower = hub.follow(0)
    for number in range(20):
        hub.publish(a_line(f"line.{number}"))
    hub.settle()
    events = await received(follower)
    assert [event.line.event for event in events] == [f"line.{number}" for number in range(20)]
    assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + 20))
    assert all(event.ts_ns for event in events)


async def test_a_bot_that_changes_often_is_told_once_with_its_latest():
    """A hundred rows between two pushes leave as one; facts between them all leave."""
    hub = Hub()
    follower = hub.follow(0)
    for number in range(100):
        hub.publish(a_change("alpha", float(number)))
        hub.publish(a_change("bravo", float(-number)))
    hub.fill_recorded(FILL)
    hub.settle()
    events = await received(follower)
    assert [event.row.equity for event in events if isinstance(event, BotChanged)] == [99.0, -99.0]
    assert len(events) == 3


async def test_a_state_never_overtakes_the_fact_it_rests_on():
    """The row that shows a fill leaves after the fill, though an older row of the bot was waiting first."""
    hub = Hub()
    follower = hub.follow(0)
    hub.publish(a_change("alpha", 1.0))
    hub.fill_recorded(FILL)
    hub.publish(a_change("alpha", 2.0))
    hub.settle()
    assert [type(event).__name__ for event in await received(follower)] == ["FillRecorded", "BotChanged"]


async def test_a_slow_follower_gets_the_latest_of_each_state_and_every_fact():
    """What waits for a client conflates, too; a fact never does."""
    hub = Hub()
    follower = hub.follow(0)
    for number in range(50):
        hub.publish(a_change("alpha", float(number)))
        hub.publish(a_line(f"line.{number}"))
        hub.settle()
    events = await received(follower)
    assert [event.row.equity for event in events if isinstance(event, BotChanged)] == [49.0]
    assert sum(isinstance(event, LineLogged) for event in events) == 50
    assert [event.seq for event in events] == sorted(event.seq for event in events)


async def test_the_kill_switch_is_told_at_once():
    """Halts, alarms and the end leave without waiting for the next push, after what came before them."""
    hub = Hub(coalesce_s=60)
    follower = hub.follow(0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        hub.publish(a_line("before.it"))
        hub.halts_changed([HALT])
        hub.alarm("drift.found", "m")
        hub.publish(DaemonStopping(0, 0, "test"))
        events = await received(follower)
        tasks.cancel_scope.cancel()
    assert [type(event).__name__ for event in events] == ["LineLogged", "HaltsChanged", "AlarmRaised", "DaemonStopping"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["alpha", "bravo", "line", "order", "account", "settle"]), max_size=60),
    st.integers(0, 60),
)
def test_resuming_anywhere_shows_the_same_in_the_end(steps, cut):
    """A client that was away and resumes ends with the states, and all the facts, of one who never left."""
    hub = Hub()
    everything: list[AnyEvent] = []
    first = hub.follow(0)
    taken_at = hub.seq
    for number, step in enumerate(steps):
        if number == cut:
            taken_at = hub.settle()
        match step:
            case "alpha" | "bravo":
                hub.publish(a_change(step, float(number)))
            case "line":
                hub.publish(a_line(f"line.{number}"))
            case "order":
                hub.order_changed(msgspec.structs.replace(ORDER, updated_ns=number))
            case "account":
                hub.account_changed(msgspec.structs.replace(ACCOUNT_ROW, orders_open=number))
            case _:
                hub.settle()
    hub.settle()
    everything = [entry.event for entry in first._queue.values()]
    again = hub.follow(taken_at) if taken_at else hub.follow(0)
    assert again.complete
    assert [entry.event for entry in again._queue.values()] == [e for e in everything if e.seq > taken_at]


async def test_what_the_ring_no_longer_holds_is_said_to_be_gone(monkeypatch):
    """Resuming before the oldest kept event is incomplete, and starts from now; after it, it is complete."""
    monkeypatch.setattr(hub_module, "RING", 10)
    hub = Hub()
    start = hub.seq
    for number in range(30):
        hub.publish(a_line(f"line.{number}"))
    hub.settle()
    gone = hub.follow(start + 5)
    kept = hub.follow(hub.seq - 10)
    assert (gone.complete, gone.since, len(await received(gone))) == (False, hub.seq, 0)
    assert (kept.complete, len(await received(kept))) == (True, 10)
    assert len(await received(hub.follow(-4))) == 4
    assert len(await received(hub.follow(-400))) == 10


async def test_a_follower_that_falls_too_far_behind_is_lost_alone(monkeypatch):
    """Its queue is given up; it is told by an empty chunk, and the other one has everything."""
    monkeypatch.setattr(hub_module, "QUEUE", 10)
    hub = Hub()
    slow, quick = hub.follow(0), hub.follow(0)
    got: list[AnyEvent] = []
    for number in range(30):
        hub.publish(a_line(f"line.{number}"))
        hub.settle()
        got += [decode_event(decode_incoming(f).params) for f in (await quick.frames()).splitlines()]
    assert await slow.frames() == b""
    assert slow.lost
    assert len(got) == 30
    assert not quick.lost


async def test_following_one_bot_leaves_out_the_others():
    """Of the rest only the kill switch and the daemon's end come through."""
    hub = Hub()
    follower = hub.follow(0, bot_id="alpha")
    hub.publish(a_change("alpha", 1.0))
    hub.publish(a_change("bravo", 1.0))
    hub.publish(a_line("of.alpha", bot_id="alpha"))
    hub.publish(a_line("of.nobody"))
    hub.order_changed(msgspec.structs.replace(ORDER, bot_id="bravo"))
    hub.account_changed(ACCOUNT_ROW)
    hub.halts_changed([])
    assert [type(event) for event in await received(follower)] == [BotChanged, LineLogged, HaltsChanged]


async def test_lines_are_kept_by_level_and_bot():
    """The newest of what matches, oldest first."""
    hub = Hub()
    for word, level, bot in (("a.a", "info", "x"), ("b.b", "error", "x"), ("c.c", "debug", "x"), ("d.d", "error", "")):
        hub.publish(a_line(word, level, bot))
    assert [line.event for line in hub.lines()] == ["a.a", "b.b", "d.d"]
    assert [line.event for line in hub.lines(bot_id="x", level="debug", limit=2)] == ["b.b", "c.c"]


async def test_another_thread_may_publish():
    """A log line written in a worker thread reaches followers through the loop."""
    hub = Hub(coalesce_s=0.001)
    follower = hub.follow(0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        await until(lambda: hub._loop is not None)
        thread = threading.Thread(target=hub.publish, args=(a_line("from.afar"),))
        thread.start()
        with anyio.fail_after(5):
            frames = await follower.frames()
        thread.join()
        tasks.cancel_scope.cancel()
    assert b"from.afar" in frames


async def test_a_number_of_an_earlier_life_is_older_than_all_of_this():
    """A Hub born later starts above whatever an earlier one can have reached."""
    earlier = Hub(clock_ns=lambda: 1_000_000_000)
    for _ in range(100):
        earlier.publish(a_line("x.y"))
    last = earlier.settle()
    assert not Hub(clock_ns=lambda: 2_000_000_000).follow(last).complete
