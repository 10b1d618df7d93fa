"""The guard's socket and its daemon: who may ask what, beats both ways, and a daemon that does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec
import pytest

from algobot import latch
from algobot.config import AccountSection, Config, DaemonSection
from algobot.errors import AlgobotError, NotPermitted, ProtocolError
from algobot.line import Line
from algobot.model import AccountId
from algobot.protocol.rows import GuardRow
from daemon.guard.guard import Guard
from daemon.guard.server import GuardServer
from daemon.guarded import Guarded
from daemon.listen import bind
from daemon.locks import state_lock
from daemon.roles import Roles
from tests.fakes.venue import FakeVenue
from tests.guard.test_target import HOLDER
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Halts:
    """The daemon's halts, as far as its guard is concerned."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.unguarded = ""
        self.knows = True

    def look(self) -> list[latch.Latch]:
        """What is latched, or nothing where it is to be blind."""
        return latch.read(self.state_dir) if self.knows else []

    def active(self) -> list[latch.Latch]:
        """The same."""
        return self.look()

    def unguard(self, reason: str) -> None:
        """Remember it."""
        self.unguarded = reason


class Publisher:
    """Remembers alarms."""

    def __init__(self) -> None:
        self.alarms: list[str] = []

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """Take one."""
        self.alarms.append(alarm)


class Stage:
    """A guard on its socket, and what a daemon would attach to it."""

    def __init__(self, folder: Path, *, uid: int | None = None, **daemon: Any) -> None:
        self.folder = folder
        self.venue = FakeVenue(fills_at_once=False)
        section = DaemonSection(state_dir=str(folder), guard="external", **daemon)
        accounts = {AccountId("main"): AccountSection(venue="fake", live=True)}
        self.config = Config(daemon=section, accounts=accounts)
        self.guard = Guard(
            folder,
            self.config,
            self._connect,
            ours=lambda order: order.startswith("abmain-"),
            is_of=lambda order, bot: False,
            valid_s=0.01,
            patience_s=section.guard_patience_s,
        )
        self.server = GuardServer(self.guard, Roles(os.geteuid() if uid is None else uid), "main")
        self.halts, self.publisher = Halts(folder), Publisher()
        self.guarded = Guarded(folder, self.config, self.halts, self.publisher)  # type: ignore[arg-type]

    async def _connect(self, account_id: AccountId) -> Any:
        return self.venue.account()

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Ask the guard as `algobot kill` does."""

        def call() -> dict[str, Any]:
            line = Line(str(self.folder / "guard.sock"), name="test")
            try:
                return line.ask(method, params, timeout_s=20)
            finally:
                line.close()

        return await anyio.to_thread.run_sync(call)


@contextmanager
def a_process(code: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `code` with the folder until the block ends, from when it holds the daemon's lock there."""
    words = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@asynccontextmanager
async def a_stage(folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    """Serve a guard for the length of a block, at most thirty seconds."""
    stage = Stage(folder, **settings)
    listening: socket.socket = bind(folder / "guard.sock")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.server.run, listening)
        tasks.start_soon(stage.guard.run)
        with anyio.fail_after(30):
            yield stage
        tasks.cancel_scope.cancel()
    listening.close()


async def test_without_a_daemon_the_gate_is_closed_by_itself(tmp_path: Path) -> None:
    """A halt that cancels nothing is settled at once, and says why."""
    async with a_stage(tmp_path) as stage:
        latch.close(tmp_path, "all", "", "halt", "drill", "me")
        told = await stage.ask("wake", wait_s=10.0)
        assert (told["report"]["state"], told["daemon"]) == ("halted", "gone")
        assert told["report"]["gate"].startswith("no daemon runs")


async def test_a_daemon_that_knows_the_latch_is_left_alive(tmp_path: Path) -> None:
    """Each sees the other; its answer is the closed gate."""
    with state_lock(tmp_path):
        async with a_stage(tmp_path) as stage, anyio.create_task_group() as tasks:
            tasks.start_soon(stage.guarded.run)
            await until(lambda: stage.guarded.row().state == "watching")
            assert (await stage.ask("status"))["daemon"] == "alive"
            latch.close(tmp_path, "all", "", "halt", "drill", "me")
            told = await stage.ask("wake", wait_s=10.0)
            assert told["report"]["gate"].startswith("the daemon closed its gate")
            await until(lambda: stage.guarded.row().state == "halted")
            tasks.cancel_scope.cancel()


