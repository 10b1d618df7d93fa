"""The audit names the first thing that is wrong, what it affects, and disturbs nobody."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from anyio import to_thread

from algobot.cli import edge
from algobot.errors import StoreCorrupt, StoreError, StoreTooNew
from daemon.store import OK, FillRow
from daemon.store.audit import audit
from tests.store.builders import a_store, an_order
from tests.store.ledgers import a_ledger, frozen, rows
from tests.store.tampering import tamper

pytestmark = pytest.mark.anyio
FIRST = an_order(1).client_order_id
DAMAGES = [
    ("chain", "ledger row 3", "does not match its hash", "UPDATE fills SET price = '50000.11' WHERE ledger_seq = 3"),
    ("chain", "ledger row 2", "is missing", "DELETE FROM fills WHERE ledger_seq = 2"),
    ("chain", "ledger row 2", "does not follow", "UPDATE fills SET prev_hash = x'00' WHERE ledger_seq = 2"),
    ("digest", f"row '{FIRST}' of orders", "digest", "UPDATE orders SET quantity = '0.002' WHERE rowid = 1"),
    ("digest", "row 'alpha' of checkpoints", "digest", "UPDATE checkpoints SET session = x'0001'"),
    ("digest", "row 1 of adjustments", "digest", "UPDATE adjustments SET amount = '1'"),
    ("digest", "row 'bot' of halts", "digest", "UPDATE halts SET mode = 'flatten'"),
    ("digest", "row 1 of audit", "digest", "UPDATE audit SET by = 'somebody else'"),
    ("digest", "row 'batch' of meta", "digest", "UPDATE meta SET value = '0' WHERE key = 'batch'"),
    ("digest", "row 4 of order_events", "digest", "UPDATE order_events SET reason = 'x' WHERE event_id = 4"),
    ("fold", f"order '{FIRST}'", "last event", "DELETE FROM order_events WHERE event_id = 4"),
    ("fold", "event 2", "goes from filled to open", "UPDATE order_events SET status = 'filled' WHERE event_id = 1"),
    ("fold", f"order '{FIRST}'", "fills sum to 0.00050", "DELETE FROM fills WHERE ledger_seq = 1"),
    ("reference", "ledger row 1", "which is not there", "UPDATE fills SET client_order_id = 'x' WHERE ledger_seq = 1"),
    ("reference", "row 1 of order_events", "not there", f"DELETE FROM orders WHERE client_order_id = '{FIRST}'"),
    ("checkpoint", "checkpoint of bot 'alpha'", "row 99", "UPDATE checkpoints SET ledger_seq = 99"),
    ("checkpoint", "checkpoint of bot 'alpha'", "not there", "DELETE FROM bots"),
    ("schema", "index fills_by_bot", "missing", "DROP INDEX fills_by_bot"),
    ("schema", "trigger mine", "not algobot's", "CREATE TRIGGER mine AFTER INSERT ON fills BEGIN SELECT 1; END"),
    ("schema", "table bots", "not as this version", "ALTER TABLE bots ADD COLUMN more TEXT"),
]


async def test_a_ledger_that_was_written_by_the_store_is_sound(tmp_path: Path) -> None:
    """Every check passes, on a database with every kind of row; the head names the newest fill."""
    found = audit(await a_ledger(tmp_path / "algobot.db"))
    assert (found.sound, found.flaws, found.rows["fills"]) == (True, [], 9)
    assert found.head.startswith("9:")
    assert found.instance == "main"


@pytest.mark.parametrize(("check", "place", "problem", "damage"), DAMAGES)
async def test_each_damage_is_named(tmp_path: Path, check: str, place: str, problem: str, damage: str) -> None:
    """Whatever is changed behind the store's back, the audit says where and what."""
    path = await a_ledger(tmp_path / "algobot.db")
    tamper(path, damage)
    found = audit(path)
    assert not found.sound
    told = [(flaw.check, flaw.place, flaw.problem) for flaw in found.flaws]
    assert any(one[:2] == (check, place) and problem in one[2] for one in told), told


async def test_a_broken_row_says_what_it_affects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names bot, symbol and account of the first broken row and ends with 1; JSON has the same."""
    path = await a_ledger(tmp_path / "algobot.db")
    assert edge.run(["audit", "verify", "--state-dir", str(tmp_path)]) == 0
    assert "sound; the ledger ends at 9:" in capsys.readouterr().out
    tamper(path, "UPDATE fills SET quantity = '0.4' WHERE ledger_seq IN (2, 5)")
    assert edge.run(["audit", "verify", "--database", str(path)]) == 1
    out = capsys.readouterr().out
    assert "ledger row 2 does not match its hash" in out
    assert "affects position and cash of bot 'alpha' in BTC/USDT on account main" in out
    assert edge.run(["audit", "verify", "--database", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [flaw["place"] for flaw in told["flaws"]][:2] == ["ledger row 2", "ledger row 5"]


async def test_what_is_no_database_of_ours_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    """Nothing there, garbage, an empty file, somebody else's, and a newer one."""
    with pytest.raises(StoreError, match="no database"):
        audit(tmp_path / "nothing.db")
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database, certainly not " * 400)
    with pytest.raises(StoreCorrupt, match="damaged"):
        audit(garbage)
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(StoreCorrupt, match="empty"):
        audit(empty)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(StoreCorrupt, match="not an algobot database"):
        audit(tmp_path / "other.db")
    newer = await a_ledger(tmp_path / "newer.db")
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTooNew, match="999"):
        audit(newer)


async def test_an_audit_sees_one_moment_and_does_not_disturb_the_writer(tmp_path: Path) -> None:
    """While a store commits on and on, every audit of its file is sound and the store never fails."""
    states: list[str] = []
    async with a_store(tmp_path / "algobot.db") as store:
        store.on_state = states.append
        told = rows(60)
        while told:
            call = [told.pop(0)]
            while isinstance(call[-1], FillRow):  # a trade and what it makes of its order are one call
                call.append(told.pop(0))
            store.soon(*call)
            if len(told) % 50 == 0:
                found = await to_thread.run_sync(audit, tmp_path / "algobot.db")
                assert found.flaws == []
        await store.flush()
        assert (store.state, states) == (OK, [])
    assert audit(tmp_path / "algobot.db").rows["fills"] == 81


def test_a_database_of_the_first_version_is_sound(tmp_path: Path) -> None:
    """It has no digests; its chain and sums are checked all the same, and it is not written to."""
    path = frozen(1, tmp_path / "algobot.db")
    before = path.read_bytes()
    assert audit(path).flaws == []
    assert path.read_bytes() == before
