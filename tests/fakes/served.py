"""A control server over a fake face, on a real socket, for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
from structlog.testing import capture_logs

from daemon.control import ControlServer, open_socket
from daemon.hub import Hub
from daemon.roles import Roles
from tests.fakes.face import FakeFace


class Served(msgspec.Struct):
    """What a test holds of it."""

    path: Path
    face: FakeFace
    hub: Hub
    server: ControlServer
    said: list[MutableMapping[str, Any]]  # what it logged
    call: Callable[..., object] | None = None  # runs a function in the server's thread, where it has one of its own


@asynccontextmanager
async def a_server(
    folder: Path,
    *,
    roles: Roles | None = None,
    drain_s: float = 5.0,
    first_frame_s: float = 2.0,
    clients: int = 64,
) -> AsyncIterator[Served]:
    """Serve a quiet fake daemon in `folder`."""
    hub = Hub(coalesce_s=0.005)
    face = FakeFace(hub)
    server = ControlServer(
        face, hub, roles or Roles.of_process(), drain_s=drain_s, first_frame_s=first_frame_s, clients=clients
    )
    path = folder / "run" / "control.sock"
    with capture_logs() as said:
        async with open_socket(path) as listening, anyio.create_task_group() as tasks:
            tasks.start_soon(server.run, listening)
            with anyio.fail_after(60):
                yield Served(path, face, hub, server, said)
            tasks.cancel_scope.cancel()
