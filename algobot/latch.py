"""The kill switch's latch: files that halt trading for as long as they exist. Standard library only.

`HALT` in the state directory halts everything, `HALT.account.NAME` one account, `HALT.bot.NAME` one bot. That a file
exists is the halt; what it says (JSON) is only who, when and why. An empty or unreadable one halts all the same.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Final, NamedTuple

SCOPES: Final = ("all", "account", "bot")
MODES: Final = ("halt", "cancel", "flatten")  # in rising severity
_FILE: Final = "HALT"
_READ_LIMIT: Final = 65536


class Latch(NamedTuple):
    """One halt: over what, how far it goes, and who wanted it."""

    scope: str  # "all", "account", "bot"
    target: str  # "" for all, else the account's or bot's name
    mode: str  # "halt", "cancel", "flatten"
    reason: str
    since_ns: int
    by: str
    foreign: bool = False  # the guard cancels orders that are not ours, too: told so for an account or for all

    @property
    def words(self) -> str:
        """The halt in words for a refusal or a bot's reason."""
        over = self.scope if self.scope == "all" else f"{self.scope} {self.target}"
        return f"halted ({over}): {self.reason or 'no reason given'}"


def path_of(state_dir: Path, scope: str, target: str) -> Path:
    """Return the latch file of a scope.

    Raises:
        ValueError: no such scope, or a target that cannot be a file name of its own.
    """
    if scope == "all":
        return state_dir / _FILE
    if scope not in SCOPES or not target or "/" in target or target.startswith("."):
        raise ValueError(f"scope {scope!r} with target {target!r} is not one: all, account NAME or bot NAME")
    return state_dir / f"{_FILE}.{scope}.{target}"


def close(state_dir: Path, scope: str, target: str, mode: str, reason: str, by: str, *, foreign: bool = False) -> Latch:
    """Latch and return what is latched: durable when this returns. One that exists stays; it can only grow stricter.

    Raises:
        ValueError: not a scope, target or mode.
        OSError: the file could not be written, though it may exist (and then halts).
    """
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is not one of {', '.join(MODES)}")
    path = path_of(state_dir, scope, target)
    wanted = Latch(scope, target, mode, reason, time.time_ns(), by, foreign)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        standing = _parse(path, scope, target)
        if MODES.index(standing.mode) >= MODES.index(mode) and standing.foreign >= foreign:
            return standing
        mode = max(mode, standing.mode, key=MODES.index)
        foreign = foreign or standing.foreign
        wanted = standing._replace(mode=mode, reason=standing.reason or reason, by=standing.by or by, foreign=foreign)
        _replace(path, wanted)
        return wanted
    _write(descriptor, wanted)
    _sync_directory(path.parent)
    return wanted


def read(state_dir: Path) -> list[Latch]:
    """Return every latch there is, widest scope first; a missing directory holds none."""
    try:
        names = sorted(entry.name for entry in os.scandir(state_dir))
    except FileNotFoundError:
        return []
    found = [(scope, target) for name in names if (key := _key(name)) is not None for scope, target in [key]]
    found.sort(key=lambda key: SCOPES.index(key[0]))
    return [_parse(path_of(state_dir, scope, target), scope, target) for scope, target in found]


def latched(state_dir: Path, account: str, bot: str) -> Latch | None:
    """Return the widest latch file over a bot of an account, or None: three `stat`s when there is none."""
    for scope, target in (("all", ""), ("account", account), ("bot", bot)):
        if target or scope == "all":
            path = path_of(state_dir, scope, target)
            if os.path.lexists(path):
                return _parse(path, scope, target)
    return None


def clear(state_dir: Path, scope: str, target: str) -> bool:
    """Remove a latch, durably; return whether there was one."""
    path = path_of(state_dir, scope, target)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _sync_directory(path.parent)
    return True


def strictest(latches: list[Latch]) -> Latch | None:
    """Return the one that allows least: a wish to flatten allows exits, the others nothing."""
    if not latches:
        return None
    return min(latches, key=lambda latch: (latch.mode == "flatten", SCOPES.index(latch.scope)))


def _key(name: str) -> tuple[str, str] | None:
    if name == _FILE:
        return "all", ""
    head, _, rest = name.partition(".")
    scope, _, target = rest.partition(".")
    if head != _FILE or scope not in ("account", "bot") or not target or target.endswith(".new"):
        return None
    return scope, target


def _parse(path: Path, scope: str, target: str) -> Latch:
    since_ns, told = 0, {}
    try:
        since_ns = path.lstat().st_mtime_ns
        with path.open("rb") as file:
            content = json.loads(file.read(_READ_LIMIT) or b"{}")
        told = content if isinstance(content, dict) else {}
    except (OSError, ValueError, RecursionError):
        told = {"reason": f"the latch file {path.name} exists but cannot be read"}
    mode = told.get("mode")
    written_ns = told.get("since_ns")
    return Latch(
        scope,
        target,
        mode if mode in MODES else "cancel",
        str(told.get("reason") or f"the latch file {path.name} exists"),
        written_ns if isinstance(written_ns, int) else since_ns,
        str(told.get("by") or ""),
        told.get("foreign") is True,
    )


def _write(descriptor: int, latch: Latch) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(latch._asdict()).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, latch: Latch) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    _write(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), latch)
    beside.replace(path)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
