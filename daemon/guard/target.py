"""The daemon as a process: who it is beyond doubt, and how it is ended.

A pid alone is not enough: numbers are used again. The daemon writes its pid and its start into the lock it holds; only
a living process with that pid and that start, while the lock is held, is the daemon. Nothing else is ever killed.
"""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import Final, NamedTuple

import anyio

from daemon.locks import start_ticks

LOCK: Final = "daemon.lock"
_READ: Final = 64


class Target(NamedTuple):
    """One process, by pid and start."""

    pid: int
    started: int  # the kernel's ticks since boot

    @property
    def alive(self) -> bool:
        """Whether this very process still exists; a zombie does not."""
        return start_ticks(self.pid) == self.started and not _is_zombie(self.pid)


def holder(state_dir: Path) -> Target | None:
    """Return the daemon that owns a state directory, or None when none does."""
    try:
        descriptor = os.open(state_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        pid, _, started = os.pread(descriptor, _READ, 0).decode("ascii", "replace").strip().partition(" ")
        if not (pid.isdecimal() and started.isdecimal()):
            return None
        found = Target(int(pid), int(started))
        return found if found.started and found.alive and _is_held(descriptor) else None
    finally:
        os.close(descriptor)


async def end(target: Target, *, within_s: float = 5.0) -> bool:
    """SIGKILL this very process and return whether it is gone.

    By a pidfd, taken before the process is looked at again: what is killed is what was looked at.
    """
    try:
        descriptor = os.pidfd_open(target.pid)
    except OSError:
        return not target.alive
    try:
        if not target.alive:
            return True
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        with anyio.move_on_after(within_s):
            await anyio.wait_readable(descriptor)
            return True
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return not target.alive


def _is_held(descriptor: int) -> bool:
    """Return whether somebody holds the lock; asked only of a lock whose owner lives, so that no start is disturbed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return stat[stat.rindex(b")") + 2 :][:1] in (b"Z", b"X")
    except (OSError, ValueError):
        return True
