"""The daemon from outside: connect, ask, follow. All that the TUI and scripts know of it.

    async with connect(path) as client:
        status = await client.ask(GetStatus(), Status)
        events = await client.follow(since=snapshot.seq)
        async for event in events: ...

`algobot.line` is the same for programs that must start fast and ask one thing.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import anyio
import msgspec

from algobot.errors import AlgobotError, DaemonUnreachable, DeadlineExceeded, ProtocolError
from algobot.line import unreachable
from algobot.protocol.events import AnyEvent
from algobot.protocol.framing import MAX_REPLY, FrameSplitter
from algobot.protocol.requests import FollowEvents, Following, Hello, Request, SayHello
from algobot.protocol.rpc import (
    CallId,
    Incoming,
    decode_event,
    decode_incoming,
    decode_result,
    encode_request,
    error_of,
    method_of,
)
from algobot.protocol.stream import UnixStream, dial

T = TypeVar("T", bound=msgspec.Struct)

CONNECT_S: Final = 3.0
ASK_S: Final = 10.0
BUFFERED: Final = 65536  # events a consumer may be behind before the connection is given up


class _Waiting:
    """One request under way."""

    __slots__ = ("answer", "ready")

    def __init__(self) -> None:
        self.ready = anyio.Event()
        self.answer: Incoming | AlgobotError | None = None

    def settle(self, answer: Incoming | AlgobotError) -> None:
        self.answer = answer
        self.ready.set()


class Events:
    """The events after `since`, in order; iteration raises `DaemonUnreachable` when the connection ends.

    `complete` is false when events between what was asked for and `since` are gone: take a snapshot.
    """

    def __init__(self) -> None:
        self.since = 0
        self.complete = True
        self.skipped = 0  # events this version does not know
        self._queue: deque[AnyEvent] = deque()
        self._ready = anyio.Event()
        self._ended: AlgobotError | None = None

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> AnyEvent:
        while not self._queue:
            if self._ended is not None:
                raise self._ended
            self._ready = anyio.Event()
            await self._ready.wait()
        return self._queue.popleft()

    def take(self) -> list[AnyEvent]:
        """Return all that is here now, without waiting: one redraw for many events."""
        taken = list(self._queue)
        self._queue.clear()
        return taken

    def _put(self, raw: msgspec.Raw) -> None:
        try:
            self._queue.append(decode_event(raw))
        except ProtocolError:
            self.skipped += 1
        self._ready.set()

    def _end(self, error: AlgobotError) -> None:
        self._ended = error
        self._ready.set()


class Client:
    """One connection to a daemon; `connect` makes it."""

    def __init__(self, stream: UnixStream, path: str) -> None:
        self.hello = Hello(0, "", "", "none", 0)
        self.path = path
        self._stream = stream
        self._sending = anyio.Lock()
        self._next_id = 0
        self._waiting: dict[CallId, _Waiting] = {}
        self._events: Events | None = None
        self._ended: AlgobotError | None = None

    @property
    def alive(self) -> bool:
        """Return whether the connection still stands, as far as is known."""
        return self._ended is None

    async def ask(self, request: Request, reply: type[T], *, timeout_s: float = ASK_S) -> T:
        """Return the daemon's reply; `reply` is the request's `REPLY`.

        Raises:
            DeadlineExceeded: no answer in time; the work may go on.
            DaemonUnreachable: the connection ended.
            AlgobotError: what the daemon refused with, as the class it was raised as.
        """
        if reply is not request.REPLY:
            raise TypeError(f"{type(request).__name__} is answered by {request.REPLY.__name__}, not {reply.__name__}")
        if self._ended is not None:
            raise self._ended
        self._next_id += 1
        call_id, waiting = self._next_id, _Waiting()
        self._waiting[call_id] = waiting
        try:
            with anyio.fail_after(timeout_s):
                await self._send(encode_request(request, call_id))
                await waiting.ready.wait()
        except TimeoutError:
            hint = "the work may still be going on: look at `algobot ctl status`"
            message = f"{method_of(request)}: no answer in {timeout_s:g} s"
            raise DeadlineExceeded(message, hint=hint) from None
        finally:
            del self._waiting[call_id]
        return self._read_answer(waiting.answer, reply)

    async def follow(self, since: int = 0, *, bot_id: str | None = None, timeout_s: float = ASK_S) -> Events:
        """Return the events after `since` (0: from now on); a second call replaces the first.

        Raises:
            AlgobotError: as `ask`.
        """
        events = Events()
        before, self._events = self._events, events  # before asking: the first event may come with the reply
        if before is not None:
            before._end(DaemonUnreachable("these events are followed elsewhere now"))
        request = msgspec.convert({"since": since, "bot_id": bot_id}, FollowEvents)
        following = await self.ask(request, Following, timeout_s=timeout_s)
        events.since, events.complete = following.seq, following.complete
        return events

    async def _send(self, frame: bytes) -> None:
        async with self._sending:
            sent = False
            try:
                await self._stream.send(frame)
                sent = True
            except OSError as error:
                raise unreachable(self.path, "the connection ended") from error
            finally:
                if not sent:  # a part of the frame may have gone: nothing after it would be understood
                    self._end(unreachable(self.path, "the connection ended"))

    def _read_answer(self, answer: Incoming | AlgobotError | None, reply: type[T]) -> T:
        if isinstance(answer, AlgobotError):
            raise answer
        assert answer is not None, "a settled request has its answer"
        if answer.error is not None:
            raise error_of(answer.error)
        return decode_result(answer.result, reply)

    async def _read(self) -> None:
        """Take in what the daemon sends until the connection ends; never raises."""
        splitter = FrameSplitter(MAX_REPLY)
        try:
            while data := await self._stream.receive():
                for frame in splitter.feed(data):
                    if isinstance(frame, ProtocolError):
                        raise frame
                    self._take(decode_incoming(frame))
            self._end(unreachable(self.path, "the connection ended"))
        except OSError as error:
            self._end(unreachable(self.path, error.strerror or str(error)))
        except AlgobotError as error:
            self._end(error)

    def _take(self, incoming: Incoming) -> None:
        if incoming.method == "event":
            if self._events is not None:
                self._events._put(incoming.params)
                if len(self._events._queue) > BUFFERED:
                    raise DeadlineExceeded("events came faster than they were taken", hint="connect again")
        elif incoming.id is not None and incoming.id in self._waiting:
            self._waiting[incoming.id].settle(incoming)
        elif incoming.id is None and incoming.error is not None:
            raise error_of(incoming.error)  # it was said to the connection: turned away, or a frame it could not read

    def _end(self, error: AlgobotError) -> None:
        self._ended = error
        for waiting in self._waiting.values():
            waiting.settle(error)
        if self._events is not None:
            self._events._end(error)


@asynccontextmanager
async def connect(path: str | Path, *, name: str = "", timeout_s: float = CONNECT_S) -> AsyncIterator[Client]:
    """Give a greeted connection to the daemon at `path`.

    Raises:
        DaemonUnreachable: nobody answers there.
        NotPermitted: the daemon does not serve this user.
        ProtocolError: the daemon speaks another protocol.
    """
    stream = await _dial(os.fspath(path), timeout_s)
    client = Client(stream, os.fspath(path))
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client._read)
            client.hello = await client.ask(SayHello(client=name), Hello, timeout_s=timeout_s)
            yield client
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:  # the reader never raises: what is in the group is the caller's own error
        raise group.exceptions[0] from None
    finally:
        stream.close()


async def _dial(path: str, timeout_s: float) -> UnixStream:
    try:
        with anyio.fail_after(timeout_s):
            return await dial(path)
    except TimeoutError:
        raise unreachable(path, f"no answer in {timeout_s:g} s") from None
    except OSError as error:
        raise unreachable(path, error.strerror or str(error)) from error
