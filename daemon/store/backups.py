"""Copies of the database: made while it is in use, named by time and epoch, checked, and not kept for ever."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from algobot.errors import StoreError

KEPT: Final = 7
EVERY_NS: Final = 24 * 3600 * 1_000_000_000
_NAME: Final = re.compile(r"-\d{8}T\d{6}(\.\d{3})?Z?(-e[a-z0-9]+)?-v\d+\.db$")


def folder_of(database: Path) -> Path:
    """Return where a database's backups lie unless somebody says otherwise."""
    return database.parent / "backups"


def found(database: Path, folder: Path | None = None) -> list[Path]:
    """Return a database's backups, oldest first."""
    candidates = (folder or folder_of(database)).glob(f"{database.stem}-*.db")
    return sorted(path for path in candidates if _NAME.search(path.name))


def newest(database: Path) -> Path | None:
    """Return the newest backup beside a database, or None."""
    return next(reversed(found(database)), None)


def remedy(database: Path) -> str:
    """Return what to do about a damaged database."""
    aside = f"move {database.name} and its -wal and -shm aside; reconciliation will adopt what the venue shows"
    backup = newest(database)
    return f"`algobot restore {backup}`, or {aside}" if backup else aside


def is_due(database: Path) -> bool:
    """Return whether the newest backup is older than a day."""
    last = newest(database)
    return last is None or time.time_ns() - last.stat().st_mtime_ns >= EVERY_NS


def copy(source: sqlite3.Connection, database: Path, folder: Path) -> Path:
    """Copy one moment of an open database to a new file beside the backups and return it, not yet one of them.

    Its name becomes a backup's with `admit`. Raises sqlite3.Error, OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now_ns = time.time_ns()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ns // 1_000_000_000))
    version = int(source.execute("PRAGMA user_version").fetchone()[0])
    milliseconds = now_ns // 1_000_000 % 1000
    target = folder / f"{database.stem}-{stamp}.{milliseconds:03d}Z{_epoch(source)}-v{version}.db.part"
    copy_to(source, target)
    return target


def copy_to(source: sqlite3.Connection, target: Path) -> None:
    """Copy one moment of an open database to one file that only we can read, on disk when this returns."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as made:
            source.backup(made)  # in one step: a copy made in pieces starts over with each commit of the daemon
            made.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        sync(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def admit(part: Path, database: Path, *, keep: int) -> Path:
    """Make a checked copy a backup, and remove the oldest so that `keep` are left; return its path."""
    target = part.with_suffix("")
    part.replace(target)
    sync(target.parent)
    for old in found(database, target.parent)[: -max(1, keep)]:
        old.unlink()
    return target


def read_only(path: Path) -> sqlite3.Connection:
    """Open a database to look at it, also while a daemon writes to it. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"there is no database {path}", hint="name another with --state-dir or --database")
    uri = path.absolute().as_uri()
    try:
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
        try:
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if path.with_name(f"{path.name}-wal").exists():
                raise
            connection = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)  # a read-only medium
    except sqlite3.OperationalError as error:
        hint = f"check the permissions of {path} and its directory"
        raise StoreError(f"the database {path} cannot be read: {error}", hint=hint) from None
    except (sqlite3.DatabaseError, ValueError):
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None)  # damaged: let the caller see
    return connection


def sync(path: Path) -> None:
    """Make a file, or a directory's entries, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _epoch(source: sqlite3.Connection) -> str:
    row = source.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    return f"-e{row[0]}" if row and re.fullmatch("[a-z0-9]{1,16}", str(row[0])) else ""
