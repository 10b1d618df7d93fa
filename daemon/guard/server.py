"""The guard's own socket: who may ask it what. The rules are the daemon's: the owner and root command, nobody else.

One JSON object per line, as at the control socket (`algobot.line.Line` speaks it): `hello`, `status`, `wake`, and
`attach` for the daemon, whose connection then carries beats the other way.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Final, Literal, TypeVar

import anyio
import anyio.abc
import msgspec
import structlog

from algobot.errors import AlgobotError, NotPermitted, ProtocolError
from algobot.protocol.framing import FrameSplitter, inspect
from algobot.protocol.requests import Hello
from algobot.protocol.rpc import CallId, encode_error, encode_reply
from algobot.protocol.stream import UnixStream, accept
from algobot.version import VERSION
from daemon.guard.guard import Guard
from daemon.guard.link import Answer, Link
from daemon.guard.report import GuardStatus
from daemon.guard.target import Target
from daemon.locks import start_ticks
from daemon.roles import CONTROL, NONE, Peer, Roles

PROTOCOL: Final = 1
CLIENTS: Final = 16
LONGEST_FRAME: Final = 1 << 16
FIRST_FRAME_S: Final = 2.0
DRAIN_S: Final = 5.0
LONGEST_WAIT_S: Final = 600.0
T = TypeVar("T", bound=msgspec.Struct)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("guard.socket")


class Wake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`wake`: look at the latches now, and answer with the status once all is settled or `wait_s` are over."""

    wait_s: float = 0.0


class Frame(msgspec.Struct, frozen=True):
    """What a peer sent: a call, or (with `result`) a daemon's answer to a beat."""

    jsonrpc: Literal["2.0"] = "2.0"
    id: CallId | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: Answer | None = None


class GuardServer:
    """Serves one guard to the clients of its socket."""

    def __init__(self, guard: Guard, roles: Roles, instance: str) -> None:
        self.bye = anyio.Event()  # an attached daemon said that it stops on purpose
        self._guard = guard
        self._roles = roles
        self._instance = instance
        self._clients = 0

    async def run(self, listening: socket.socket) -> None:
        """Accept and serve until canceled."""
        async with anyio.create_task_group() as tasks:
            while True:
                try:
                    stream = await accept(listening)
                except OSError as error:
                    log.warning("guard.accept_failed", reason=str(error))
                    await anyio.sleep(0.1)
                    continue
                tasks.start_soon(self._serve, stream)

    async def _serve(self, stream: UnixStream) -> None:
        self._clients += 1
        try:
            peer = self._roles.peer(stream.socket)
            if peer.role == NONE or self._clients > CLIENTS:
                what = "too many clients" if peer.role != NONE else f"{peer.name} may not use this guard"
                with anyio.move_on_after(DRAIN_S):
                    await stream.send(encode_error(NotPermitted(what), None))
                return
            await _Client(self, self._guard, stream, peer).serve()
        except Exception:  # whatever a peer does, the guard goes on
            log.exception("guard.client_failed")
        finally:
            stream.close()
            self._clients -= 1

    def hello(self, peer: Peer) -> Hello:
        """Return who answers."""
        return Hello(PROTOCOL, VERSION, self._instance, peer.role, os.getpid())


class _Client:
    """One connection."""

    def __init__(self, server: GuardServer, guard: Guard, stream: UnixStream, peer: Peer) -> None:
        self._server = server
        self._guard = guard
        self._stream = stream
        self._peer = peer
        self._link: Link | None = None
        self._greeted = False

    async def serve(self) -> None:
        """Answer until the peer hangs up."""
        splitter = FrameSplitter(LONGEST_FRAME)
        try:
            async with anyio.create_task_group() as tasks:
                data = b"-"
                while data:
                    with anyio.move_on_after(None if self._greeted else FIRST_FRAME_S) as waited:
                        data = await self._receive()
                    if waited.cancelled_caught:
                        break
                    for raw in splitter.feed(data):
                        await self._take(raw, tasks)
                tasks.cancel_scope.cancel()
        finally:
            if self._link is not None:
                self._guard.detached(self._link)

    async def _take(self, raw: bytes | ProtocolError, tasks: anyio.abc.TaskGroup) -> None:
        frame = Frame()
        try:
            if isinstance(raw, ProtocolError):
                raise raw
            inspect(raw)
            frame = _decode(raw, Frame)
            if frame.result is not None:
                if self._link is not None and isinstance(frame.id, int):
                    self._link.answered(frame.id, frame.result)
                return
            self._greeted = self._greeted or frame.method == "hello"
            if frame.method == "wake":
                self._may_control("wake")
                tasks.start_soon(self._wake, frame)
            else:
                await self._send(encode_reply(self._answer(frame), frame.id or 0))
        except AlgobotError as error:
            await self._send(encode_error(error, frame.id))

    def _answer(self, frame: Frame) -> msgspec.Struct:
        match frame.method:
            case "hello":
                return self._server.hello(self._peer)
            case "status":
                return self._guard.status()
            case "attach":
                return self._attach()
            case "bye" if self._link is not None:
                self._link.said_bye = True
                self._server.bye.set()
                return self._guard.status()
        raise ProtocolError(f"there is no method {frame.method[:64]!r} here", hint="hello, status, wake, attach")

    def _attach(self) -> GuardStatus:
        """Take the peer as the daemon, if it is the one that owns the state directory."""
        self._may_control("attach")
        peer = Target(self._peer.pid, start_ticks(self._peer.pid))
        if not self._guard.owns(peer):
            raise NotPermitted(f"pid {peer.pid} does not hold the daemon's lock")
        self._link = Link(self._stream, peer, os.getpid())
        self._server.bye = anyio.Event()
        self._guard.attached(self._link)
        return self._guard.status()

    async def _wake(self, frame: Frame) -> None:
        try:
            wait_s = min(_decode(frame.params, Wake).wait_s, LONGEST_WAIT_S)
            await self._guard.wake(wait_s)
            await self._send(encode_reply(self._guard.status(), frame.id or 0))
        except AlgobotError as error:
            await self._send(encode_error(error, frame.id))

    def _may_control(self, method: str) -> None:
        if self._peer.role != CONTROL:
            raise NotPermitted(f"{method} needs the role control; {self._peer.name} has {self._peer.role}")

    async def _receive(self) -> bytes:
        """Return the next bytes, b"" when the peer is gone, however it went (one killed resets)."""
        try:
            return await self._stream.receive()
        except OSError:
            return b""

    async def _send(self, frame: bytes) -> None:
        with anyio.move_on_after(DRAIN_S), suppress(OSError):
            await self._stream.send(frame)


def _decode(raw: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"not a request of this socket: {error}") from None
