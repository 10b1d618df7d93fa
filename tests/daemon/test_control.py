"""The control server over a real socket: its rules against every kind of client."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from contextlib import AsyncExitStack

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algobot.client import connect
from algobot.errors import ConfigError, LockHeld, NotFound, NotPermitted, Refused
from algobot.model import BotId
from algobot.protocol.framing import MAX_FRAME
from algobot.protocol.requests import Bots, Done, GetStatus, Kill, Killed, ListBots, PauseBot
from algobot.protocol.rows import Status
from algobot.protocol.stream import UnixStream, dial
from daemon.listen import bind, inherited
from daemon.roles import Roles
from tests.fakes.served import a_server
from tests.waiting import until

pytestmark = pytest.mark.anyio
HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n'


class Raw:
    """A client that sends what it likes."""

    def __init__(self, stream: UnixStream) -> None:
        self.stream = stream
        self.buffer = b""

    @classmethod
    async def to(cls, path) -> Raw:
        """Connect."""
        return cls(await dial(os.fspath(path)))

    async def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self.stream.send(data)

    async def hear(self) -> dict:
        """Return the next frame; {} when the server hung up."""
        with anyio.fail_after(8):
            while b"\n" not in self.buffer:
                try:
                    data = await self.stream.receive()
                except ConnectionResetError:
                    return {}
                if not data:
                    return {}
                self.buffer += data
        frame, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(frame)


async def test_the_socket_is_the_owners_alone(tmp_path):
    """Directory 0700, socket 0600, whatever the umask is; gone after the end."""
    before = os.umask(0)
    try:
        async with a_server(tmp_path) as served:
            assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
            assert stat.S_IMODE(served.path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert not served.path.exists()


async def test_a_group_is_let_in_only_when_configured(tmp_path):
    """With a group the socket is 0660 and the group's."""
    listening = bind(tmp_path / "g" / "c.sock", gid=os.getgid())
    mode = (tmp_path / "g" / "c.sock").stat()
    listening.close()
    assert stat.S_IMODE(mode.st_mode) == 0o660
    assert mode.st_gid == os.getgid()


async def test_a_stale_socket_is_replaced_and_a_living_one_is_not(tmp_path):
    """A file nobody listens at is removed; one that answers is another daemon's; a plain file is left alone."""
    path = tmp_path / "c.sock"
    stale = bind(path)
    stale.close()
    living = bind(path)
    with pytest.raises(LockHeld, match="another daemon answers"):
        bind(path)
    living.close()
    plain = tmp_path / "plain"
    plain.write_text("mine")
    with pytest.raises(ConfigError, match="another kind"):
        bind(plain)
    with pytest.raises(ConfigError, match="107 bytes"):
        bind(tmp_path / ("x" * 120))
    assert plain.read_text() == "mine"


async def test_roles_come_from_the_kernels_word():
    """The daemon's own user and root control; the group views; anybody else gets nothing."""
    roles = Roles(owner_uid=4242, group_gid=os.getgid())
    assert [roles.role_of(uid, gid) for uid, gid in ((4242, 1), (0, 0), (999_999, os.getgid()), (999_999, 77))] == [
        "control",
        "control",
        "view",
        "none",
    ]
    with pytest.raises(ConfigError, match="no group"):
        Roles.of_process("no-such-group-here")


class OnlyViewing(Roles, frozen=True):
    """A table in which everybody may look and nobody may touch."""

    def role_of(self, uid: int, gid: int) -> str:
        """Return "view"."""
        return "view"


class Closed(Roles, frozen=True):
    """A table in which nobody has a role."""

    def role_of(self, uid: int, gid: int) -> str:
        """Return "none"."""
        return "none"


async def test_who_may_only_look_cannot_touch(tmp_path):
    """A viewer reads and follows; what changes anything is refused and never reaches the face."""
    async with a_server(tmp_path, roles=OnlyViewing(1)) as served, connect(served.path) as client:
        assert client.hello.role == "view"
        assert len((await client.ask(ListBots(), Bots)).bots) == 6
        with pytest.raises(NotPermitted, match=r"bot\.pause needs the role control"):
            await client.ask(PauseBot(BotId("alpha")), Done)
        assert served.face.calls == []


async def test_who_has_no_role_is_turned_away_with_the_reason(tmp_path):
    """One error, then the end."""
    async with a_server(tmp_path, roles=Closed(1)) as served:
        with pytest.raises(NotPermitted, match="may not use this daemon"):
            async with connect(served.path):
                pass


