"""The store keeps what it was given, in order, once, and says plainly when it cannot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from algobot.errors import StoreCorrupt, StoreError, StoreTooNew
from algobot.model import (
    BotSpec,
    OrderStatus,
)
from daemon.store import (
    OK,
    Adjustment,
    BotForgotten,
    BotRecord,
    EquitySample,
    FillRow,
    HaltCleared,
    HaltRecord,
    OrderRow,
    Store,
    backups,
    soundness,
)
from tests.store.builders import ACCOUNT, BOT, BTC, a_checkpoint, a_fill, a_spec, a_store, an_order
from tests.store.tampering import tamper
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database goes."""
    return tmp_path / "algobot.db"


async def test_what_was_committed_is_there_after_a_reopen(path: Path) -> None:
    """Every kind of row comes back as it was given."""
    spec = a_spec()
    adjustment = Adjustment(ACCOUNT, "BTC", Decimal("-0.00000001"), "dust", "rounding", "reconciler", 5)
    halt = HaltRecord("bot", BOT, "halt", "overfill", 6, "gateway")
    order, fill, checkpoint = an_order(), a_fill(), a_checkpoint()
    async with a_store(path) as store:
        sample = EquitySample(BOT, 10, 1000.25)
        rows = (BotRecord(spec, "config", 4), OrderRow(order), checkpoint, FillRow(fill), adjustment, halt, sample)
        durable = await store.commit(*rows)
        assert durable.seq(fill) == 1
    async with a_store(path) as store:
        reads = store.reads
        assert [record.spec for record in await reads.bots()] == [spec]
        assert await reads.live_orders(ACCOUNT) == [order]
        assert await reads.checkpoint(BOT) == checkpoint
        assert [row.fill for row in await reads.fills_after(0, BOT)] == [fill]
        assert await reads.fills_after(1, BOT) == []
        assert await reads.adjustments(ACCOUNT) == [adjustment]
        assert await reads.halts() == [halt]
        assert await reads.equity(BOT) == [(10, 1000.25)]
        assert await reads.watermarks(ACCOUNT) == {BTC: fill.ts_event_ns}
        assert await reads.counts(BOT) == (1, 1)


async def test_an_order_is_projected_and_every_step_of_it_kept(path: Path) -> None:
    """The row is the last event; the events are all there, in order."""
    async with a_store(path) as store:
        steps = (OrderStatus.INTENT, OrderStatus.UNKNOWN, OrderStatus.OPEN, OrderStatus.CANCELED)
        for status in steps:
            store.soon(OrderRow(an_order(status=status)))
        await store.flush()
        assert [order.status for order in await store.reads.orders(BOT)] == [OrderStatus.CANCELED]
        assert await store.reads.orders(BOT, open_only=True) == []
    with closing(sqlite3.connect(path)) as connection:
        events = connection.execute("SELECT status FROM order_events ORDER BY event_id").fetchall()
    assert [status for (status,) in events] == [status.value for status in steps]


async def test_a_fill_told_twice_is_one_row(path: Path) -> None:
    """Duplicates in one batch, in another, and after a restart get no number; paper has keys of its own."""
    async with a_store(path) as store:
        first = await store.commit(FillRow(a_fill()), FillRow(a_fill()))
        again = await store.commit(FillRow(a_fill()), FillRow(a_fill(2)))
        assert (first.seq(a_fill()), again.seq(a_fill()), again.seq(a_fill(2))) == (1, 0, 2)
    async with a_store(path) as store:
        assert (await store.commit(FillRow(a_fill()))).seq(a_fill()) == 0
        assert (await store.commit(FillRow(a_fill(), paper=True))).seq(a_fill(), paper=True) == 3
        assert [row.ledger_seq for row in await store.reads.account_fills(ACCOUNT)] == [1, 2]


async def test_calls_become_durable_in_the_order_they_were_made(path: Path) -> None:
    """`then` runs once per call, in order, also when many calls share a transaction."""
    told: list[int] = []
    async with a_store(path) as store:
        for number in range(1, 101):
            fill = a_fill(number)
            store.soon(FillRow(fill), then=lambda durable, fill=fill: told.append(durable.seq(fill)))
        await store.flush()
    assert told == list(range(1, 101))


async def test_what_is_taken_away_in_a_batch_keeps_its_place(path: Path) -> None:
    """Put, clear, put of one latch in one transaction leaves it latched."""
    halt = HaltRecord("all", "", "halt", "test", 1, "me")
    spec = BotSpec(BOT, "ma_crossover", BTC, "1m", ACCOUNT, Decimal(1))
    async with a_store(path) as store:
        await store.commit(halt, HaltCleared("all", ""), msgspec.structs.replace(halt, reason="again"))
        assert [row.reason for row in await store.reads.halts()] == ["again"]
        await store.commit(BotRecord(spec, "ctl", 1), a_checkpoint(), BotForgotten(BOT))
        assert await store.reads.bots() == []
        assert await store.reads.checkpoint(BOT) is None


async def test_a_row_the_database_refuses_takes_no_other_with_it(path: Path) -> None:
    """Of the calls that share a batch only the guilty one fails."""
    bad = msgspec.structs.replace(an_order(2), side=5)
    async with a_store(path) as store:
        store.soon(OrderRow(an_order(1)))
        store.soon(OrderRow(bad))
        store.soon(OrderRow(an_order(3)))
        await store.flush()
        assert {order.client_order_id for order in await store.reads.orders()} == {
            an_order(1).client_order_id,
            an_order(3).client_order_id,
        }
        with pytest.raises(StoreError, match="refused a row"):
            await store.commit(OrderRow(bad))