async def test_a_daemon_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    """It holds the lock and never attaches: half a second, then SIGKILL."""
    with a_process(HOLDER, tmp_path) as process:
        async with a_stage(tmp_path) as stage:
            latch.close(tmp_path, "bot", "alpha", "halt", "drill", "me")
            told = await stage.ask("wake", wait_s=10.0)
            assert "did not answer and was killed" in told["report"]["gate"]
        assert process.wait(5) == -9


async def test_nobody_but_the_owner_of_the_lock_attaches(tmp_path: Path) -> None:
    """A process that only says that it is the daemon could answer that a gate is closed which is not."""
    async with a_stage(tmp_path) as stage:
        with pytest.raises(NotPermitted, match="does not hold the daemon's lock"):
            await stage.ask("attach")


@pytest.mark.parametrize("method", ["status", "wake", "attach"])
async def test_another_user_may_ask_nothing(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are the control socket's."""
    monkeypatch.setattr(Roles, "role_of", lambda self, uid, gid: "none")
    async with a_stage(tmp_path) as stage:
        with pytest.raises(NotPermitted, match="may not use this guard"):
            await stage.ask(method)


async def test_what_is_no_request_is_refused_and_the_guard_goes_on(tmp_path: Path) -> None:
    """Garbage, an unknown method, a wrong field, a hang-up in between."""
    async with a_stage(tmp_path) as stage:
        for raw in (b"\xff\xfe\n", b"[" * 5000 + b"\n", b"{}\n", b"null\n", b'{"jsonrpc":"2.0","id":1,'):
            with socket.socket(socket.AF_UNIX) as rude:
                rude.connect(str(tmp_path / "guard.sock"))
                rude.sendall(raw)
                await anyio.lowlevel.checkpoint()
        with pytest.raises(ProtocolError, match="no method 'explode'"):
            await stage.ask("explode")
        with pytest.raises(AlgobotError, match="not a request"):
            await stage.ask("wake", wait="long")
        assert (await stage.ask("status"))["pid"] == os.getpid()


async def test_without_a_required_guard_nothing_new_is_opened(tmp_path: Path) -> None:
    """From the first moment until it is seen, and again when it is gone; then somebody is told."""
    with state_lock(tmp_path):
        stage = Stage(tmp_path, require_guard=True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.guarded.run)
            await until(lambda: bool(stage.halts.unguarded))
            listening = bind(tmp_path / "guard.sock")
            async with anyio.create_task_group() as guards:
                guards.start_soon(stage.server.run, listening)
                guards.start_soon(stage.guard.run)
                await until(lambda: not stage.halts.unguarded)
                guards.cancel_scope.cancel()
            listening.close()
            await until(lambda: bool(stage.halts.unguarded))
            assert stage.guarded.row().state == "absent"
            await until(lambda: stage.publisher.alarms == ["guard.lost"])
            tasks.cancel_scope.cancel()


async def test_a_loop_that_is_silent_for_too_long_trips_the_switch(tmp_path: Path) -> None:
    """Attached and alive, but not a beat is answered: latched by the guard, for everything."""
    with a_process(ATTACHED_AND_DEAF, tmp_path) as process:
        async with a_stage(tmp_path, guard_patience_s=0.3):
            await until(lambda: bool(latch.read(tmp_path)))
            assert "loop has not answered" in latch.read(tmp_path)[0].reason
            await until(lambda: process.poll() is not None)
        assert process.returncode == -9


def test_without_an_account_that_trades_no_guard_is_wanted(tmp_path: Path) -> None:
    """Paper needs none: off, and nothing is said."""
    config = Config(daemon=DaemonSection(state_dir=str(tmp_path), guard="auto"))
    guarded = Guarded(tmp_path, config, Halts(tmp_path), Publisher())  # type: ignore[arg-type]
    assert guarded.row() == GuardRow()


def test_a_configuration_reaches_a_daemons_own_guard_whole(tmp_path: Path) -> None:
    """As JSON, through a pipe: what comes out is what went in."""
    config = Stage(tmp_path, require_guard=True).config
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config


ATTACHED_AND_DEAF = """
import json, pathlib, socket, sys, time
from daemon.locks import state_lock
lock = state_lock(pathlib.Path(sys.argv[1])).take()
print("held", flush=True)
place, connection = sys.argv[1] + "/guard.sock", socket.socket(socket.AF_UNIX)
while True:
    try:
        connection.connect(place)
        break
    except OSError:
        time.sleep(0.02)
for number, method in enumerate(("hello", "attach")):
    connection.sendall(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": {}}).encode() + b"\\n")
time.sleep(60)
"""