async def test_hello_comes_first_and_soon(tmp_path):
    """Another method before it is refused; silence, or a frame that trickles, ends the connection."""
    async with a_server(tmp_path, first_frame_s=0.2) as served:
        early = await Raw.to(served.path)
        await early.say(b'{"jsonrpc":"2.0","id":9,"method":"status"}\n' + HELLO)
        refused = await early.hear()
        assert (refused["id"], "before hello" in refused["error"]["message"]) == (9, True)
        assert (await early.hear())["result"]["instance"] == "demo"
        slow = await Raw.to(served.path)
        started = time.monotonic()
        for byte in HELLO:
            try:
                await slow.say(bytes([byte]))
            except OSError:
                break
            await anyio.sleep(0.02)
        assert "no hello" in (await slow.hear())["error"]["message"]
        assert await slow.hear() == {}
        assert time.monotonic() - started < 5
        early.stream.close()
        slow.stream.close()


async def test_another_protocol_is_told_who_must_upgrade(tmp_path):
    """An older client is told to upgrade itself, a newer one its daemon."""
    async with a_server(tmp_path) as served:
        for number, older in ((0, "the client"), (99, "the daemon")):
            raw = await Raw.to(served.path)
            await raw.say(b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":%d}}\n' % number)
            assert (await raw.hear())["error"]["data"]["hint"] == f"upgrade {older}"
            assert await raw.hear() == {}
            raw.stream.close()


async def test_a_bad_frame_gets_an_error_and_the_third_in_a_row_the_end(tmp_path):
    """A good one between them starts the count again."""
    async with a_server(tmp_path) as served:
        raw = await Raw.to(served.path)
        await raw.say(HELLO + b"one\ntwo\n" + b'{"jsonrpc":"2.0","id":2,"method":"status"}\n')
        assert [("error" in await raw.hear()) for _ in range(4)] == [False, True, True, False]
        await raw.say(b"x" * (MAX_FRAME + 10) + b"\nfour\nfive\n")
        messages = [(await raw.hear())["error"]["message"] for _ in range(3)]
        assert "longer than" in messages[0]
        assert await raw.hear() == {}
        raw.stream.close()


async def test_a_refused_field_is_named(tmp_path):
    """A typo in a request does nothing and says what it was."""
    async with a_server(tmp_path) as served:
        raw = await Raw.to(served.path)
        await raw.say(
            HELLO + b'{"jsonrpc":"2.0","id":5,"method":"bot.stop","params":{"bot_id":"alpha","flaten":true}}\n'
        )
        await raw.hear()
        error = (await raw.hear())["error"]
        assert (error["code"], error["data"]["code"]) == (-32602, "protocol.invalid")
        assert "flaten" in error["message"]
        assert served.face.calls == []
        raw.stream.close()


async def test_one_more_client_than_allowed_may_only_kill(tmp_path):
    """The others are served on; the kill switch always finds a place; a place that is left is given again."""
    async with a_server(tmp_path, clients=3) as served, AsyncExitStack() as inside:
        clients = [await inside.enter_async_context(connect(served.path)) for _ in range(3)]
        async with connect(served.path) as outside:
            with pytest.raises(Refused, match="3 clients are connected"):
                await outside.ask(GetStatus(), Status)
            assert (await outside.ask(Kill("halt"), Killed)).gate_closed
        for client in clients:
            assert (await client.ask(GetStatus(), Status)).halts
        crowd = [await Raw.to(served.path) for _ in range(5)]
        for raw in crowd[:4]:
            await raw.say(HELLO)
            assert "result" in await raw.hear()
        assert "3 clients are connected" in (await crowd[4].hear())["error"]["message"]
        assert await crowd[4].hear() == {}
        for raw in crowd:
            raw.stream.close()
        await inside.aclose()
        await until(lambda: served.server.clients == 0)
        async with connect(served.path) as client:
            assert (await client.ask(GetStatus(), Status)).state == "ready"


async def test_a_client_that_never_reads_is_dropped_and_nobody_else_notices(tmp_path):
    """Under a flood of events a reader gets them all and is answered fast; the other one is out after its time."""
    async with a_server(tmp_path, drain_s=0.3) as served, connect(served.path) as good:
        deaf = await Raw.to(served.path)
        await deaf.say(HELLO + b'{"jsonrpc":"2.0","id":2,"method":"events.follow"}\n')
        await deaf.hear()
        assert "result" in await deaf.hear()
        events = await good.follow()
        slowest, sent = 0.0, 0
        while served.server.clients > 1:
            for _ in range(200):
                sent += 1
                served.face.log("info", "flood.line", text="x" * 200)
            started = time.monotonic()
            await good.ask(GetStatus(), Status)
            slowest = max(slowest, time.monotonic() - started)
        got = 0
        while got < sent:
            assert (await anext(events)).line.event == "flood.line"
            got += 1
        assert slowest < 0.25
        assert served.hub.followers == 1
        deaf.stream.close()


async def test_a_change_asked_for_is_done_though_the_client_left(tmp_path):
    """Whoever hangs up after asking has still asked; the face hears who it was."""
    async with a_server(tmp_path) as served:
        raw = await Raw.to(served.path)
        await raw.say(HELLO + b'{"jsonrpc":"2.0","id":2,"method":"bot.pause","params":{"bot_id":"alpha"}}\n')
        raw.stream.close()
        await until(lambda: bool(served.face.calls))
        method, by = served.face.calls[0]
        assert method == "pause_bot"
        assert f"[{os.getpid()}]" in by
        await until(lambda: any(line["event"] == "control.called" for line in served.said))
        audit = next(line for line in served.said if line["event"] == "control.called")
        assert (audit["by"], audit["method"], audit["outcome"]) == (by, "bot.pause", "done")


async def test_only_what_changes_something_is_audited(tmp_path):
    """A refusal is written down with its code; a look is not."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        await client.ask(ListBots(), Bots)
        with pytest.raises(NotFound):
            await client.ask(PauseBot(BotId("nobody")), Done)
        audits = [line for line in served.said if line["event"] == "control.called"]
        assert [(line["method"], line["outcome"]) for line in audits] == [("bot.pause", "not_found")]


async def test_long_work_is_finished_though_the_client_left(tmp_path, monkeypatch):
    """A stop that waits for its cancels is not cut short by a closed terminal."""
    async with a_server(tmp_path, drain_s=0.05) as served:
        begun, go, done = anyio.Event(), anyio.Event(), anyio.Event()

        async def slow_stop(bot_id, *, flatten=False, by=""):
            begun.set()
            await go.wait()
            done.set()
            return Done("stopped")

        monkeypatch.setattr(served.face, "stop_bot", slow_stop)
        raw = await Raw.to(served.path)
        await raw.say(HELLO + b'{"jsonrpc":"2.0","id":2,"method":"bot.stop","params":{"bot_id":"alpha"}}\n')
        await begun.wait()
        raw.stream.close()
        await anyio.sleep(0.2)  # well past the time the server gives a client that left
        go.set()
        with anyio.fail_after(5):
            await done.wait()
        await until(lambda: served.server.clients == 0)
        assert [line["outcome"] for line in served.said if line["event"] == "control.called"] == ["done"]


async def test_whoever_closes_its_side_is_still_answered(tmp_path):
    """A shell's pipe ends with the last request: the replies come all the same, then the end."""
    async with a_server(tmp_path) as served:
        raw = await Raw.to(served.path)
        await raw.say(HELLO + b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"status"}\n' % n for n in range(2, 30)))
        raw.stream.socket.shutdown(socket.SHUT_WR)
        assert {(await raw.hear())["id"] for _ in range(29)} == set(range(1, 30))
        assert await raw.hear() == {}
        raw.stream.close()


async def test_a_defect_inside_is_told_and_the_connection_lives(tmp_path, monkeypatch):
    """An exception nobody meant is one error to its client, not the end of the daemon."""
    async with a_server(tmp_path) as served, connect(served.path) as client:
        monkeypatch.setattr(served.face, "prices", None)

        async def broken():
            return served.face.prices["BTC/USDT"]

        monkeypatch.setattr(served.face, "status", broken)
        with pytest.raises(Exception, match="status failed inside: TypeError"):
            await client.ask(GetStatus(), Status)
        assert len((await client.ask(ListBots(), Bots)).bots) == 6


async def test_systemd_hands_over_its_socket(tmp_path, monkeypatch):
    """LISTEN_FDS is taken only by the process it was meant for; an unnamed crowd is refused."""
    assert inherited({}) is None
    assert inherited({"LISTEN_FDS": "1", "LISTEN_PID": "1"}) is None
    with pytest.raises(ConfigError, match="none named"):
        inherited({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "a:b"})
    passed = bind(tmp_path / "s.sock")
    monkeypatch.setattr("daemon.listen.FIRST_FD", passed.fileno() - 1)
    taken = inherited({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "other:control"})
    assert taken is not None
    assert taken.fileno() == passed.fileno()
    passed.detach()
    taken.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=12))
async def test_garbage_never_hurts_the_daemon(tmp_path_factory, garbage):
    """Whatever one client sends, another is served afterwards and the place is free again."""
    async with a_server(tmp_path_factory.mktemp("g")) as served:
        raw = await Raw.to(served.path)
        with anyio.move_on_after(2):
            try:
                await raw.say(HELLO)
                for piece in garbage:
                    await raw.say(piece)
                raw.stream.socket.shutdown(socket.SHUT_WR)
                while await raw.hear():
                    pass
            except OSError:
                pass
        raw.stream.close()
        async with connect(served.path) as client:
            assert (await client.ask(GetStatus(), Status)).state == "ready"
        await until(lambda: served.server.clients == 0)
