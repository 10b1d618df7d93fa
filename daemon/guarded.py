"""The daemon's side of its guard: seen or not, asked by it, started where nobody else does.

The guard's beats are answered by the loop, so that an answer proves that the loop turns. What a beat asks, whether the
gate is closed, is true as soon as the latch file is seen: the sender looks at the files before every order.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio
import msgspec
import structlog

from algobot import paths
from algobot.config import Config
from algobot.errors import ProtocolError
from algobot.protocol.framing import FrameSplitter
from algobot.protocol.rows import GuardRow
from algobot.protocol.stream import UnixStream, dial
from daemon.gateway import Halts
from daemon.guard.link import Answer, Beat
from daemon.ports import Publisher

RETRY_S: Final = 0.25
SILENT_S: Final = 2.0  # without a beat it counts as gone
START_AGAIN_S: Final = 5.0
FAREWELL_S: Final = 3.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.guard")


class _Frame(msgspec.Struct, frozen=True):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    error: object = None


class Guarded:
    """Keeps the daemon attached to its guard; `run` is its task."""

    def __init__(self, state_dir: Path, config: Config, halts: Halts, publisher: Publisher) -> None:
        self._place = state_dir / paths.GUARD_SOCKET
        self._config = config
        self._halts = halts
        self._publisher = publisher
        self._child: subprocess.Popen[bytes] | None = None
        self._started_s = -START_AGAIN_S
        self._stream: UnixStream | None = None
        self._beat: Beat | None = None
        self._seen_ns = 0
        self._seen_s = 0.0
        self._lost = False
        self._wanted = config.daemon.guard != "off" and any(account.live for account in config.accounts.values())
        self._starts_it = config.daemon.guard == "auto" and not os.environ.get("NOTIFY_SOCKET")

    def row(self) -> GuardRow:
        """Return how the guard stands."""
        required = self._config.daemon.require_guard
        if not self._wanted:
            return GuardRow(required=required)
        if self._beat is None or not self.present:
            pid = 0 if self._beat is None else self._beat.pid
            return GuardRow("absent", pid, self._seen_ns, required, "no guard answers")
        return GuardRow(self._beat.state, self._beat.pid, self._seen_ns, required, self._beat.reason)

    @property
    def present(self) -> bool:
        """Whether its last beat is fresh."""
        return self._stream is not None and time.monotonic() - self._seen_s < SILENT_S

    async def run(self) -> None:
        """Attach, answer, attach again, until canceled."""
        if not self._wanted:
            return
        self._judge()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            while True:
                try:
                    self._stream = await dial(os.fspath(self._place))
                    await self._attached(self._stream)
                except (OSError, ProtocolError) as error:
                    log.debug("guard.unreachable", reason=str(error))
                    self._start_child()
                finally:
                    self._hang_up()
                await anyio.sleep(RETRY_S)

    async def farewell(self) -> None:
        """Say that this end is wanted, so that our own guard ends with us; insist if it has nothing to do and stays."""
        stream = self._stream
        with anyio.move_on_after(FAREWELL_S, shield=True):
            if stream is not None:
                try:
                    await stream.send(_call(0, "bye"))
                except OSError:
                    pass
                self._hang_up()
            while self._child is not None and self._child.poll() is None and not self._halts.active():  # noqa: ASYNC110
                await anyio.sleep(0.02)
        if self._child is not None and self._child.poll() is None and not self._halts.active():
            self._child.terminate()

    async def _attached(self, stream: UnixStream) -> None:
        """Answer beats until the guard hangs up. Raises OSError, ProtocolError."""
        await stream.send(_call(1, "hello", {"protocol": 1, "client": "daemon"}) + _call(2, "attach"))
        splitter = FrameSplitter()
        while data := await stream.receive():
            for raw in splitter.feed(data):
                if isinstance(raw, ProtocolError):
                    raise raw
                await self._take(raw, stream)

    async def _take(self, raw: bytes, stream: UnixStream) -> None:
        try:
            frame = msgspec.json.decode(raw, type=_Frame)
            if frame.error is not None:
                raise ProtocolError(f"the guard refused: {frame.error}")
            if frame.method != "beat":
                return
            beat = msgspec.json.decode(frame.params, type=Beat)
        except msgspec.DecodeError as error:
            raise ProtocolError(f"not a beat: {error}") from None
        self._beat, self._seen_ns, self._seen_s = beat, time.time_ns(), time.monotonic()
        closed = {(latch.scope, latch.target) for latch in self._halts.look()}
        answer = Answer(closed.issuperset(beat.latched))
        await stream.send(msgspec.json.encode({"jsonrpc": "2.0", "id": frame.id, "result": answer}) + b"\n")
        self._judge()

    async def _watch(self) -> None:
        while True:
            self._judge()
            if self._child is not None:
                self._child.poll()  # or it stays a zombie
            await anyio.sleep(RETRY_S)

    def _judge(self) -> None:
        """Say when it went and when it is back; without a required one nothing new is opened."""
        missing = not self.present
        if self._config.daemon.require_guard:
            self._halts.unguard("no guard answers, and require_guard is set" if missing else "")
        if missing and self._beat is not None and not self._lost:
            self._lost = True
            hint = "it is started again" if self._starts_it else "start it: systemctl start algobot-guard"
            self._publisher.alarm("guard.lost", "the guard does not answer: a stop may need a person", hint)
        elif not missing and self._lost:
            self._lost = False
            log.warning("guard.back", pid=self._beat.pid if self._beat else 0)

    def _start_child(self) -> None:
        """Start our own guard where that is our part; it hears of our end by the connection, not by being our child."""
        running = self._child is not None and self._child.poll() is None
        if not self._starts_it or running or time.monotonic() - self._started_s < START_AGAIN_S:
            return
        self._started_s = time.monotonic()
        hidden = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        with tempfile.TemporaryFile() as told:
            told.write(msgspec.json.encode(self._config))
            told.seek(0)
            self._child = subprocess.Popen(
                [sys.executable, "-m", "algobot", "guard", "--child"],
                stdin=told,
                env=environment,
                start_new_session=True,  # a Ctrl-C at the terminal is for the daemon
            )

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def _call(number: int, method: str, params: dict[str, object] | None = None) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}) + b"\n"