async def test_a_ledger_row_cannot_be_edited(path: Path) -> None:
    """Not even by somebody with the SQLite shell."""
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill()))
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("UPDATE fills SET price = '1'", "DELETE FROM fills"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)


async def test_a_flipped_digit_in_the_ledger_is_found_at_open(path: Path) -> None:
    """The hash chain sees what SQLite's own check does not; the file stays as it is."""
    async with a_store(path) as store:
        for number in range(1, 6):
            await store.commit(FillRow(a_fill(number)))
    tamper(path, "UPDATE fills SET quantity = '0.00041' WHERE ledger_seq = 3")
    before = _content(path)
    with pytest.raises(StoreCorrupt, match="ledger row 3") as caught:
        await Store.open(path, instance="main")
    assert "reconciliation will adopt" in caught.value.hint
    assert _content(path) == before


async def test_a_damaged_file_is_named_with_its_remedy(path: Path) -> None:
    """Garbage is StoreCorrupt with the newest backup in the hint, and is left alone."""
    async with a_store(path):
        pass
    async with a_store(path):
        pass  # the second start backs up
    garbage = b"not a database, certainly not" * 400
    _overwrite(path, garbage)
    with pytest.raises(StoreCorrupt) as caught:
        await Store.open(path, instance="main")
    backup = backups.newest(path)
    assert backup is not None
    assert str(backup) in caught.value.hint
    assert _content(path) == garbage


async def test_a_newer_schema_is_refused(path: Path) -> None:
    """An older program does not touch what a newer one wrote."""
    async with a_store(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTooNew, match="999"):
        await Store.open(path, instance="main")


async def test_another_instance_is_refused(path: Path) -> None:
    """Client order ids carry the instance: a database belongs to one."""
    async with a_store(path):
        pass
    with pytest.raises(StoreError, match="belongs to instance 'main'"):
        await Store.open(path, instance="other")


async def test_a_migration_is_backed_up_and_applied_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new numbered file runs on the old database, after a copy of it was made."""
    async with a_store(path) as store:
        await store.commit(FillRow(a_fill()))
    more = [*soundness.migrations(), (3, "CREATE TABLE notes (note TEXT) STRICT;")]
    monkeypatch.setattr(soundness, "migrations", lambda: more)
    async with a_store(path) as store:
        assert len(await store.reads.account_fills(ACCOUNT)) == 1
    async with a_store(path):
        pass
    backup = backups.newest(path)
    assert backup is not None
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


async def test_every_start_has_an_epoch_of_its_own(path: Path) -> None:
    """Also when the database is put back as it was."""
    epochs = set()
    for _ in range(3):
        async with a_store(path) as store:
            epochs.add(store.epoch)
    assert len(epochs) == 3


async def test_a_full_disk_refuses_commits_keeps_the_rest_and_heals(path: Path) -> None:
    """`commit` fails at once, `soon` and `keep` wait, and all is there in order once there is space again."""
    states: list[str] = []
    async with a_store(path) as store:
        store.on_state = states.append
        connection = store._writer.connection
        [(pages,)] = await connection.execute_fetchall("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count = {pages}")
        big = msgspec.structs.replace(an_order(1), reason="x" * 200_000)
        with pytest.raises(StoreError, match="full"):
            await store.commit(OrderRow(big))
        await until(lambda: store.state == OK)
        async with store.reads.lock:
            store._writer.open = lambda: _reopen_full(store, pages)  # type: ignore[method-assign]
            await store._writer.open()
        store.soon(OrderRow(msgspec.structs.replace(an_order(2), reason="y" * 200_000)))
        store.soon(FillRow(a_fill(1)))
        await until(lambda: store.state != OK and store.backlog == 0)
        with pytest.raises(StoreError):
            await store.commit(OrderRow(an_order(3)))
        del store._writer.open  # type: ignore[method-assign]
        await store.keep(FillRow(a_fill(2)))
        assert store.state == OK
        assert [row.fill for row in await store.reads.fills_after(0, BOT)] == [a_fill(1), a_fill(2)]
        assert [order.client_order_id for order in await store.reads.orders()] == [an_order(2).client_order_id]
    assert states[-1] == OK
    assert any("full" in state for state in states)


async def _reopen_full(store: Store, pages: int) -> None:
    await type(store._writer).open(store._writer)
    await store._writer.connection.execute(f"PRAGMA max_page_count = {pages}")


async def test_a_commit_that_fails_after_landing_is_read_back_not_repeated(path: Path) -> None:
    """The mark of the batch tells that it landed: the fill keeps its one number and the caller gets it."""
    async with a_store(path) as store:
        writer = store._writer
        honest = writer.write

        async def lands_then_fails(rows, meta=()):  # type: ignore[no-untyped-def]
            writer.write = honest  # type: ignore[method-assign]
            batch = writer.batch
            await honest(rows, meta)
            writer.batch = batch
            raise sqlite3.OperationalError("disk I/O error")

        writer.write = lands_then_fails  # type: ignore[method-assign]
        durable = await store.keep(FillRow(a_fill()), OrderRow(an_order()))
        assert durable.seq(a_fill()) == 1
        await store.keep(FillRow(a_fill(2)))
        assert [row.ledger_seq for row in await store.reads.fills_after(0, BOT)] == [1, 2]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM order_events").fetchone() == (1,)


async def test_what_waits_at_the_end_is_written(path: Path) -> None:
    """Rows given just before the store is stopped are durable."""
    async with a_store(path) as store:
        for number in range(1, 21):
            store.soon(FillRow(a_fill(number)))
    async with a_store(path) as store:
        assert len(await store.reads.fills_after(0, BOT)) == 20


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _overwrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for leftover in ("algobot.db-wal", "algobot.db-shm"):
        (path.parent / leftover).unlink(missing_ok=True)
