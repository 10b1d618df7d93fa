"""The control socket: inherited from systemd, or bound so that nobody can connect in between."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from algobot.errors import ConfigError, LockHeld

FIRST_FD: Final = 3  # systemd's SD_LISTEN_FDS_START
FD_NAME: Final = "control"
BACKLOG: Final = 64


def inherited(env: Mapping[str, str] | None = None) -> socket.socket | None:
    """Return the listening socket systemd passed (LISTEN_FDS, named "control" or the only one), or None.

    Raises:
        ConfigError: sockets were passed, none of them ours.
    """
    env = os.environ if env is None else env
    count = env.get("LISTEN_FDS", "")
    if not count.isdigit() or int(count) < 1 or env.get("LISTEN_PID", "") != str(os.getpid()):
        return None
    names = env.get("LISTEN_FDNAMES", "").split(":")
    if FD_NAME in names[: int(count)]:
        number = FIRST_FD + names.index(FD_NAME)
    elif int(count) == 1:
        number = FIRST_FD
    else:
        hint = f"say FileDescriptorName={FD_NAME} in the socket unit"
        raise ConfigError(f"systemd passed {count} sockets, none named {FD_NAME!r}", hint=hint)
    found = socket.socket(fileno=number)
    if found.family != socket.AF_UNIX or found.type != socket.SOCK_STREAM:
        found.detach()
        raise ConfigError("the socket systemd passed is not a Unix stream socket", hint="use ListenStream=/run/…")
    os.set_inheritable(number, False)
    found.setblocking(False)
    return found


def bind(path: Path, *, gid: int | None = None) -> socket.socket:
    """Return a listening socket at `path`, mode 0600 (0660 and that group with `gid`), in a directory of mode 0700.

    The caller holds the daemon's lock: a socket that is there is then nobody's, and is removed; one that somebody
    answers at is another daemon's all the same.

    Raises:
        LockHeld: somebody answers there.
        ConfigError: the path cannot be a socket's.
    """
    _prepare(path, gid)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # the socket is born 0600: there is no moment in which others may connect
    try:
        found.bind(os.fspath(path))
    except OSError as error:
        found.close()
        raise ConfigError(f"socket {path}: {error.strerror or error}", hint="set daemon.socket elsewhere") from error
    finally:
        os.umask(before)
    if gid is not None:
        os.chown(path, -1, gid)
        path.chmod(0o660)
    found.listen(BACKLOG)
    found.setblocking(False)
    return found


def unbind(path: Path, inode: int) -> None:
    """Remove the socket file if it is still the one that was bound."""
    with suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


def _prepare(path: Path, gid: int | None) -> None:
    if len(os.fsencode(path)) > 107:
        raise ConfigError(f"socket {path} is longer than the 107 bytes a Unix socket may have", hint="shorten it")
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            if gid is not None:  # its members must get through to the socket
                os.chown(path.parent, -1, gid)
                path.parent.chmod(0o750)
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"socket {path}: {error.strerror or error}", hint="set daemon.socket elsewhere") from error
    if not stat.S_ISSOCK(mode):
        raise ConfigError(f"socket {path}: there is a file of another kind", hint="move it or set daemon.socket")
    if _answers(path):
        raise LockHeld(f"another daemon answers at {path}", hint="`algobot ctl status` shows it; stop it first")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(os.fspath(path))
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
        return True
