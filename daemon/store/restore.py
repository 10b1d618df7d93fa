"""Putting a backup in the place of the database, and what must not be lost by it.

The law: the present files are kept aside, whole; a halt survives, also one that only the present database knows; the
next start has an epoch no start had before. A restore that is killed half way is noticed at the next start.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from algobot.errors import StoreCorrupt, StoreError
from daemon.locks import state_lock
from daemon.store import backups
from daemon.store.audit import Audit, audit
from daemon.store.chain import is_whole
from daemon.store.rows import AuditRow, HaltRecord, Row
from daemon.store.schema import DATABASE, RESTORING, migrate
from daemon.store.soundness import DAMAGE, VERIFIED_KEY
from daemon.store.statements import PUT_META, sealed, written

UNREADABLE: Final = (
    "a backup was restored and the database before it could not be read: whether it was halted is unknown"
)


class Backup(msgspec.Struct, frozen=True):
    """A backup that was made and read back."""

    path: str
    audit: Audit
    kept: list[str]  # all there are, oldest first


class Restored(msgspec.Struct, frozen=True):
    """What a restore did."""

    database: str
    backup: str
    aside: str  # the folder with the files it replaced; "" when there were none
    halts: list[str]  # what is halted, in words
    fills: int
    epoch_before: str  # the backup's; the next start draws a new one


def back_up(database: Path, folder: Path | None = None, *, keep: int = backups.KEPT) -> Backup:
    """Copy the database as it now is, also while a daemon writes to it; read the copy back; keep the newest `keep`.

    Raises:
        StoreError: it cannot be read, or the copy not be written.
        StoreCorrupt: the copy is not sound, hence the database is not; no older backup was removed.
    """
    try:
        with closing(backups.read_only(database)) as source:
            part = backups.copy(source, database, folder or backups.folder_of(database))
    except (sqlite3.DatabaseError, ValueError) as error:
        raise StoreCorrupt(f"{database} cannot be copied: {error}", hint=backups.remedy(database)) from None
    except OSError as error:
        hint = f"check space and permissions of {error.filename or folder or database.parent}"
        raise StoreError(f"the backup cannot be written: {error.strerror}", hint=hint) from None
    try:
        found = _sound(part, database)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    path = backups.admit(part, database, keep=keep)
    kept = [str(one) for one in backups.found(database, path.parent)]
    return Backup(str(path), msgspec.structs.replace(found, database=str(path)), kept)


def restore(backup: Path, state_dir: Path, *, by: str) -> Restored:
    """Put a backup in the place of the state directory's database; the daemon must not be running.

    Raises:
        LockHeld: a daemon uses the state directory.
        StoreCorrupt, StoreTooNew, StoreError: the backup is not sound, or cannot be read; nothing was changed.
    """
    database = state_dir / DATABASE
    if backup.resolve() == database.resolve():
        raise StoreError(f"{backup} is the database itself", hint="name a backup: `ls` the folder backups beside it")
    if not backup.is_file():
        raise StoreError(f"there is no backup {backup}", hint=f"they are in {backups.folder_of(database)}")
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with state_lock(state_dir):
        found = _sound(backup, database)
        halts = _halts(database)
        coming = database.with_name(database.name + RESTORING)
        coming.unlink(missing_ok=True)
        try:
            with closing(backups.read_only(backup)) as source:
                backups.copy_to(source, coming)
            halted = _adapt(coming, halts, AuditRow(time.time_ns(), by, "restore", str(backup), found.head))
            aside = _put_aside(database)
            _swap(coming, database)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"the restore failed: {error}", hint="run it again once that is repaired") from None
    return Restored(str(database), str(backup), aside, halted, found.rows["fills"], found.epoch)


def _sound(path: Path, database: Path) -> Audit:
    """Return the audit of a copy that is as it was written; sums that disagree are no reason to have no copy."""
    found = audit(path)
    for flaw in found.flaws:
        if flaw.check in DAMAGE:
            raise StoreCorrupt(f"{path} is damaged: {flaw.words}", hint=backups.remedy(database))
    return found


def _halts(database: Path) -> list[HaltRecord]:
    """Return what the present database says is halted; one that cannot be read may have said that all is."""
    if not database.exists():
        return []
    try:
        with closing(backups.read_only(database)) as present:
            rows = present.execute("SELECT * FROM halts").fetchall()
            version = present.execute("PRAGMA user_version").fetchone()[0]
        if version >= 2 and not all(is_whole("halts", row) for row in rows):
            raise sqlite3.DatabaseError("a halt's row is damaged")
        return [HaltRecord(*row[:6]) for row in rows]
    except (sqlite3.DatabaseError, ValueError, StoreError):
        return [HaltRecord("all", "", "halt", UNREADABLE, time.time_ns(), "restore")]


def _adapt(coming: Path, halts: Iterable[HaltRecord], told: AuditRow) -> list[str]:
    """Bring a copy to this version, halt what was halted, write down the restore; return all halts in words."""
    migrate(coming)
    with closing(sqlite3.connect(coming, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN IMMEDIATE")
        rows: list[Row] = [*halts, told]
        for statement, parameters in (line for row in rows for line in written(row)):
            connection.execute(statement, parameters)
        connection.execute(PUT_META, sealed(("restored_ns", str(told.ts_ns))))
        connection.execute("DELETE FROM meta WHERE key = ?", (VERIFIED_KEY,))  # the next start looks at everything
        connection.execute("COMMIT")
        found = connection.execute("SELECT scope, target, mode, reason FROM halts ORDER BY scope, target").fetchall()
    backups.sync(coming)
    return [f"{scope} {target}".rstrip() + f" ({mode}): {reason}" for scope, target, mode, reason in found]


def _put_aside(database: Path) -> str:
    """Link the present files into a folder of their own; the journal only the old database may read is then removed."""
    present = [path for path in _files(database) if path.exists()]
    if not present:
        return ""
    aside = database.parent / f"replaced-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 10**9:09d}"
    aside.mkdir(mode=0o700)
    for path in present:
        os.link(path, aside / path.name)
    backups.sync(aside)
    backups.sync(database.parent)
    for path in present[1:] if present[0] == database else present:
        path.unlink()
    return str(aside)


def _swap(coming: Path, database: Path) -> None:
    backups.sync(database.parent)  # no journal of the old beside the new
    coming.replace(database)
    backups.sync(database.parent)


def _files(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]
