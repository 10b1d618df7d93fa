"""The connection of the TUI: attaches, folds events into the view, comes back by itself; and the kill switch's own.

Screens read `state`, `view` and `detail`; nothing here draws. Both classes live in one task each, `run`, that ends
when it is cancelled and raises nothing for what a daemon may do.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from algobot.client import Client, Events, connect
from algobot.errors import AlgobotError, DaemonUnreachable, DeadlineExceeded
from algobot.model import BotId
from algobot.protocol.requests import GetSnapshot, GetStatus, Request, ShowBot, Snapshot
from algobot.protocol.rows import BotDetail, Status
from tui import detail as page
from tui import view as views
from tui.scene import LinkState
from tui.view import View

T = TypeVar("T", bound=msgspec.Struct)

BACKOFF_S: Final = (0.3, 0.6, 1.2, 2.5, 5.0)
STATUS_S: Final = 2.0
SEEDED_BOTS: Final = 40  # with more of them their past curves are not asked for
WORK_S: Final = 60.0  # a stop waits for its cancels


class Link:
    """What the screens know of the daemon, kept current."""

    def __init__(self, socket: str, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.state = LinkState(socket)
        self.view: View | None = None
        self.detail: BotDetail | None = None
        self.clock = clock
        self._client: Client | None = None
        self._watched: BotId | None = None

    async def run(self) -> None:
        """Attach, follow, and attach again whenever the connection ends; until cancelled."""
        while True:
            try:
                async with connect(self.state.socket, name="tui") as client:
                    await self._attach(client)
            except AlgobotError as error:
                self._lose(error)
            except OSError as error:
                self._lose(DaemonUnreachable(f"no daemon at {self.state.socket}: {error}"))
            wait_s = BACKOFF_S[min(self.state.attempts, len(BACKOFF_S)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311
            self.state = replace(self.state, retry_at_ns=self.clock() + int(wait_s * 1e9))
            await asyncio.sleep(wait_s)

    async def ask(self, request: Request, reply: type[T], *, timeout_s: float = WORK_S) -> T:
        """The daemon's reply.

        Raises:
            AlgobotError: not connected, no answer in time, or what the daemon refused with.
        """
        if self._client is None:
            raise DaemonUnreachable("not connected", hint="wait for the connection, or use algobot kill")
        answer = await self._client.ask(request, reply, timeout_s=timeout_s)
        self._hear()
        return answer

    async def watch(self, bot_id: BotId | None) -> None:
        """Keep `detail` current for one bot, or for none.

        Raises:
            AlgobotError: as `ask`; `detail` is None then.
        """
        self._watched, self.detail = bot_id, None
        if bot_id is not None:
            detail = await self.ask(ShowBot(bot_id=bot_id), BotDetail)
            if self._watched == bot_id:
                self.detail = detail

    # --- one connection --------------------------------------------------------------------------------------------

    async def _attach(self, client: Client) -> None:
        hello = client.hello
        snapshot = await client.ask(GetSnapshot(), Snapshot)
        events = await client.follow(since=snapshot.seq)
        if not events.complete:  # it moved on faster than we looked: once more, with the events already coming
            snapshot = await client.ask(GetSnapshot(), Snapshot)
        curves = self.view.curves if self.view else {}
        alarms = self.view.alarms if self.view else ()
        self.view = replace(views.start(snapshot), curves=curves, alarms=alarms)
        now = self.clock()
        self.state = LinkState(
            self.state.socket,
            "linked",
            role=hello.role,
            pid=hello.pid,
            version=hello.version,
            heard_ns=now,
            clock_offset_ns=snapshot.status.now_ns - now,
        )
        self._client = client
        polling = asyncio.create_task(self._poll(client))
        try:
            await self._follow(events)
        finally:
            self._client = None
            polling.cancel()
            await asyncio.wait({polling})  # not `await polling`: its cancellation must not be taken for ours

    async def _follow(self, events: Events) -> None:
        async for event in events:
            for each in [event, *events.take()]:
                if self.view is not None:
                    self.view = views.apply(self.view, each)
                if self.detail is not None:
                    self.detail = page.apply(self.detail, each)
            self._hear()

    async def _poll(self, client: Client) -> None:
        """Fetch what no event carries: past curves once, then the status every two seconds."""
        with suppress(AlgobotError):  # the events end with the same connection, and `run` tells why
            await self._seed(client)
            while True:
                await asyncio.sleep(STATUS_S)
                with suppress(DeadlineExceeded):
                    status = await client.ask(GetStatus(), Status, timeout_s=STATUS_S * 2)
                    if self.view is not None:
                        self.view = views.refresh(self.view, status)
                    self.state = replace(self.state, clock_offset_ns=status.now_ns - self.clock())
                    self._hear()

    async def _seed(self, client: Client) -> None:
        bots = list(self.view.bots) if self.view else []
        if len(bots) <= SEEDED_BOTS:
            for bot_id in bots:
                with suppress(AlgobotError):
                    detail = await client.ask(ShowBot(bot_id=bot_id), BotDetail)
                    if self.view is not None:
                        self.view = views.seed(self.view, detail)
                    if bot_id == self._watched:
                        self.detail = detail

    def _hear(self) -> None:
        self.state = replace(self.state, heard_ns=self.clock())

    def _lose(self, error: AlgobotError) -> None:
        old = self.state
        self.state = replace(
            old,
            phase="lost" if self.view is not None else "connecting",
            attempts=old.attempts + 1,
            lost_ns=self.clock() if old.phase == "linked" else old.lost_ns,
            problem=error.message,
            hint=error.hint,
        )


class KillLine:
    """A connection of its own, opened at the start and kept: a panic is no time to dial."""

    def __init__(self, socket: str) -> None:
        self.ready = False
        self._socket = socket
        self._client: Client | None = None

    async def run(self) -> None:
        """Keep the connection, and try it every few seconds; until cancelled."""
        while True:
            with suppress(AlgobotError, OSError):
                async with connect(self._socket, name="tui kill switch") as client:
                    self._client = client
                    await self._keep(client)
            self._client, self.ready = None, False
            await asyncio.sleep(1.0)

    async def _keep(self, client: Client) -> None:
        self.ready = True
        beats = 0
        while client.alive:
            await asyncio.sleep(0.3)
            beats += 1
            if beats % 10:
                continue
            try:
                await client.ask(GetStatus(), Status, timeout_s=2.0)
                self.ready = True
            except DeadlineExceeded:
                self.ready = False  # it is wedged; the connection stays, it may come round

    async def ask(self, request: Request, reply: type[T], *, timeout_s: float = 30.0) -> T:
        """The daemon's reply; where the kept connection has died meanwhile, over a new one (a kill may be repeated).

        Raises:
            AlgobotError: nobody answers, no answer in time, or it was refused.
        """
        if self._client is not None and self._client.alive:
            with suppress(DaemonUnreachable):
                return await self._client.ask(request, reply, timeout_s=timeout_s)
        async with connect(self._socket, name="tui kill switch") as client:
            return await client.ask(request, reply, timeout_s=timeout_s)
