"""Every database that was ever written loads for ever, and a migration happens whole or not at all."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from algobot.errors import StoreError
from algobot.model import OrderStatus
from daemon.store import FillRow, backups, schema, soundness
from daemon.store.audit import audit
from tests.store.builders import ACCOUNT, BOT, a_fill, a_spec, a_store
from tests.store.ledgers import FROZEN, frozen
from tests.store.tampering import tamper

pytestmark = pytest.mark.anyio
VERSIONS = sorted(int(path.stem) for path in FROZEN.glob("*.sql"))
KILLED = """
import os, signal, sys
from pathlib import Path
from daemon.store import schema, soundness
calls = []
def deadly(*columns):
    calls.append(columns)
    if len(calls) == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return b""
soundness.give_functions = lambda connection: connection.create_function("row_digest", -1, deadly)
schema.migrate(Path(sys.argv[1]))
"""


def version(path: Path) -> int:
    """Return a database's schema version."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("number", VERSIONS)
async def test_a_database_of_every_version_loads_and_goes_on(tmp_path: Path, number: int) -> None:
    """What was in it is there, the ledger takes the next fill, and the audit finds nothing; a backup was made first."""
    path = frozen(number, tmp_path / "algobot.db")
    async with a_store(path) as store:
        reads = store.reads
        assert [record.spec.bot_id for record in await reads.bots()] == [a_spec().bot_id]
        statuses = [order.status for order in await reads.live_orders(ACCOUNT)]
        assert statuses == [OrderStatus.PARTIAL] * 3 + [OrderStatus.OPEN] * 2
        assert [row.ledger_seq for row in await reads.account_fills(ACCOUNT)] == [1, 2, 3]
        checkpoint = await reads.checkpoint(BOT)
        assert checkpoint is not None
        assert (checkpoint.session, checkpoint.ledger_seq) == (b"\x00\xff", 4)
        assert [halt.reason for halt in await reads.halts()] == ["overfill"]
        assert [row.reason for row in await reads.adjustments(ACCOUNT)] == ["rounding – é"]
        assert (await store.commit(FillRow(a_fill(77)))).seq(a_fill(77)) == 5
    assert version(path) == schema.version_here()
    assert [version(one) for one in backups.found(path)] == [number]
    assert {flaw.check for flaw in audit(path).flaws} <= {"fold"}  # the fill of this test has an order that is not told


def test_there_is_a_frozen_database_of_every_version_but_the_newest() -> None:
    """Who adds a migration freezes the version before it."""
    assert list(range(1, schema.version_here())) == VERSIONS


def test_a_migration_killed_in_the_middle_leaves_the_old_database(tmp_path: Path) -> None:
    """SIGKILL between two of its statements: version and rows are the old ones, and it can be run again."""
    path = frozen(1, tmp_path / "algobot.db")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert version(path) == 1
    assert audit(path).flaws == []
    schema.prepare(path)
    assert version(path) == schema.version_here()
    assert audit(path).flaws == []


def test_a_migration_that_fails_leaves_the_old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in its last statement undoes the ones before it."""
    path = frozen(1, tmp_path / "algobot.db")
    first = soundness.migrations()[0]
    broken = [first, (2, "CREATE TABLE notes (note TEXT) STRICT; INSERT INTO nowhere VALUES (1);")]
    with monkeypatch.context() as patch:
        patch.setattr(soundness, "migrations", lambda: broken)
        with pytest.raises(StoreError, match="nowhere"):
            schema.prepare(path)
    assert version(path) == 1
    schema.prepare(path)
    assert audit(path).flaws == []


def test_a_damaged_old_database_is_not_migrated(tmp_path: Path) -> None:
    """Its rows would get digests that say they are right."""
    path = frozen(1, tmp_path / "algobot.db")
    tamper(path, "UPDATE fills SET fee = '0' WHERE ledger_seq = 2")
    with pytest.raises(StoreError, match="ledger row 2"):
        schema.prepare(path)
    assert version(path) == 1
