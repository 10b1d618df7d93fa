"""A start looks at what is new since the last one, and at every old row when it is used: damage is never traded on."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from algobot.errors import StoreCorrupt
from daemon.store import FillRow, Store, soundness
from daemon.store.reads import Reads
from tests.store.builders import ACCOUNT, BOT, a_fill, a_store, an_order
from tests.store.ledgers import a_ledger
from tests.store.tampering import tamper

pytestmark = pytest.mark.anyio
Look = Callable[[Reads], Awaitable[object]]


def marked(path: Path) -> int:
    """Return up to which ledger row the last start found the chain whole."""
    with closing(sqlite3.connect(path)) as connection:
        return soundness.mark(connection).ledger_seq


async def test_each_start_moves_the_mark_to_the_end_of_the_ledger(tmp_path: Path) -> None:
    """What was verified once is not walked again."""
    path = await a_ledger(tmp_path / "algobot.db")
    assert marked(path) == 0
    async with a_store(path) as store:
        assert marked(path) == 9
        await store.commit(FillRow(a_fill(99)))
    async with a_store(path):
        assert marked(path) == 10


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE fills SET price = '1' WHERE ledger_seq = 10", "ledger row 10 does not match its hash"),
        ("DELETE FROM fills WHERE ledger_seq = 10", "ledger row 11"),
        ("DELETE FROM fills WHERE ledger_seq = 4", "8 rows up to number 9"),
        ("DELETE FROM fills WHERE ledger_seq = 9", "not the one that was verified"),
        ("UPDATE meta SET value = '3:00' WHERE key = 'verified'", "digest"),
        ("UPDATE checkpoints SET ledger_seq = 3", "checkpoints"),
        ("DROP INDEX fills_by_bot", "fills_by_bot"),
    ],
)
async def test_damage_behind_the_mark_or_in_a_small_table_stops_the_start(
    tmp_path: Path, damage: str, told: str
) -> None:
    """The error names it, and what to do."""
    path = await a_ledger(tmp_path / "algobot.db")
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill(99)), FillRow(a_fill(100)))
    tamper(path, damage)
    with pytest.raises(StoreCorrupt, match=told) as caught:
        await Store.open(path, instance="main")
    assert "`algobot restore " in caught.value.hint


@pytest.mark.parametrize(
    ("damage", "look"),
    [
        ("UPDATE fills SET quantity = '4' WHERE ledger_seq = 2", lambda reads: reads.account_fills(ACCOUNT)),
        ("UPDATE fills SET quantity = '4' WHERE ledger_seq = 2", lambda reads: reads.fills_after(0, BOT)),
        ("UPDATE orders SET side = -1 WHERE rowid = 3", lambda reads: reads.live_orders(ACCOUNT)),
        ("UPDATE orders SET limit_price = '1' WHERE rowid = 3", lambda reads: reads.order(an_order(3).client_order_id)),
    ],
)
async def test_an_old_row_that_was_changed_is_never_computed_with(tmp_path: Path, damage: str, look: Look) -> None:
    """Rows before the mark are looked at when they are read."""
    path = await a_ledger(tmp_path / "algobot.db")
    async with a_store(path):
        pass
    tamper(path, damage)
    async with a_store(path) as store:
        with pytest.raises(StoreCorrupt, match="does not match its hash"):
            await look(store.reads)


async def test_an_index_that_hides_a_row_stops_the_start(tmp_path: Path) -> None:
    """A live order that its index no longer shows would be forgotten; SQLite's quick check does not see that."""
    path = await a_ledger(tmp_path / "algobot.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    at = content.rindex(b"open", 0, content.rindex(b"mainopen") + 8)
    path.write_bytes(content[:at] + b"opfn" + content[at + 4 :])
    with pytest.raises(StoreCorrupt, match="index orders_by_account"):
        await Store.open(path, instance="main")
