"""The daemon may die at any step of the loop: no order twice, no fill lost, nothing left in doubt.

A life is run on an event loop of its own that is stopped dead after a random number of steps; nothing of it reaches
disk or venue after that. The venue's own log is the ground truth. `ALGOBOT_CRASHES` runs more lives.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import aiosqlite
import anyio
import anyio.lowlevel
import msgspec
import pytest

from algobot.model import ClientOrderId, OrderStatus, Side
from daemon.messages import Cancel
from daemon.store import Store
from tests.daemon.stage import ACCOUNT, QUICK, Stage, a_stage, a_venue, an_intent
from tests.fakes.venue import Answer, FakeVenue
from tests.waiting import until

CRASHES = int(os.environ.get("ALGOBOT_CRASHES", "25"))
MISHAPS = (Answer.LOSE_REPLY, Answer.LOSE_REQUEST, Answer.LATE, Answer.REJECT)
RESTLESS = msgspec.structs.replace(QUICK, valid_s=0.05, skew_s=0.02, absent_gap_s=0.02)


class Ghost:
    """What is left of a life that was stopped dead: it must not touch disk or venue any more."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.scope: anyio.CancelScope | None = None
        self.dead = False
        self.connections: list[aiosqlite.Connection] = []

    async def live(self, life: Callable[[Ghost], Awaitable[None]]) -> None:
        """Live until the scope is canceled: threads under way are waited for, as shields ask."""
        with anyio.CancelScope() as self.scope:
            await life(self)

    def remember(self, connection: aiosqlite.Connection) -> aiosqlite.Connection:
        """Keep hold of a connection; what was not committed when its life ends is rolled back, as by a kill."""
        connect = connection._connector

        def alive() -> sqlite3.Connection:
            if self.dead:
                raise sqlite3.OperationalError("dead")
            file = connect()
            connection.file = file  # type: ignore[attr-defined]
            return file

        connection._connector = alive
        self.connections.append(connection)
        return connection

    def haunt(self) -> None:
        """Cut it off from venue and database; returns once every file is closed."""
        self.dead = True
        if self.stage is not None:
            self.stage.gateway._on.account.venue = FakeVenue(down=True)  # type: ignore[attr-defined]
        for connection in self.connections:
            closed = threading.Event()

            def close(connection: aiosqlite.Connection = connection, closed: threading.Event = closed) -> None:
                if file := getattr(connection, "file", None):
                    file.close()
                closed.set()

            connection._tx.put_nowait((None, close))  # in its own thread, behind what that is doing now
            if connection._thread.is_alive():
                assert closed.wait(10)

    def rest(self) -> None:
        """End what is left of it."""
        if self.scope is not None:
            self.scope.cancel()

    def join(self) -> None:
        """Wait for its database threads."""
        for connection in self.connections:
            if connection._thread.is_alive():
                connection._thread.join(10)


def crash(life: Callable[[Ghost], Awaitable[None]], *, after_s: float, steps: int) -> bool:
    """Run a life on a loop of its own, stop it dead so many steps after a while; return whether it died."""
    ghost, honest = Ghost(), aiosqlite.connect

    def remembered(*where: object, **how: object) -> aiosqlite.Connection:
        return ghost.remember(honest(*where, **how))  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite, "connect", remembered)
        return _die(ghost, life, after_s, steps)


def _die(ghost: Ghost, life: Callable[[Ghost], Awaitable[None]], after_s: float, steps: int) -> bool:
    loop = asyncio.new_event_loop()
    task = loop.create_task(ghost.live(life))

    def step(left: int) -> None:
        if left <= 0:
            loop.stop()
        else:
            loop.call_soon(step, left - 1)

    loop.call_later(after_s, step, steps)
    stop = _stopper(loop)
    task.add_done_callback(stop)
    loop.run_forever()
    task.remove_done_callback(stop)
    died = not task.done()
    ghost.haunt()
    loop.call_soon(ghost.rest)
    loop.run_until_complete(asyncio.wait([task], timeout=10))
    assert task.done(), "the ghost does not rest"
    loop.run_until_complete(loop.shutdown_asyncgens())
    ghost.join()
    loop.close()
    if not died:
        task.result()
    elif not task.cancelled():
        task.exception()  # a ghost's complaints are nobody's business
    return died


