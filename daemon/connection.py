"""One client of the control socket: its frames in, its replies and events out.

The first frame comes within `FIRST_FRAME_S` and is `hello`. A frame that breaks a rule gets an error and the connection
lives, until the third in a row. A client that does not take what it is sent for `DRAIN_S` is dropped. Requests run
side by side, at most `AT_ONCE`; more of them wait in the client's own socket.
"""

from __future__ import annotations

import time
from typing import Final

import anyio
import anyio.abc
import msgspec
import structlog

from algobot.errors import AlgobotError, NotPermitted, ProtocolError, Refused
from algobot.protocol.framing import FrameSplitter
from algobot.protocol.requests import PROTOCOL, AnyRequest, FollowEvents, Following, Hello, Kill, SayHello
from algobot.protocol.rpc import (
    INVALID_REQUEST,
    BadCall,
    CallId,
    decode_request,
    encode_error,
    encode_reply,
    method_of,
)
from algobot.protocol.stream import UnixStream
from daemon.dispatch import answer
from daemon.face import Face
from daemon.hub import Follower, Hub
from daemon.roles import Peer

FIRST_FRAME_S: Final = 2.0
DRAIN_S: Final = 5.0
WORK_S: Final = 120.0  # a mutating call outlives its client, but not this
BAD_IN_A_ROW: Final = 3
AT_ONCE: Final = 16

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.control")


