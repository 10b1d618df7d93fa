"""The database file before it is written to: checked without touching it, backed up, brought to this version.

Everything here is synchronous and runs in a thread, before the store's one connection opens.
"""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from algobot.errors import StoreCorrupt, StoreError, StoreTooNew
from daemon.store import backups, soundness
from daemon.store.backups import remedy
from daemon.store.soundness import Mark

APPLICATION_ID: Final = 0x41_6C_67_62  # "Algb"
PRAGMAS: Final = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;"
DATABASE: Final = "algobot.db"  # in the state directory
RESTORING: Final = ".restoring"  # behind the database's name: what a restore has begun and not ended


def version_here() -> int:
    """Return the schema version this program writes."""
    return soundness.migrations()[-1][0]


def prepare(path: Path) -> Mark:
    """Check the database at `path`, back it up when due, and migrate it; make it when there is none.

    Returns the newest ledger row: the chain is whole up to it.

    Raises:
        StoreCorrupt: it is damaged or not ours; the file is untouched.
        StoreTooNew: a newer algobot wrote it; the file is untouched.
        StoreError: it cannot be read or written, or a restore was interrupted.
    """
    if path.with_name(path.name + RESTORING).exists():
        told = f"a restore of {path} was interrupted"
        raise StoreError(told, hint="run `algobot restore` again with the same backup")
    version, head = _checked(path)
    try:
        if version:
            _back_up(path, head, force=version < version_here())
        migrate(path)
    except (sqlite3.Error, OSError) as error:
        hint = f"check space and permissions of {path.parent}"
        raise StoreError(f"the database {path} cannot be written: {error}", hint=hint) from None
    return head


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return a database's schema version, 0 when it is empty.

    Raises:
        StoreCorrupt: it is not ours.
        StoreTooNew: a newer algobot wrote it.
        sqlite3.DatabaseError: it is not a database at all.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application == 0 and version == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        return 0
    if application != APPLICATION_ID or version < 1:
        raise StoreCorrupt(f"{path} is not an algobot database", hint=remedy(path))
    if version > version_here():
        told = f"{path} has schema {version}, this algobot knows {version_here()}"
        raise StoreTooNew(told, hint="upgrade algobot, or restore a backup made by this version")
    return version


def _checked(path: Path) -> tuple[int, Mark]:
    if not path.exists() or path.stat().st_size == 0:
        return 0, Mark()
    try:
        with closing(backups.read_only(path)) as connection:
            version = version_of(connection, path)
            if version:
                _check(connection, path, version)
            return version, soundness.head(connection) if version else Mark()
    except sqlite3.OperationalError as error:
        if not hasattr(error, "sqlite_errorcode"):  # it is Python that cannot read it: a text that is none
            raise StoreCorrupt(f"the database {path} is damaged: {error}", hint=remedy(path)) from None
        hint = f"check the permissions of {path} and its directory"
        raise StoreError(f"the database {path} cannot be read: {error}", hint=hint) from None
    except (sqlite3.DatabaseError, ValueError) as error:
        raise StoreCorrupt(f"the database {path} is damaged: {error}", hint=remedy(path)) from None


def _check(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Raise StoreCorrupt at the first flaw; ledger rows behind the last verified one, the others when they are read."""
    whole_rows = version >= soundness.DIGESTS_SINCE
    known = soundness.mark(connection)
    flaws = itertools.chain(
        soundness.pages(connection),
        soundness.schema(connection, version),
        soundness.digests(connection, soundness.SMALL) if whole_rows else (),
        soundness.up_to(connection, known),
        soundness.chain(connection, known),
    )
    for flaw in flaws:
        raise StoreCorrupt(f"the database {path} is damaged: {flaw.words}", hint=remedy(path))


def _back_up(path: Path, head: Mark, *, force: bool) -> None:
    """Copy a database that was just checked; the copy must read back whole and end where the original does."""
    if not force and not backups.is_due(path):
        return
    with closing(backups.read_only(path)) as source:
        part = backups.copy(source, path, backups.folder_of(path))
    with closing(backups.read_only(part)) as copied:
        problem = copied.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok" or soundness.head(copied) != head:
            part.unlink()
            raise sqlite3.DatabaseError(f"the backup does not read back as it was written: {problem}")
    backups.admit(part, path, keep=backups.KEPT)


def migrate(path: Path) -> None:
    """Bring a database to this version: each migration is one transaction. Raises sqlite3.Error."""
    fresh = not path.exists()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if fresh:
            path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(PRAGMAS)
        soundness.give_functions(connection)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for number, script in soundness.migrations():
            if number > version:
                marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
                connection.executescript(f"BEGIN IMMEDIATE; {script} {marks} COMMIT;")
