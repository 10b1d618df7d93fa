"""The simulator as a thing to start and stop: one port on loopback for REST, streams and the admin endpoint."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType

from aiohttp import web

from algobot.errors import UsageError
from algobot.simulator.admin import Admin
from algobot.simulator.config import SimConfig
from algobot.simulator.desk import Desk
from algobot.simulator.rest import Rest
from algobot.simulator.sockets import Sockets
from algobot.simulator.venue import Venue


class Simulator:
    """`async with Simulator(SimConfig(...)) as sim: sim.url` — a venue for as long as the block lasts."""

    def __init__(self, config: SimConfig) -> None:
        self.config = config
        self.venue = Venue(config)
        self._runner: web.AppRunner | None = None
        self._clockwork: asyncio.Task[None] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens, for instance `http://127.0.0.1:8900`."""
        return self._url

    @property
    def log_path(self) -> Path | None:
        """Where the ground truth is written."""
        return self.venue.journal.path

    async def start(self) -> None:
        """Listen and let time pass. Raises UsageError when the port is taken."""
        desk = Desk(self.venue)
        rest, sockets = Rest(self.venue, desk), Sockets(self.venue, desk)
        app = web.Application(client_max_size=1 << 20)
        app.add_routes(Admin(self.venue).routes())
        app.add_routes(
            [
                web.get("/ws-api/v3", sockets.api),
                web.get("/ws", sockets.market),
                web.get("/ws/{names:.*}", sockets.market),
                web.get("/stream", sockets.market),
                web.route("*", "/{path:.*}", rest.handle),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(f"port={self.config.port}: {error.strerror}", hint="--port 0 takes any free one") from None
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        self.venue.open()
        self._clockwork = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Cut every connection and close the log."""
        if self._clockwork is not None:
            self._clockwork.cancel()
            await asyncio.wait([self._clockwork])
        for client in list(self.venue.hub.clients):
            client.cut()
        if self._runner is not None:
            await self._runner.cleanup()
        self.venue.journal.close()

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _run(self) -> None:
        while True:
            self.venue.advance()
            await asyncio.sleep(self.venue.beat_s())
