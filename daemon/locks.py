"""Locks that keep two daemons apart: one per state directory, one per API key. The kernel frees them when we die."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from algobot.errors import LockHeld

_PID_BYTES: Final = 32


class Lock:
    """An exclusive `flock`, held from `take` until `release` or the end of the process."""

    def __init__(self, path: Path, what: str, hint: str) -> None:
        self.path = path
        self._what = what
        self._hint = hint
        self._descriptor = -1

    def take(self) -> Lock:
        """Hold it and write in who we are, pid and start. Raises LockHeld naming who holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = (os.pread(descriptor, _PID_BYTES, 0).decode("ascii", "replace").split() or ["unknown"])[0]
            os.close(descriptor)
            raise LockHeld(f"{self._what} is in use by another daemon (pid {holder})", hint=self._hint) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {start_ticks(os.getpid())}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Let go; the file stays, it is the lock that matters."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Lock:
        return self.take()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def start_ticks(pid: int) -> int:
    """Return when a process started, in the kernel's ticks since boot: with it a pid names one process for ever.

    0 where /proc does not say: no such process, or no /proc.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat[stat.rindex(b")") + 2 :].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def state_lock(state_dir: Path) -> Lock:
    """Return the lock of a state directory, not yet taken."""
    return Lock(
        state_dir / "daemon.lock",
        f"state directory {state_dir}",
        "stop that daemon first (`algobot ctl status` shows it), or set daemon.state_dir to another directory",
    )


def key_lock(api_key: str, directory: Path | None = None) -> Lock:
    """Return the lock of an API key on this machine, not yet taken; only a hash of the key names it."""
    digest = hashlib.sha256(b"algobot key " + api_key.encode()).hexdigest()[:24]
    return Lock(
        (directory or key_lock_directory()) / f"key-{digest}.lock",
        f"the API key ending in …{api_key[-4:] if len(api_key) >= 12 else ''}",
        "one daemon per key: stop the other, or make a key of its own for this one at the venue",
    )


def key_lock_directory() -> Path:
    """Return this user's directory of key locks, made if missing; the same for every state directory.

    Raises:
        LockHeld: somebody else owns the place where it belongs.
    """
    runtime = Path(f"/run/user/{os.getuid()}")  # not from the environment: two daemons must agree on it
    home = runtime if runtime.is_dir() and os.access(runtime, os.W_OK) else Path(tempfile.gettempdir())
    base = home / f"algobot-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    status = base.lstat()
    if status.st_uid != os.getuid() or base.is_symlink():
        hint = f"remove {base} or set TMPDIR to a place of your own"
        raise LockHeld(f"{base} belongs to user {status.st_uid}", hint=hint)
    return base
