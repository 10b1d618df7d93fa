"""A Unix stream socket under the event loop's own `sock_*` calls.

anyio's Unix streams lose a race: a cancel in the same turn of the loop as the peer's bytes raises InvalidStateError in
a callback (anyio 4.16). asyncio's calls look whether their future is done first.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import ExitStack
from typing import Final

READ: Final = 1 << 16


class UnixStream:
    """Bytes to and from one peer; errors are `OSError`."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self._loop = asyncio.get_running_loop()

    async def receive(self) -> bytes:
        """Return the next bytes, b"" when the peer has hung up or this end was closed."""
        if self.socket.fileno() < 0:
            return b""
        return await self._loop.sock_recv(self.socket, READ)

    async def send(self, data: bytes) -> None:
        """Return once the kernel has taken all of `data`; when canceled, a part may have gone."""
        if self.socket.fileno() < 0:
            raise BrokenPipeError("closed")
        await self._loop.sock_sendall(self.socket, data)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


async def dial(path: str) -> UnixStream:
    """Return a stream to the listener at `path`. Raises OSError."""
    connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with ExitStack() as undo:
        undo.callback(connecting.close)
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, os.fspath(path))
        undo.pop_all()
    return UnixStream(connecting)


async def accept(listening: socket.socket) -> UnixStream:
    """Return a stream to the next client of a non-blocking listening socket. Raises OSError."""
    connected, _ = await asyncio.get_running_loop().sock_accept(listening)
    return UnixStream(connected)
