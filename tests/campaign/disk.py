"""A disk that says no: while the database takes no writes no order is sent, cancels go on, and it heals by itself.

Each way to fail is a real one where a process can make it: a file size limit (what a full disk does to the journal), a
connection that may only read, a lock somebody else holds; and a COMMIT that fails, having landed or not.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import anyio

from algobot.model import Order, OrderStatus
from daemon.store import OK, Store
from daemon.store.audit import audit
from daemon.store.writer import Writer
from tests.campaign.summary import Summary
from tests.daemon.stage import Stage, a_stage, an_intent
from tests.waiting import until

_CLOSED: Final = (OrderStatus.REJECTED, OrderStatus.NEVER_ACCEPTED)


@asynccontextmanager
async def full(store: Store) -> AsyncIterator[None]:
    """Let no file grow beyond the journal as it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = store.path.with_name(store.path.name + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@asynccontextmanager
async def readonly(store: Store) -> AsyncIterator[None]:
    """Let every connection only read, also those opened meanwhile."""
    writer = store._writer

    async def opened() -> None:
        await Writer.open(writer)
        await writer.connection.execute("PRAGMA query_only = ON")

    writer.open = opened  # type: ignore[method-assign]
    async with store.reads.lock:
        await writer.open()
    yield
    del writer.open  # type: ignore[method-assign]


@asynccontextmanager
async def locked(store: Store) -> AsyncIterator[None]:
    """Hold the write lock with another connection, longer than the store waits for it."""
    with closing(sqlite3.connect(store.path, isolation_level=None, timeout=5.0)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def commit_lost(store: Store) -> AsyncIterator[None]:
    """Let every transaction fail without a trace."""

    async def write(rows: object, meta: object = ()) -> Any:
        raise sqlite3.OperationalError("disk I/O error")

    store._writer.write = write  # type: ignore[method-assign]
    yield
    del store._writer.write  # type: ignore[method-assign]


@asynccontextmanager
async def commit_landed(store: Store) -> AsyncIterator[None]:
    """Let every transaction be told as failed that is on disk."""
    writer = store._writer

    async def write(rows: Any, meta: Any = ()) -> Any:
        batch = writer.batch
        await Writer.write(writer, rows, meta)
        writer.batch = batch
        raise sqlite3.OperationalError("disk I/O error")

    writer.write = write  # type: ignore[method-assign]
    yield
    del writer.write  # type: ignore[method-assign]


WAYS: Final[dict[str, Callable[[Store], Any]]] = {
    "full": full,
    "readonly": readonly,
    "locked": locked,
    "commit_lost": commit_lost,
    "commit_landed": commit_landed,
}


async def play(folder: Path, way: str, summary: Summary) -> None:
    """Fail in one way with an order at rest and one that fills; heal; compare with the venue."""
    async with a_stage(folder) as stage:
        resting, filling = await stage.placed(an_intent(price="50000"), an_intent(price="49000"))
        await until(lambda: all(stage.now(order).status is OrderStatus.OPEN for order in (resting, filling)))
        await stage.store.flush()
        sent = len(stage.venue.submits)
        async with WAYS[way](stage.store):
            await meanwhile(stage, way, resting, filling, summary)
            summary.expect(len(stage.venue.submits) == sent, f"{way}: an order was sent")
        await until(lambda: stage.store.state == OK and stage.store.backlog == 0, within_s=10)
        await until(lambda: stage.gateway.ready, within_s=10)
        await stage.store.flush()
        summary.count("healed")
        [later] = await stage.placed(an_intent(price="48000"))
        summary.expect(stage.now(later).status is OrderStatus.OPEN, f"{way}: no order after it healed")
        try:
            await stage.assert_equal_to_venue()
        except AssertionError as error:
            summary.expect(False, f"{way}: ledger and venue differ: {error}")
    flaws = audit(folder / "algobot.db").flaws
    summary.expect(not flaws, f"{way}: {[flaw.words for flaw in flaws[:3]]}")


async def meanwhile(stage: Stage, way: str, resting: Order, filling: Order, summary: Summary) -> None:
    """What must hold while the store fails: refused entries, cancels at the venue, a state that says why."""
    stage.submit(an_intent(price="47000"))
    if way != "commit_landed":  # there every batch is read back and found: it heals at once
        await until(lambda: stage.store.state != OK, within_s=10)
        await until(lambda: stage.gateway.row().state == "degraded", within_s=10)
        summary.expect("database" in stage.gateway.row().reason, f"{way}: {stage.gateway.row().reason!r} says nothing")
        summary.count("degraded")
    await stage.gateway.cancel_order(resting.client_order_id, "test")
    await until(lambda: stage.now(resting).status is OrderStatus.CANCELED, within_s=10)
    summary.count("canceled_meanwhile")
    stage.venue.quote("BTC/USDT", 48_999.0, 48_999.5)
    await until(lambda: stage.now(filling).status is OrderStatus.FILLED, within_s=10)
    summary.count("filled_meanwhile")
    stage.venue.quote("BTC/USDT", 50_500.0, 50_501.0)

    def refused() -> bool:
        book = stage.gateway._on.book.orders.values()
        return any(order.limit_price == 47_000 and order.status in _CLOSED for order in book)

    await until(refused, within_s=10)
    summary.count("refused_meanwhile")


def main(words: list[str]) -> Summary:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="disk", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    summary = Summary("disk", options.seed)
    for _ in range(options.rounds):
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    anyio.run(play, Path(folder), way, summary)
                except (TimeoutError, BaseExceptionGroup) as error:
                    summary.expect(False, f"{way}: {error!r}")
            summary.count("rounds")
    return summary
