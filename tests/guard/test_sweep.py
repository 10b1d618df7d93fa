"""Orders off the book without the daemon: until the venue itself shows none, and never a foreign one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import anyio
import pytest

from algobot.latch import Latch
from algobot.model import AccountId, BotId, ClientOrderId, NewOrder, OrderType, Side, Symbol
from daemon.gateway.ids import OrderIds, bot_of
from daemon.guard import sweep as module
from daemon.guard.report import Swept
from daemon.guard.sweep import Sweep
from tests.fakes.ports import Answer, FakeAccount
from tests.fakes.venue import FakeVenue
from tests.waiting import until

pytestmark = pytest.mark.anyio
IDS = OrderIds("main", "epoch1", "lane")
ALL = Latch("all", "", "cancel", "test", 1, "me")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become hundredths."""
    for name in ("APART_S", "SKEW_S", "AGAIN_S"):
        monkeypatch.setattr(module, name, 0.02)


def rest(venue: FakeVenue, client_id: str) -> ClientOrderId:
    """Let an order rest far below the market, and return its id."""
    order = NewOrder(
        ClientOrderId(client_id), Symbol("BTC/USDT"), Side.BUY, OrderType.LIMIT, Decimal("0.01"), Decimal(1000)
    )
    venue.accept(order)
    return order.client_order_id


class Run:
    """A sweep under way, and all it told."""

    def __init__(self, venue: FakeVenue) -> None:
        self.venue = venue
        self.told: list[Swept] = []
        self.accounts: list[FakeAccount] = []
        self.sweep = Sweep(
            AccountId("main"),
            self._connect,
            ours=IDS.is_ours,
            is_of=lambda order, bot: bool(bot_of(order, [bot])),
            on_change=self.told.append,
            valid_s=0.3,
        )

    async def _connect(self) -> FakeAccount:
        self.accounts.append(self.venue.account())
        return self.accounts[-1]

    @property
    def open(self) -> set[str]:
        """What the venue has open."""
        return {r.order.client_order_id for r in self.venue.orders.values() if r.status.value == "open"}


@asynccontextmanager
async def running(venue: FakeVenue, *latches: Latch, closed: bool = True) -> AsyncIterator[Run]:
    """Run a sweep under these latches for the length of a block, at most ten seconds."""
    run = Run(venue)
    run.sweep.want(list(latches), anyio.current_time() if closed else None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run.sweep.run)
        with anyio.fail_after(10):
            yield run
        tasks.cancel_scope.cancel()


def is_safe(run: Run) -> Callable[[], bool]:
    """Return what tells whether it is proved."""
    return lambda: run.sweep.swept.safe


async def test_ours_are_canceled_and_foreign_ones_left(venue: FakeVenue) -> None:
    """Fifty of ours go, a person's stays and is counted."""
    for _ in range(50):
        rest(venue, IDS.make(BotId("alpha")))
    person = rest(venue, "a-person-1")
    another = rest(venue, "abother-epoch1-000000-1")  # another instance's
    async with running(venue, ALL) as run:
        await until(is_safe(run))
        assert run.open == {person, another}
        assert (run.sweep.swept.asked, run.sweep.swept.foreign, run.sweep.swept.left) == (50, 2, [])


async def test_told_so_it_cancels_foreign_ones_too(venue: FakeVenue) -> None:
    """Account-wide means every order of the account."""
    rest(venue, "a-person-1")
    async with running(venue, ALL._replace(scope="account", target="main", foreign=True)) as run:
        await until(is_safe(run))
        assert run.open == set()


async def test_a_bots_halt_cancels_that_bots_orders_alone(venue: FakeVenue) -> None:
    """The bot is read from the order's id."""
    rest(venue, IDS.make(BotId("alpha")))
    other = rest(venue, IDS.make(BotId("beta")))
    async with running(venue, Latch("bot", "alpha", "cancel", "test", 1, "me")) as run:
        await until(is_safe(run))
        assert run.open == {other}


async def test_a_cancel_that_is_lost_or_refused_is_sent_again(venue: FakeVenue) -> None:
    """What a cancel answers proves nothing; the next look does."""
    for _ in range(6):
        rest(venue, IDS.make(BotId("alpha")))
    venue.cancel_answers.extend([Answer.LOSE_REQUEST, Answer.REJECT, Answer.LOSE_REPLY] * 3)
    async with running(venue, ALL) as run:
        await until(is_safe(run))
        assert run.open == set()


async def test_while_the_venue_is_down_it_goes_on_and_says_so(venue: FakeVenue) -> None:
    """Not safe, with the reason; safe once the venue is back and was seen empty."""
    order = rest(venue, IDS.make(BotId("alpha")))
    venue.down = True
    async with running(venue, ALL) as run:
        await until(lambda: "cannot be asked" in run.sweep.swept.reason)
        assert (run.sweep.swept.safe, run.open) == (False, {order})
        venue.down = False
        await until(is_safe(run))
        assert run.open == set()


async def test_an_order_that_arrives_late_is_canceled_before_anybody_says_safe(venue: FakeVenue) -> None:
    """Both looks come after the last one that was on its way has expired."""
    async with running(venue, ALL) as run:
        await until(lambda: run.sweep.swept.looks > 2)
        assert not run.sweep.swept.safe
        rest(venue, IDS.make(BotId("alpha")))
        await until(is_safe(run))
        assert (run.open, run.sweep.swept.asked) == (set(), 1)


async def test_an_open_gate_is_never_safe(venue: FakeVenue) -> None:
    """As long as orders may go out an empty book proves nothing; closing it begins the proof."""
    async with running(venue, ALL, closed=False) as run:
        await until(lambda: run.sweep.swept.looks > 3)
        assert "gate is not closed" in run.sweep.swept.reason
        run.sweep.want([ALL], anyio.current_time())
        await until(is_safe(run))


async def test_another_latch_undoes_the_proof(venue: FakeVenue) -> None:
    """What was proved for one bot says nothing of all."""
    one = Latch("bot", "alpha", "cancel", "test", 1, "me")
    rest(venue, IDS.make(BotId("beta")))
    async with running(venue, one) as run:
        await until(is_safe(run))
        run.sweep.want([one, ALL], anyio.current_time())
        assert not run.sweep.swept.safe


async def test_a_key_that_is_refused_is_told_and_tried_again(venue: FakeVenue) -> None:
    """A venue that refuses for now may not for ever."""
    venue.key_refused = True
    async with running(venue, ALL) as run:
        await until(lambda: len(run.told) > 2)
        assert not run.sweep.swept.safe
        venue.key_refused = False
        await until(is_safe(run))


@pytest.fixture
def venue() -> FakeVenue:
    """Nothing fills."""
    return FakeVenue(fills_at_once=False)