class Hangup(Exception):
    """This connection is over; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Connection:
    """Serves one client until either side ends it."""

    def __init__(
        self,
        stream: UnixStream,
        peer: Peer,
        face: Face,
        hub: Hub,
        *,
        drain_s: float = DRAIN_S,
        first_frame_s: float = FIRST_FRAME_S,
        full: Refused | None = None,
    ) -> None:
        self._stream = stream
        self._peer = peer
        self._face = face
        self._hub = hub
        self._drain_s = drain_s
        self._first_frame_s = first_frame_s
        self._full = full  # one client too many: only the kill switch is served
        self._sending = anyio.Lock()
        self._slots = anyio.Semaphore(AT_ONCE)
        self._greeted = False
        self._deaf = False
        self._bad = 0
        self._events: anyio.CancelScope | None = None

    async def serve(self) -> str:
        """Serve until the end and return why it ended."""
        reason = "the client left"
        async with anyio.create_task_group() as tasks:
            try:
                await self._read(tasks)
                await self._finish()
            except Hangup as hangup:
                reason = hangup.reason
            except OSError as error:
                reason = str(error)
            tasks.cancel_scope.cancel()
        return reason

    async def _read(self, tasks: anyio.abc.TaskGroup) -> None:
        splitter = FrameSplitter()
        deadline = anyio.current_time() + self._first_frame_s
        data = b"-"
        while data:
            with anyio.move_on_after(deadline - anyio.current_time() if not self._greeted else None) as waited:
                data = await self._stream.receive()
            if waited.cancelled_caught:
                await self._refuse(ProtocolError("no hello within 2 s", hint="send it as the first frame"), None)
                raise Hangup("no hello in time")
            for frame in splitter.feed(data):
                await self._handle(frame, tasks)

    async def _finish(self) -> None:
        """Answer what was asked before the client closed its side (`printf … | socat` does that at once)."""
        if self._events is not None:
            self._events.cancel()
        with anyio.move_on_after(self._drain_s):
            for _ in range(AT_ONCE):
                await self._slots.acquire()

    async def _handle(self, frame: bytes | ProtocolError, tasks: anyio.abc.TaskGroup) -> None:
        try:
            if isinstance(frame, ProtocolError):
                raise BadCall(frame.message, number=INVALID_REQUEST, hint=frame.hint)
            call_id, request = decode_request(frame)
            if not self._greeted and not isinstance(request, SayHello):
                raise BadCall(
                    f"{method_of(request)} before hello",
                    number=INVALID_REQUEST,
                    call_id=call_id,
                    hint="the first frame of a connection is the method hello",
                )
        except BadCall as error:
            await self._refuse(error, error.call_id)
            self._bad += 1
            if self._bad >= BAD_IN_A_ROW:
                raise Hangup(f"{self._bad} bad frames in a row, the last: {error.message}") from error
            return
        self._bad = 0
        if isinstance(request, SayHello):
            await self._greet(request, call_id)
        else:
            await self._slots.acquire()
            tasks.start_soon(self._work, request, call_id, tasks)

    async def _greet(self, hello: SayHello, call_id: CallId) -> None:
        if hello.protocol != PROTOCOL:
            older = "the client" if hello.protocol < PROTOCOL else "the daemon"
            message = f"the client speaks protocol {hello.protocol}, this daemon {PROTOCOL}"
            await self._refuse(ProtocolError(message, hint=f"upgrade {older}"), call_id)
            raise Hangup(message)
        self._greeted = True
        who = self._face.identity
        reply = Hello(PROTOCOL, who.version, who.instance, self._peer.role, who.pid)
        await self._send(encode_reply(reply, call_id))

    async def _work(self, request: AnyRequest, call_id: CallId, tasks: anyio.abc.TaskGroup) -> None:
        try:
            if not self._peer.may(type(request)):
                message = f"{method_of(request)} needs the role control; {self._peer.name} has {self._peer.role}"
                raise NotPermitted(message, hint="ask the daemon's owner, or run it as that user")
            if self._full is not None and not isinstance(request, Kill):
                raise self._full
            if isinstance(request, FollowEvents):
                await self._follow(request, call_id, tasks)
            else:
                await self._send(encode_reply(await self._call(request), call_id))
        except AlgobotError as error:
            await self._refuse(error, call_id)
        except Hangup as hangup:
            log.warning("control.dropped", peer=self._peer.name, reason=hangup.reason)
            tasks.cancel_scope.cancel()
        except Exception as error:
            log.exception("control.failed", peer=self._peer.name, method=method_of(request))
            told = AlgobotError(
                f"{method_of(request)} failed inside: {type(error).__name__}", hint="see the daemon's log"
            )
            await self._refuse(told, call_id)
        finally:
            self._slots.release()

    async def _call(self, request: AnyRequest) -> msgspec.Struct:
        if not request.MUTATES:
            return await answer(self._face, self._hub, request, self._peer.name)
        return await self._audited(request)

    async def _audited(self, request: AnyRequest) -> msgspec.Struct:
        """Do it even if the client leaves meanwhile, and write down who asked and what came of it."""
        started = time.monotonic()
        outcome = "canceled"
        try:
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + WORK_S):
                reply = await answer(self._face, self._hub, request, self._peer.name)
                outcome = "done"
                return reply
        except AlgobotError as error:
            outcome = error.code
            raise
        finally:
            log.info(
                "control.called",
                by=self._peer.name,
                method=method_of(request),
                outcome=outcome,
                took_ms=round((time.monotonic() - started) * 1e3, 1),
                request=str(request),
            )
        raise AlgobotError(f"{method_of(request)} took longer than {WORK_S:.0f} s", hint="see `algobot ctl status`")

    async def _follow(self, request: FollowEvents, call_id: CallId, tasks: anyio.abc.TaskGroup) -> None:
        if self._events is not None:
            self._events.cancel()
        follower = self._hub.follow(request.since, bot_id=request.bot_id)
        self._events = anyio.CancelScope()
        reply = encode_reply(Following(follower.since, follower.complete), call_id)
        tasks.start_soon(self._push, reply, follower, self._events, tasks)

    async def _push(
        self, reply: bytes, follower: Follower, scope: anyio.CancelScope, tasks: anyio.abc.TaskGroup
    ) -> None:
        try:
            with scope:
                await self._send(reply)
                while not self._deaf and (frames := await follower.frames()):
                    await self._send(frames)
                if follower.lost:
                    raise Hangup("it fell too far behind the events")
        except Hangup as hangup:
            log.warning("control.dropped", peer=self._peer.name, reason=hangup.reason)
            tasks.cancel_scope.cancel()
        finally:
            self._hub.unfollow(follower)

    async def _refuse(self, error: AlgobotError, call_id: CallId | None) -> None:
        await self._send(encode_error(error, call_id))

    async def _send(self, frames: bytes) -> None:
        """Send, or note that nobody listens any more: what was asked before the hang-up is still done."""
        if self._deaf:
            return
        try:
            with anyio.fail_after(self._drain_s):
                async with self._sending:
                    await self._stream.send(frames)
        except TimeoutError as error:
            raise Hangup(f"it took nothing for {self._drain_s:g} s") from error
        except OSError:
            self._deaf = True
