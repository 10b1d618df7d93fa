"""The private stream: followed for ever, and swept behind whenever it had a gap, before the account acts again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, cast

import anyio
import anyio.abc

from algobot.errors import VenueError
from algobot.model import VenueFill, VenueOrder
from algobot.venues.port import BalancesChanged, Connected, PrivateEvent
from daemon.gateway.context import Context
from daemon.gateway.intake import Intake
from daemon.reconcile import Reconciler

STREAM: Final = "stream"
SLOWEST: Final = 16  # times the first delay between attempts to connect


class PrivateStream:
    """One account's orders, fills and balances as they happen."""

    def __init__(self, context: Context, intake: Intake, reconciler: Reconciler) -> None:
        self.up = anyio.Event()  # connected for the first time of this run
        self._on = context
        self._intake = intake
        self._reconciler = reconciler
        self._connections = 0
        self._life = anyio.CancelScope()  # of the present connection

    def reset(self) -> None:
        """Begin anew: call before `run`."""
        self.up, self._connections = anyio.Event(), 0

    async def run(self, sweep: Callable[[], Awaitable[bool]]) -> None:
        """Follow until canceled; after a reconnect the gate stays closed until a `sweep` was complete."""
        delay_s = self._on.cadence.reconnect_s
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            while True:
                before = self._connections
                try:
                    with anyio.CancelScope() as self._life:
                        await self._follow(tasks, sweep)
                    why = "it answers and tells nothing" if self._life.cancel_called else "it ended"
                except VenueError as error:
                    why = error.message
                self._on.gate.trouble(STREAM, f"the private stream is down: {why}")
                delay_s = self._on.cadence.reconnect_s if self._connections > before else delay_s * 2
                delay_s = min(delay_s, SLOWEST * self._on.cadence.reconnect_s)
                await anyio.sleep(delay_s)

    async def _follow(self, tasks: anyio.abc.TaskGroup, sweep: Callable[[], Awaitable[bool]]) -> None:
        events = cast("AsyncGenerator[PrivateEvent, None]", self._on.account.stream())
        async with aclosing(events):
            async for event in events:
                self._on.hearing.heard(self._on.clock.monotonic_ns())
                match event:
                    case Connected():
                        self._connections += 1
                        self._on.streaming_ns = self._on.clock.wall_ns() + int(self._on.cadence.skew_s * 1e9)
                        tasks.start_soon(self._sweep, sweep, self._connections)
                    case VenueOrder():
                        self._intake.order(event)
                    case VenueFill():
                        self._intake.fill(event)
                    case BalancesChanged(balances=balances):
                        self._reconciler.show(balances)

    async def _listen(self) -> None:
        """End a connection that is alive and says nothing of what is known to have happened."""
        while True:
            await anyio.sleep(self._on.cadence.deaf_s / 8)
            if self._on.hearing.deaf(self._on.clock.monotonic_ns()):
                self._on.hearing.heard(self._on.clock.monotonic_ns())
                self._life.cancel()

    async def _sweep(self, sweep: Callable[[], Awaitable[bool]], connection: int) -> None:
        """Look behind a gap; the first connection is swept by the start-up."""
        if not self.up.is_set():
            self._on.gate.resolved(STREAM)
            self.up.set()
            return
        self._on.gate.trouble(STREAM, "the private stream is back: looking for what it missed")
        while not await sweep():  # noqa: ASYNC110 - a venue does not say when it answers again
            await anyio.sleep(self._on.cadence.reconnect_s)
        if connection == self._connections:
            self._on.gate.resolved(STREAM)
