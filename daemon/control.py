"""The control server: the one door through which the daemon is seen and steered."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import structlog

from algobot.errors import AlgobotError, NotPermitted, Refused
from algobot.protocol.rpc import encode_error
from algobot.protocol.stream import UnixStream, accept
from daemon.connection import DRAIN_S, FIRST_FRAME_S, Connection, Hangup
from daemon.face import Face
from daemon.hub import Hub
from daemon.listen import bind, inherited, unbind
from daemon.roles import NONE, Roles

CLIENTS: Final = 64
RESERVE: Final = 4  # places beyond, for the kill switch alone
_BREATH_S: Final = 0.1  # after an accept failed, for instance for want of file descriptors

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.control")


class ControlServer:
    """Serves `face` and the events of `hub` to clients of a Unix socket."""

    def __init__(
        self,
        face: Face,
        hub: Hub,
        roles: Roles,
        *,
        drain_s: float = DRAIN_S,
        first_frame_s: float = FIRST_FRAME_S,
        clients: int = CLIENTS,
    ) -> None:
        self._face = face
        self._hub = hub
        self._roles = roles
        self._drain_s = drain_s
        self._first_frame_s = first_frame_s
        self._most = clients
        self._clients = 0

    @property
    def clients(self) -> int:
        """Return how many are connected."""
        return self._clients

    async def run(self, listening: socket.socket) -> None:
        """Accept and serve until canceled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._hub.run)
            while True:
                try:
                    stream = await accept(listening)
                except OSError as error:
                    log.warning("control.accept_failed", reason=str(error))
                    await anyio.sleep(_BREATH_S)
                    continue
                self._clients += 1
                tasks.start_soon(self._serve, stream, self._clients)

    async def _serve(self, stream: UnixStream, place: int) -> None:
        try:
            peer = self._roles.peer(stream.socket)
            if peer.role == NONE:
                refusal = NotPermitted(
                    f"{peer.name} may not use this daemon", hint="ask its owner to be put into daemon.socket_group"
                )
                return await self._turn_away(stream, refusal)
            full = None
            if place > self._most:
                full = Refused(f"{self._most} clients are connected already", hint="close one and try again")
            if full is not None and place > self._most + RESERVE:
                return await self._turn_away(stream, full)
            connection = Connection(
                stream, peer, self._face, self._hub, drain_s=self._drain_s, first_frame_s=self._first_frame_s, full=full
            )
            reason = await connection.serve()
            log.debug("control.left", peer=peer.name, reason=reason)
        except (OSError, Hangup) as error:
            log.debug("control.left", reason=str(error))
        finally:
            stream.close()
            self._clients -= 1

    async def _turn_away(self, stream: UnixStream, error: AlgobotError) -> None:
        with anyio.move_on_after(self._drain_s):
            await stream.send(encode_error(error, None))


@asynccontextmanager
async def open_socket(path: Path, *, group_gid: int | None = None) -> AsyncIterator[socket.socket]:
    """Give the listening socket: systemd's if it passed one, else one bound at `path` (and removed in the end).

    Only while holding the daemon's lock: a stale socket at `path` is removed.
    """
    found = inherited()
    if found is not None:
        yield found
        return
    found = bind(path, gid=group_gid)
    inode = os.stat(path).st_ino  # noqa: PTH116 - a socket on a local disk
    try:
        yield found
    finally:
        found.close()
        unbind(path, inode)
