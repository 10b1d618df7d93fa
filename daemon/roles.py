"""Who is at the other end of a Unix socket, and what they may ask."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from typing import Final

import msgspec

from algobot.errors import ConfigError
from algobot.protocol.requests import Request

CONTROL: Final = "control"
VIEW: Final = "view"
NONE: Final = "none"
_CREDENTIALS: Final = struct.Struct("3i")  # Linux's struct ucred


class Peer(msgspec.Struct, frozen=True):
    """Who connected, as the kernel says (SO_PEERCRED), and their role."""

    pid: int
    uid: int
    gid: int
    role: str

    @property
    def name(self) -> str:
        """Return who it is, for the audit."""
        try:
            return f"{pwd.getpwuid(self.uid).pw_name}[{self.pid}]"
        except KeyError:
            return f"uid {self.uid}[{self.pid}]"

    def may(self, kind: type[Request]) -> bool:
        """Return whether this peer's role allows requests of that kind."""
        return self.role == CONTROL or (self.role == VIEW and not kind.MUTATES)


class Roles(msgspec.Struct, frozen=True):
    """The one table: the daemon's own user and root control, members of the socket's group view, others nothing."""

    owner_uid: int
    group_gid: int | None = None

    @classmethod
    def of_process(cls, socket_group: str = "") -> Roles:
        """Return the table of the running process.

        Raises:
            ConfigError: there is no such group.
        """
        if not socket_group:
            return cls(os.geteuid())
        try:
            return cls(os.geteuid(), grp.getgrnam(socket_group).gr_gid)
        except KeyError as error:
            hint = f"create it (`groupadd {socket_group}`) or leave daemon.socket_group empty"
            raise ConfigError(f"daemon.socket_group: there is no group {socket_group!r}", hint=hint) from error

    def role_of(self, uid: int, gid: int) -> str:
        """Return "control", "view" or "none"."""
        if uid in (self.owner_uid, 0):
            return CONTROL
        if self.group_gid is not None and self.group_gid in _groups(uid, gid):
            return VIEW
        return NONE

    def peer(self, connection: socket.socket) -> Peer:
        """Return who is at the other end."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, gid = _CREDENTIALS.unpack(raw)
        return Peer(pid, uid, gid, self.role_of(uid, gid))


def _groups(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return [gid]
