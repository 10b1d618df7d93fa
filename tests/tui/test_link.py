"""The connection: what it says when the daemon is silent, wedged, too new, or back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from algobot.errors import AlgobotError, DaemonUnreachable
from algobot.protocol.requests import Done, GetStatus, Kill, Killed, PauseBot
from algobot.protocol.rows import Status
from daemon.control import ControlServer, open_socket
from daemon.hub import Hub
from daemon.roles import Roles
from tests.fakes.face import FakeFace
from tests.fakes.served import a_server
from tests.tui.builders import NOON, SECOND, a_link, a_scene
from tests.tui.stage import attached, shows
from tests.waiting import until
from tui.killing import PATIENCE_NS
from tui.link import KillLine, Link
from tui.widgets.topbar import connection

pytestmark = pytest.mark.anyio


class WedgedFace(FakeFace):
    """A daemon whose kill does not answer until the test is over."""

    over: anyio.Event

    async def kill(self, **_: object) -> Killed:
        """Wait."""
        await self.over.wait()
        return Killed(False, [], 0, [], False)


@asynccontextmanager
async def a_wedged_server(folder: Path) -> AsyncIterator[Path]:
    """Serve it."""
    hub = Hub(coalesce_s=0.005)
    path = folder / "run" / "control.sock"
    async with open_socket(path) as listening, anyio.create_task_group() as tasks:
        face = WedgedFace(hub)
        face.over = anyio.Event()
        tasks.start_soon(ControlServer(face, hub, Roles.of_process()).run, listening)
        try:
            with anyio.fail_after(30):
                yield path
        finally:
            face.over.set()  # the server lets no mutating call be cut short
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def running(*parts: Link | KillLine) -> AsyncIterator[None]:
    """Keep these going."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with anyio.fail_after(5):
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_kill_without_an_answer_offers_the_other_paths(tmp_path: Path) -> None:
    """After two seconds, and never with a word of success."""
    async with a_wedged_server(tmp_path) as path, attached(path) as (app, pilot):
        await pilot.press("f9")
        seen = await shows(app, pilot, "asked", "no halt has been confirmed")
        assert "algobot kill" not in seen
        asked = app.kill.state.asks[0].asked_ns
        await until(lambda: app.kill.state.needs_other_paths(asked + PATIENCE_NS + 1))
        seen = await shows(app, pilot, "No answer", "algobot kill", "touch")
        assert "gate closed" not in seen


async def test_it_follows_and_catches_up_after_a_restart_of_the_daemon(tmp_path: Path) -> None:
    """A new daemon counts its events from the beginning: the view starts anew from its snapshot."""
    link = Link(str(tmp_path / "run" / "control.sock"))
    async with running(link):
        async with a_server(tmp_path) as first:
            await until(lambda: link.state.phase == "linked")
            for _ in range(50):
                first.face.tick()
            await until(lambda: link.view is not None and link.view.seq == first.hub.seq > 100)
        await until(lambda: link.state.phase == "lost")
        assert link.state.problem
        async with a_server(tmp_path) as second:
            await until(lambda: link.state.phase == "linked", within_s=10)
            second.face.tick()
            await until(lambda: link.view is not None and link.view.seq == second.hub.seq)


async def test_it_ends_when_told_to_even_while_it_loses_the_connection(tmp_path: Path) -> None:
    """A cancellation that comes in the middle of hanging up is not swallowed: quitting never hangs."""
    for steps in range(12):
        link = Link(str(tmp_path / "run" / "control.sock"))
        async with a_server(tmp_path):
            task = asyncio.create_task(link.run())
            await until(lambda link=link: link.state.phase == "linked")
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with anyio.fail_after(5):
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def test_asking_without_a_connection_says_so(tmp_path: Path) -> None:
    """At once, not after a time-out."""
    link = Link(str(tmp_path / "nobody.sock"))
    with pytest.raises(DaemonUnreachable):
        await link.ask(PauseBot(bot_id="alpha"), Done)
    async with running(link):
        await until(lambda: link.state.attempts > 0)
        assert link.state.phase == "connecting"
        assert "nobody.sock" in link.state.problem
        assert link.state.retry_at_ns > 0


async def test_the_kill_line_is_open_before_it_is_needed(tmp_path: Path) -> None:
    """And dials anew where the kept connection has died."""
    async with a_server(tmp_path) as served:
        line = KillLine(str(served.path))
        with pytest.raises(AlgobotError):
            await KillLine(str(tmp_path / "nobody.sock")).ask(GetStatus(), Status)
        killed = await line.ask(Kill(mode="halt", reason="not even opened"), Killed)
        assert killed.gate_closed
        async with running(line):
            await until(lambda: line.ready)
            assert (await line.ask(Kill(mode="halt", reason="opened"), Killed)).gate_closed


def test_a_silent_daemon_is_not_a_connected_one() -> None:
    """The socket stands, but nothing has come for six seconds: figures are faint, the bar says how long."""
    scene = a_scene(link=a_link(heard_ns=NOON - 6 * SECOND))
    assert scene.trust == "stale"
    assert connection(scene) == ("◐ daemon silent 6.0 s", "warn")
    assert a_scene().trust == ""
    assert a_scene(link=a_link(phase="lost")).trust == "struck"


def test_ages_are_told_in_the_daemons_time() -> None:
    """A clock that is ten minutes off, over ssh, makes no data old."""
    ahead = 600 * SECOND
    scene = a_scene(now_ns=NOON - ahead, link=a_link(heard_ns=NOON - ahead, clock_offset_ns=ahead))
    assert scene.daemon_now_ns == NOON
    assert not any(scene.is_stale(row) for row in scene.view.bots.values())