def _stopper(loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
    return lambda _: loop.stop()


async def trade(stage: Stage, dice: random.Random, *, rounds: int) -> None:
    """Submit, cancel, fill and lose answers at random."""
    venue = stage.venue
    for _ in range(rounds):
        match dice.randrange(8):
            case 0 | 1:
                stage.submit(an_intent("0.01"), an_intent("0.02", price="49000"))
            case 2:
                stage.submit(an_intent("0.03", price=None, side=dice.choice([Side.BUY, Side.SELL])))
            case 3:
                venue.submit_answers.append(dice.choice(MISHAPS))
            case 4 if stage.gateway.orders():
                stage.gateway.tell(Cancel(dice.choice(stage.gateway.orders()).client_order_id))
            case 5 if resting := [
                r for r in venue.orders.values() if r.status in (OrderStatus.OPEN, OrderStatus.PARTIAL)
            ]:
                chosen = dice.choice(resting)
                streamed = dice.random() < 0.7
                venue.fill(
                    chosen.order.client_order_id, min(chosen.left, Decimal("0.005")), Decimal(50_000), streamed=streamed
                )
            case 6:
                venue.arrive()
            case 7 if dice.random() < 0.3:
                venue.cut()
            case _:
                pass
        await anyio.sleep(dice.random() * 0.004)


def revive(venue: FakeVenue) -> None:
    """Take from the venue what belonged to the dead loop; what was on its way may still arrive."""
    venue.private.clear()
    venue.public.clear()
    venue.submit_answers.clear()


@pytest.mark.parametrize("seed", range(3))
def test_a_life_that_ends_anywhere_is_recovered_exactly(tmp_path: Path, seed: int) -> None:
    """Many short lives on one ledger and one venue; after the last, ledger and venue are equal."""
    dice = random.Random(seed)
    venue, deaths = a_venue(), 0
    venue.totals = {"USDT": Decimal(100_000_000), "BTC": Decimal(1000)}

    async def life(ghost: Ghost) -> None:
        async with a_stage(tmp_path, venue, cadence=RESTLESS, wait=False) as stage:
            ghost.stage = stage
            await stage.gateway.wait_ready()
            await trade(stage, dice, rounds=10_000)

    for _ in range(CRASHES):
        deaths += crash(life, after_s=dice.triangular(0.01, 0.6, 0.2), steps=dice.randrange(60))
        revive(venue)
        if dice.random() < 0.5:
            venue.arrive()

    async def last() -> None:
        async with a_stage(tmp_path, venue, cadence=RESTLESS) as stage:
            venue.arrive()
            swept = await stage.gateway.cancel_all(deadline_s=10.0)
            assert swept.safe
            report = await stage.gateway.reconcile()
            assert report.ok, report
            await stage.assert_equal_to_venue()
            assert stage.alarms() == set()
            live = await stage.store.reads.live_orders(ACCOUNT)
            assert live == []
            for order in await stage.store.reads.orders(limit=100_000):
                traded = [t.quantity for t in venue.trades if t.client_order_id == order.client_order_id]
                assert order.filled == sum(traded, Decimal(0))

    anyio.run(last)
    assert deaths > CRASHES / 2
    assert len(venue.accepted) > CRASHES


def test_recovery_killed_again_and_again_ends_the_same(tmp_path: Path) -> None:
    """An order in doubt, and a daemon that dies in every attempt to resolve it: one order, known, at the end."""
    venue = a_venue()
    venue.mute = True

    async def send(ghost: Ghost) -> None:
        async with a_stage(tmp_path, venue, cadence=RESTLESS, wait=False) as stage:
            ghost.stage = stage
            await stage.gateway.wait_ready()
            venue.submit_answers.append(Answer.LOSE_REPLY)
            stage.submit(an_intent(price=None))
            while not venue.trades:
                await anyio.lowlevel.checkpoint()
            asyncio.get_running_loop().stop()  # dies here, the reply not yet recorded
            await anyio.sleep_forever()

    async def recover(ghost: Ghost) -> None:
        async with a_stage(tmp_path, venue, cadence=RESTLESS, wait=False) as stage:
            ghost.stage = stage
            await anyio.sleep_forever()

    assert crash(send, after_s=20.0, steps=0)
    assert len(venue.trades) == 1
    for after_s in (0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1):
        assert crash(recover, after_s=after_s, steps=7)
        revive(venue)

    async def last() -> None:
        async with a_stage(tmp_path, venue, cadence=RESTLESS) as stage:
            await stage.assert_equal_to_venue()
            [order] = await stage.store.reads.orders()
            assert order.status is OrderStatus.FILLED
            assert ClientOrderId(order.client_order_id) == venue.accepted[0].client_order_id

    anyio.run(last)


@pytest.mark.anyio
async def test_stopping_waits_for_the_answer_of_a_submit_under_way(tmp_path: Path) -> None:
    """A daemon told to stop between request and reply records the reply: nothing is in doubt at the next start."""
    venue = a_venue()
    venue.mute = True
    answered = venue.hold_reply = anyio.Event()

    async def later() -> None:
        await anyio.sleep(0.1)
        answered.set()

    async with anyio.create_task_group() as tasks, a_stage(tmp_path, venue, cadence=RESTLESS) as stage:
        stage.submit(an_intent())
        await until(lambda: len(venue.orders) == 1)
        tasks.start_soon(later)
    store = await Store.open(tmp_path / "algobot.db", instance="main")
    try:
        assert [order.status for order in await store.reads.live_orders(ACCOUNT)] == [OrderStatus.OPEN]
    finally:
        await store.close()
