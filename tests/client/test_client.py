"""The client over a real socket."""

from __future__ import annotations

import anyio
import pytest

from algobot.client import connect
from algobot.errors import DaemonUnreachable, DeadlineExceeded, NotFound
from algobot.model import BotId
from algobot.protocol.events import BotChanged, HaltsChanged
from algobot.protocol.requests import (
    PROTOCOL,
    Bots,
    Done,
    GetSnapshot,
    GetStatus,
    ListBots,
    PauseBot,
    ShowBot,
    Snapshot,
)
from algobot.protocol.rows import BotDetail, Status
from tests.fakes.served import a_server
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_connection_starts_with_who_is_there(tmp_path):
    """The hello tells protocol, instance and the role the kernel's credentials give."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        assert (client.hello.protocol, client.hello.instance, client.hello.role) == (PROTOCOL, "demo", "control")


async def test_asking_gives_the_reply_as_its_struct(tmp_path):
    """Many requests on one connection are each answered with their own reply."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        found: list[object] = []

        async def ask(request, reply):
            found.append(await client.ask(request, reply))

        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(ask, ListBots(), Bots)
                tasks.start_soon(ask, GetStatus(), Status)
                tasks.start_soon(ask, ShowBot(BotId("echo")), BotDetail)
        assert len(found) == 90
        assert sum(isinstance(reply, Status) for reply in found) == 30


async def test_an_error_comes_back_as_the_class_it_was_raised_as(tmp_path):
    """A refusal keeps class, message and remedy over the wire, and arrives bare, not in a group."""
    async with a_server(tmp_path) as served:
        with pytest.raises(NotFound, match="no bot 'nobody'") as caught:
            async with connect(served.path) as client:
                await client.ask(ShowBot(BotId("nobody")), BotDetail)
    assert caught.value.hint == "algobot ctl bots list"


async def test_a_snapshot_and_the_events_after_it_leave_no_gap(tmp_path):
    """What is done after the snapshot comes as events with greater numbers, and nothing from before it."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        await client.ask(PauseBot(BotId("alpha")), Done)
        snapshot = await client.ask(GetSnapshot(), Snapshot)
        events = await client.follow(since=snapshot.seq)
        await client.ask(PauseBot(BotId("bravo")), Done)
        changed = await anext(events)
        while not isinstance(changed, BotChanged):
            changed = await anext(events)
        assert events.complete
        assert changed.row.bot_id == "bravo"
        assert changed.seq > snapshot.seq


async def test_following_resumes_where_a_connection_broke_off(tmp_path):
    """Events published while nobody was connected come when one returns with the last number seen."""
    async with a_server(tmp_path) as served:
        async with connect(served.path) as client:
            events = await client.follow()
            served.face.log("info", "first.said")
            seen = await anext(events)
        served.face.log("info", "second.said")
        served.hub.halts_changed([])
        async with connect(served.path) as client:
            events = await client.follow(since=seen.seq)
            second, halts = await anext(events), await anext(events)
    assert events.complete
    assert second.line.event == "second.said"
    assert isinstance(halts, HaltsChanged)
    assert [second.seq, halts.seq] == [seen.seq + 1, seen.seq + 2]


async def test_a_number_from_another_life_of_the_daemon_is_not_resumed(tmp_path):
    """Whoever comes with a number this daemon never gave is told to take a snapshot."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        for since in (served.hub.seq + 1000, 17):
            events = await client.follow(since=since)
            assert not events.complete
            assert events.since == served.hub.seq


async def test_nobody_at_the_socket_is_said_with_the_place_and_the_remedy(tmp_path):
    """No file, and a file nobody listens at, are both `daemon.unreachable`."""
    with pytest.raises(DaemonUnreachable, match=r"nothing\.sock") as caught:
        async with connect(tmp_path / "nothing.sock"):
            pass
    assert "algobot daemon" in caught.value.hint


async def test_a_daemon_that_goes_away_ends_the_waiting(tmp_path):
    """Whoever follows hears that the connection ended; whoever asks after that is told at once."""
    serving, stop = anyio.Event(), anyio.Event()

    async def serve():
        async with a_server(tmp_path) as served:
            assert served.path == path
            serving.set()
            await stop.wait()

    path = tmp_path / "run" / "control.sock"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await serving.wait()
        async with connect(path) as client:
            events = await client.follow()
            stop.set()
            with anyio.fail_after(5), pytest.raises(DaemonUnreachable):
                await anext(events)
            with pytest.raises(DaemonUnreachable):
                await client.ask(GetStatus(), Status)
            assert not client.alive


async def test_no_answer_in_time_is_a_deadline(tmp_path):
    """A server that takes requests and says nothing costs the caller its timeout, no more."""
    listener = await anyio.create_unix_listener(tmp_path / "mute.sock")

    async def swallow(stream):
        async with stream:
            await anyio.sleep_forever()

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, swallow)
        with pytest.raises(DeadlineExceeded, match=r"hello: no answer in 0\.1 s"):
            async with connect(tmp_path / "mute.sock", timeout_s=0.1):
                pass
        tasks.cancel_scope.cancel()


async def test_an_event_of_a_newer_daemon_is_skipped(tmp_path):
    """A type this version does not know is counted and passed over."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        events = await client.follow()
        client._take(_unknown_event())
        served.face.log("info", "known.said")
        assert (await anext(events)).line.event == "known.said"
        assert events.skipped == 1
        await until(lambda: served.server.clients == 1)


def _unknown_event():
    from algobot.protocol.rpc import decode_incoming

    return decode_incoming(b'{"jsonrpc":"2.0","method":"event","params":{"type":"moon.landed","seq":1,"ts_ns":1}}')
