"""The database file before it is written to: checked without touching it, backed up, brought to this version.

Everything here is synchronous and runs in a thread, before the store's one connection opens.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Final

from algobot.errors import StoreCorrupt, StoreError, StoreTooNew
from daemon.store.chain import GENESIS, link

APPLICATION_ID: Final = 0x41_6C_67_62  # "Algb"
PRAGMAS: Final = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;"
BACKUPS_KEPT: Final = 5
BACKUP_EVERY_NS: Final = 24 * 3600 * 1_000_000_000
_LEDGER: Final = "SELECT * FROM fills ORDER BY ledger_seq"


def migrations() -> list[tuple[int, str]]:
    """Return the numbered SQL files that come with this program, in order."""
    folder = resources.files("daemon.store") / "migrations"
    found = [(int(file.name[:4]), file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found)


def version_here() -> int:
    """Return the schema version this program writes."""
    return migrations()[-1][0]


def prepare(path: Path) -> None:
    """Check the database at `path`, back it up when due, and migrate it; make it when there is none.

    Raises:
        StoreCorrupt: it is damaged or not ours; the file is untouched.
        StoreTooNew: a newer algobot wrote it; the file is untouched.
        StoreError: it cannot be read or written.
    """
    version = _checked_version(path)
    try:
        if version:
            _back_up(path, force=version < version_here(), version=version)
        _migrate(path, version)
    except (sqlite3.Error, OSError) as error:
        hint = f"check space and permissions of {path.parent}"
        raise StoreError(f"the database {path} cannot be written: {error}", hint=hint) from None


def newest_backup(path: Path) -> Path | None:
    """Return the newest backup beside a database, or None."""
    found = sorted(_backups(path))
    return found[-1] if found else None


def remedy(path: Path) -> str:
    """Return what to do about a damaged database."""
    aside = f"move {path.name} and its -wal and -shm aside; reconciliation will adopt what the venue shows"
    backup = newest_backup(path)
    return f"restore the backup {backup}, or {aside}" if backup else aside


def _checked_version(path: Path) -> int:
    if not path.exists() or path.stat().st_size == 0:
        return 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if application == 0 and version == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                return 0
            if application != APPLICATION_ID:
                raise StoreCorrupt(f"{path} is not an algobot database", hint=remedy(path))
            if version > version_here():
                told = f"{path} has schema {version}, this algobot knows {version_here()}"
                raise StoreTooNew(told, hint="upgrade algobot, or restore a backup made by this version")
            _check(connection, path)
            return version
    except sqlite3.OperationalError as error:
        hint = f"check the permissions of {path} and its directory"
        raise StoreError(f"the database {path} cannot be read: {error}", hint=hint) from None
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"the database {path} is damaged: {error}", hint=remedy(path)) from None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise StoreCorrupt(f"the database {path} is damaged: {problem}", hint=remedy(path))
    previous, expected = GENESIS, 1
    for row in connection.execute(_LEDGER):
        seq, prev_hash, own_hash = row[0], row[-2], row[-1]
        if seq != expected or prev_hash != previous or own_hash != link(previous, row[:-2]):
            told = f"the database {path} is damaged: ledger row {expected} does not match its hash"
            raise StoreCorrupt(told, hint=remedy(path))
        previous, expected = own_hash, seq + 1


def _backups(path: Path) -> list[Path]:
    return list((path.parent / "backups").glob(f"{path.stem}-*.db"))


def _back_up(path: Path, *, force: bool, version: int) -> None:
    newest = newest_backup(path)
    now_ns = time.time_ns()
    if not force and newest is not None and now_ns - newest.stat().st_mtime_ns < BACKUP_EVERY_NS:
        return
    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ns / 1e9))
    target = folder / f"{path.stem}-{stamp}-v{version}.db"
    beside = target.with_suffix(".part")
    beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(beside)) as copy:
        source.backup(copy)
    beside.replace(target)
    for old in sorted(_backups(path))[:-BACKUPS_KEPT]:
        old.unlink()


def _migrate(path: Path, version: int) -> None:
    fresh = not path.exists()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if fresh:
            path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(PRAGMAS)
        for number, script in migrations():
            if number > version:
                marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
                connection.executescript(f"BEGIN IMMEDIATE; {script} {marks} COMMIT;")
