"""What `algobot doctor` looks at: each check reads, changes nothing, and never raises."""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import importlib.util
import os
import platform
import shutil
import socket
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

from algobot import paths
from algobot.config import Config, load
from algobot.errors import AlgobotError

_GIB: Final = 1 << 30
_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)
_MAX_ERROR_S: Final = 0.5  # venues refuse a request stamped further off than a second or so
_NEEDED: Final = ("aiosqlite", "anyio", "ccxt", "numba", "numpy", "pyarrow", "structlog", "textual", "websockets")
DATABASE: Final = "algobot.db"


class Finding(msgspec.Struct, frozen=True):
    """What one check saw."""

    name: str
    status: Literal["ok", "warn", "fail", "skip"]
    message: str
    hint: str = ""


def examine(file: str | None) -> list[Finding]:
    """Return all findings, for the configuration in `file` or the one in use."""
    config, found = _configuration(file)
    state = paths.client_state_dir(config.daemon.state_dir)
    control = paths.client_socket(config.daemon.socket)
    if file is not None and not config.daemon.socket:
        control = paths.socket_path(configured_state_dir=config.daemon.state_dir)
    answers = _answers(control)
    return [
        _python(),
        found,
        _clock(),
        _private_folder("state", state),
        _private_folder("runtime", control.parent, bad="warn"),
        _socket(control, answers=answers),
        _disk(state),
        _database(state / DATABASE, in_use=answers),
        _linger(),
        _terminal(),
    ]


def _configuration(file: str | None) -> tuple[Config, Finding]:
    try:
        config = load(file)
    except AlgobotError as error:
        missing = file is None and "there is no configuration" in error.message
        return Config(), Finding("config", "warn" if missing else "fail", error.message, error.hint)
    live = sum(bot.mode.value == "live" for bot in config.bots.values())
    return config, Finding("config", "ok", f"{len(config.bots)} bots, {live} of them with real money")


def _python() -> Finding:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    text = f"{platform.python_version()} ({sys.executable})"
    if missing:
        return Finding("python", "fail", f"{text} lacks {', '.join(missing)}", "install algobot into an environment")
    return Finding("python", "ok", text)


def _clock() -> Finding:
    """Ask the kernel whether somebody keeps its clock right: a wrong one makes venues refuse every order."""
    buffer = (ctypes.c_long * 64)()  # struct timex begins with modes (0: read only), offset, freq, maxerror
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(buffer))
    except (OSError, AttributeError):
        state = -1
    if state < 0:
        return Finding("clock", "skip", "this system does not say whether its clock is synchronised")
    if state == _UNSYNCHRONISED or buffer[3] / 1e6 > _MAX_ERROR_S:
        return Finding("clock", "warn", "the clock is not synchronised", "sudo timedatectl set-ntp true")
    return Finding("clock", "ok", f"synchronised, at most {buffer[3] / 1000:.0f} ms off")


def _private_folder(name: str, folder: Path, *, bad: Literal["warn", "fail"] = "fail") -> Finding:
    try:
        info = folder.stat()
    except FileNotFoundError:
        return Finding(name, "ok", f"{folder} (the daemon makes it)")
    except OSError as error:
        return Finding(name, bad, f"{folder}: {error.strerror}", "see the owner and mode of the folders above")
    mode = stat.S_IMODE(info.st_mode)
    if not stat.S_ISDIR(info.st_mode):
        return Finding(name, bad, f"{folder} is not a folder", "move it away, or configure another place")
    if info.st_uid != os.geteuid():
        return Finding(name, bad, f"{folder} belongs to user {info.st_uid}", f"sudo chown {os.geteuid()} {folder}")
    if mode & 0o077:
        return Finding(name, bad, f"{folder} is open to others (mode {mode:04o})", f"chmod 700 {folder}")
    return Finding(name, "ok", str(folder))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _socket(path: Path, *, answers: bool) -> Finding:
    if answers:
        return Finding("socket", "ok", f"{path}: a daemon answers")
    if not path.exists():
        return Finding("socket", "ok", f"{path}: no daemon is running here")
    hint = "left by a daemon that was killed, the next one takes it over; or you may not connect"
    return Finding("socket", "warn", f"{path}: nobody answers", hint)


def _disk(state: Path) -> Finding:
    folder = next(place for place in (state, *state.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / _GIB:.1f} GiB free for {state}"
    if free < _GIB // 10:
        return Finding("disk", "fail", text, "with a full disk no order is sent: make room")
    return Finding("disk", "warn" if free < _GIB else "ok", text, "a GiB lasts for months of fills and logs")


def _database(file: Path, *, in_use: bool) -> Finding:
    if in_use:
        return Finding("database", "skip", f"{file}: the daemon has it open and watches it itself")
    if not file.exists():
        return Finding("database", "ok", f"{file} (the daemon makes it)")
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=2.0)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    if answer != "ok":
        hint = "stop the daemon, keep a copy, put the newest of backups/ in its place"
        return Finding("database", "fail", f"{file}: {answer}", hint)
    return Finding("database", "ok", str(file))


def _linger() -> Finding:
    """A user service ends with its user's last session unless the user lingers."""
    unit = paths.config_path().parent.parent / "systemd" / "user" / "algobot.service"
    if not unit.exists():
        return Finding("linger", "skip", "no user service is installed")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        return Finding("linger", "skip", "this user has no name")
    if Path("/var/lib/systemd/linger", user).exists():
        return Finding("linger", "ok", "the user service outlives your sessions")
    return Finding("linger", "warn", "the user service stops when you log out", "loginctl enable-linger")


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding("terminal", "skip", "not on a terminal")
    size = shutil.get_terminal_size()
    name = os.environ.get("TERM", "")
    text = f"{name or 'unknown'}, {size.columns}×{size.lines}, {sys.stdout.encoding}"
    if name in ("", "dumb"):
        return Finding("terminal", "warn", text, "set TERM, e.g. xterm-256color, for `algobot tui`")
    if "utf" not in sys.stdout.encoding.lower():
        return Finding("terminal", "warn", text, "use a UTF-8 locale, e.g. LANG=C.UTF-8")
    if size.columns < 80 or size.lines < 24:
        return Finding("terminal", "warn", text, "the screens want 80×24")
    return Finding("terminal", "ok", text)
