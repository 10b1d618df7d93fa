"""A backup can be made at any time, reads back whole, and comes back without losing a halt."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from algobot import latch
from algobot.cli import edge
from algobot.errors import LockHeld, StoreCorrupt, StoreError
from daemon.locks import state_lock
from daemon.store import FillRow, HaltCleared, HaltRecord, Store, backups
from daemon.store import restore as restore_module
from daemon.store.audit import audit
from daemon.store.restore import back_up, restore
from tests.store.builders import ACCOUNT, BOT, a_fill, a_store
from tests.store.ledgers import a_ledger, frozen
from tests.store.tampering import tamper

pytestmark = pytest.mark.anyio
UNHALTED = HaltCleared("bot", BOT)


def mode(path: Path) -> int:
    """Return who may read and write a file."""
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def replaced(state_dir: Path) -> list[Path]:
    """Return the databases that restores put aside."""
    return sorted(state_dir.glob("replaced-*/algobot.db"))


async def halted(path: Path) -> list[tuple[str, str]]:
    """Return what the store of a database says is halted."""
    async with a_store(path) as store:
        return [(row.scope, row.target) for row in await store.reads.halts()]


async def test_a_backup_of_a_running_store_is_whole_private_and_one_file(tmp_path: Path) -> None:
    """Its name says when and of which start; nothing lies beside it; the store goes on."""
    path = await a_ledger(tmp_path / "algobot.db")
    async with a_store(path) as store:
        made = Path(back_up(path).path)
        await store.commit(FillRow(a_fill(99)))
        assert store.epoch in made.name
    assert audit(made).rows["fills"] == 9
    assert mode(made) == 0o600
    assert all(name.endswith(".db") for name in names(made.parent))


async def test_only_the_newest_backups_stay_and_only_backups_go(tmp_path: Path) -> None:
    """`keep` counts; a file with another name is nobody's backup."""
    path = await a_ledger(tmp_path / "algobot.db")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "algobot-mine.db").touch()
    made = [Path(back_up(path, folder, keep=2).path) for _ in range(4)]
    assert backups.found(path, folder) == made[2:]
    assert (folder / "algobot-mine.db").exists()


async def test_a_damaged_database_is_not_backed_up_over_sound_backups(tmp_path: Path) -> None:
    """The copy is refused and removed; the sound one stays, though only one is kept."""
    path = await a_ledger(tmp_path / "algobot.db")
    good = Path(back_up(path, keep=1).path)
    tamper(path, "UPDATE fills SET price = '1' WHERE ledger_seq = 4")
    with pytest.raises(StoreCorrupt, match="ledger row 4"):
        back_up(path, keep=1)
    assert names(good.parent) == [good.name]


async def test_a_restore_brings_back_the_ledger_and_keeps_what_it_replaced(tmp_path: Path) -> None:
    """The database is the backup's, the one before lies aside whole, the next start has a new epoch."""
    path = await a_ledger(tmp_path / "algobot.db")
    made = Path(back_up(path).path)
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill(99)))
        before = store.epoch
    done = restore(made, tmp_path, by="me")
    assert audit(Path(done.aside) / "algobot.db").rows["fills"] == 10
    assert audit(path).rows["fills"] == 9
    assert mode(path) == 0o600
    async with a_store(path) as store:
        assert store.epoch not in (before, done.epoch_before)
        assert await store.reads.counts(BOT) == (6, 9)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT method, by FROM audit ORDER BY audit_id DESC").fetchone() == ("restore", "me")


async def test_a_restored_database_never_unhalts(tmp_path: Path) -> None:
    """A halt closed after the backup was made stands: its row is carried over, its file stays where it is."""
    path = tmp_path / "algobot.db"
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill()))
    made = Path(back_up(path).path)
    async with a_store(path) as store:
        await store.commit(HaltRecord("account", ACCOUNT, "cancel", "drift", 1, "me"))
    latch.close(tmp_path, "all", "", "cancel", "panic", "me")
    done = restore(made, tmp_path, by="me")
    assert done.halts == ["account main (cancel): drift"]
    assert await halted(path) == [("account", "main")]
    assert [one.reason for one in latch.read(tmp_path)] == ["panic"]


async def test_a_database_that_cannot_be_read_counts_as_halted(tmp_path: Path) -> None:
    """Nobody can know whether it was: everything is halted until a person says otherwise."""
    path = await a_ledger(tmp_path / "algobot.db")
    made = Path(back_up(path).path)
    async with a_store(path) as store:
        await store.commit(UNHALTED)
    path.write_bytes(b"garbage, all of it" * 1000)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    done = restore(made, tmp_path, by="me")
    assert restore_module.UNREADABLE in done.halts[0]
    assert ("all", "") in await halted(path)


async def test_a_restore_is_refused_while_a_daemon_runs_or_the_backup_is_damaged(tmp_path: Path) -> None:
    """Nothing is touched then."""
    path = await a_ledger(tmp_path / "algobot.db")
    made = Path(back_up(path).path)
    before = path.read_bytes()
    with state_lock(tmp_path), pytest.raises(LockHeld, match="in use"):
        restore(made, tmp_path, by="me")
    bad = Path(shutil.copy(made, tmp_path / "bad.db"))
    tamper(bad, "UPDATE orders SET status = 'filled' WHERE rowid = 3")
    with pytest.raises(StoreCorrupt, match="digest"):
        restore(bad, tmp_path, by="me")
    with pytest.raises(StoreError, match="the database itself"):
        restore(path, tmp_path, by="me")
    with pytest.raises(StoreError, match="no backup"):
        restore(tmp_path / "nothing.db", tmp_path, by="me")
    assert path.read_bytes() == before
    assert not any(name.startswith("replaced") for name in names(tmp_path))


async def test_a_restore_killed_half_way_is_noticed_and_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No daemon starts on half of it; run again it ends as it should, and the first set aside is still whole."""
    path = await a_ledger(tmp_path / "algobot.db")
    made = Path(back_up(path).path)
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill(99)))

    def killed(coming: Path, database: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restore_module, "_swap", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(made, tmp_path, by="me")
    with pytest.raises(StoreError, match="was interrupted"):
        await Store.open(path, instance="main")
    restore(made, tmp_path, by="me")
    assert audit(path).rows["fills"] == 9
    assert [audit(one).rows["fills"] for one in replaced(tmp_path)] == [10, 10]


def test_a_backup_of_an_older_version_is_restored_and_migrated(tmp_path: Path) -> None:
    """What the first version wrote comes back in the schema of today."""
    old = frozen(1, tmp_path / "old.db")
    state = tmp_path / "state"
    done = restore(old, state, by="me")
    assert (done.fills, done.aside, done.halts) == (4, "", ["bot alpha (halt): overfill"])
    assert audit(state / "algobot.db").flaws == []


async def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`backup` prints the path alone on stdout, `restore` where the old one is; errors are one line and a hint."""
    await a_ledger(tmp_path / "algobot.db")
    where = ["--state-dir", str(tmp_path)]
    assert edge.run(["backup", "--keep", "3", *where]) == 0
    told = capsys.readouterr()
    made = told.out.strip()
    assert audit(Path(made)).sound
    assert told.err == "9 fills, sound; 1 kept there\n"
    assert edge.run(["restore", made, "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["fills"] == 9
    assert edge.run(["restore", "nothing.db", *where]) == 1
    assert capsys.readouterr().err.startswith("error: there is no backup nothing.db\nhint: ")
