"""`sum(bots) + external == venue`: proved while bots trade, drift found, booked only by a person or when it is dust."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import anyio
import msgspec
import pytest

from algobot.errors import Refused
from algobot.model import ClientOrderId, NewOrder, OrderStatus, OrderType, Side
from tests.daemon.stage import ACCOUNT, BTC, QUICK, SLOW, Stage, a_stage, a_venue, an_intent
from tests.fakes.venue import FakeVenue
from tests.waiting import until

pytestmark = pytest.mark.anyio


def positions(stage: Stage) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Return (bots, external, venue) by currency; each row adds up or has its drift."""
    rows = stage.gateway.positions()
    assert all(row.bots + row.external + row.drift == row.venue for row in rows)
    return {row.currency: (row.bots, row.external, row.venue) for row in rows}


async def test_what_is_held_at_first_sight_is_external_and_booked_once(tmp_path: Path) -> None:
    """A baseline, audited; a restart takes it from the ledger."""
    venue = a_venue()
    async with a_stage(tmp_path, venue) as stage:
        assert positions(stage)["USDT"] == (0, 100_000, 100_000)
        assert stage.gateway.row().reconciled
    async with a_stage(tmp_path, venue) as stage:
        booked = await stage.store.reads.adjustments(ACCOUNT)
        assert sorted((row.currency, row.amount, row.kind) for row in booked) == [
            ("BTC", Decimal(1), "baseline"),
            ("USDT", Decimal(100_000), "baseline"),
        ]


async def test_bots_changes_and_external_holdings_add_up_after_trading(tmp_path: Path) -> None:
    """Fees included, in exact decimals, also over a restart."""
    venue = a_venue()
    async with a_stage(tmp_path, venue) as stage:
        await stage.placed(an_intent(price=None), an_intent("0.03", price=None), an_intent("0.02"))
        await until(lambda: len(stage.fills()) == 2)
        report = await stage.gateway.reconcile()
        assert report.ok
        cost = Decimal("0.13") * Decimal("50501.0")
        assert positions(stage)["BTC"] == (Decimal("0.13"), 1, Decimal("1.13"))
        assert positions(stage)["USDT"][0] == -cost - cost * Decimal("0.001")
    async with a_stage(tmp_path, venue) as stage:
        assert positions(stage)["BTC"] == (Decimal("0.13"), 1, Decimal("1.13"))


async def test_it_is_proved_while_bots_trade_without_pause(tmp_path: Path) -> None:
    """Thousands of looks in the middle of fills raise no false alarm, and most prove it."""
    venue = a_venue()
    cadence = msgspec.structs.replace(QUICK, balances_every_s=0.001, settle_s=0.02)
    async with a_stage(tmp_path, venue, cadence=cadence) as stage:
        reconciler = stage.gateway._reconciler
        outcomes: list[bool | None] = []
        honest = reconciler.check

        async def counted() -> bool | None:
            outcomes.append(await honest())
            return outcomes[-1]

        reconciler.check = counted  # type: ignore[method-assign]
        for number in range(150):
            side = Side.SELL if number % 2 else Side.BUY
            stage.submit(an_intent("0.01", price=None, side=side), an_intent("0.02", price=None, side=side))
            await until(lambda n=number: len(venue.trades) >= 2 * n + 2)  # type: ignore[misc]
        await until(lambda: len(stage.fills()) == 300)
        assert False not in outcomes
        assert outcomes.count(True) > len(outcomes) / 2 > 10
        assert stage.alarms() == set()


async def test_balances_read_between_two_trades_of_one_look_are_proved(tmp_path: Path) -> None:
    """The balances are as of before the trade, the sweep already has it: the cut before it matches."""
    venue = a_venue()
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        [order] = await stage.placed()
        account = stage.gateway._on.account
        honest = account.balances

        async def then_trades():  # type: ignore[no-untyped-def]
            seen = await honest()
            venue.fill(order.client_order_id, Decimal("0.05"), Decimal(50_000), streamed=False)
            return seen

        account.balances = then_trades  # type: ignore[method-assign]
        assert await stage.gateway._reconciler.check() is True


async def test_balances_that_show_a_trade_the_ledger_has_not_heard_of_are_proved(tmp_path: Path) -> None:
    """The sweep behind them finds the trade: the cut after it matches, the cut before it does not."""
    venue = a_venue()
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        first, second = await stage.placed(an_intent(), an_intent("0.2"))
        account = stage.gateway._on.account
        honest = account.balances

        async def between_trades():  # type: ignore[no-untyped-def]
            venue.fill(first.client_order_id, Decimal("0.05"), Decimal(50_000), streamed=False)
            seen = await honest()
            venue.fill(second.client_order_id, Decimal("0.07"), Decimal(50_000), streamed=False)
            return seen

        account.balances = between_trades  # type: ignore[method-assign]
        assert await stage.gateway._reconciler.check() is True
        assert positions(stage)["BTC"] == (Decimal("0.05"), 1, Decimal("1.05"))


async def test_drift_closes_the_gate_until_a_person_accepts_it(tmp_path: Path) -> None:
    """Not at first look: it must stand. Then submits are refused with the remedy; accepting is audited."""
    async with a_stage(tmp_path) as stage:
        stage.venue.totals["BTC"] += Decimal("0.5")
        await until(lambda: stage.gateway.row().state == "degraded")
        row = stage.gateway.row()
        assert [(drift.currency, drift.drift) for drift in row.drift] == [("BTC", Decimal("0.5"))]
        assert "algobot ctl reconcile accept main --reason" in row.reason
        assert stage.alarms() == {"account.drifted"}
        [refused] = await stage.placed()
        assert refused.status is OrderStatus.REJECTED
        assert "cannot explain" in refused.reason
        report = await stage.gateway.accept_drift(reason="deposited by hand", by="me")
        assert report.ok
        assert stage.gateway.ready
        [order] = await stage.placed()
        assert order.status is OrderStatus.OPEN
        booked = (await stage.store.reads.adjustments(ACCOUNT))[-1]
        assert (booked.kind, booked.amount, booked.reason, booked.by) == (
            "accept",
            Decimal("0.5"),
            "deposited by hand",
            "me",
        )
        with pytest.raises(Refused, match="no drift"):
            await stage.gateway.accept_drift(reason="again", by="me")


async def test_a_drift_that_goes_away_opens_the_gate_by_itself(tmp_path: Path) -> None:
    """What was taken is back: it adds up again."""
    async with a_stage(tmp_path) as stage:
        stage.venue.totals["USDT"] -= Decimal(10)
        await until(lambda: stage.gateway.row().state == "degraded")
        stage.venue.totals["USDT"] += Decimal(10)
        await until(lambda: stage.gateway.ready)
        assert await stage.store.reads.adjustments(ACCOUNT) != []
        assert [row.kind for row in await stage.store.reads.adjustments(ACCOUNT)] == ["baseline", "baseline"]


async def test_a_difference_for_a_moment_is_no_drift(tmp_path: Path) -> None:
    """A venue whose balances lag its trades is looked at again before anybody is woken."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        reconciler = stage.gateway._reconciler
        stage.venue.totals["BTC"] += Decimal(1)
        assert await reconciler.check() is None
        assert reconciler.suspicious
        stage.venue.totals["BTC"] -= Decimal(1)
        assert await reconciler.check() is True
        assert not reconciler.suspicious
        assert stage.alarms() == set()


async def test_dust_is_booked_and_audited(tmp_path: Path) -> None:
    """A rounding of the venue's does not stop trading, and is not forgotten."""
    async with a_stage(tmp_path) as stage:
        stage.venue.totals["USDT"] += Decimal("0.0000005")

        async def booked() -> list[Decimal]:
            return [row.amount for row in await stage.store.reads.adjustments(ACCOUNT) if row.kind == "dust"]

        async def is_booked() -> bool:
            return bool(await booked())

        await until(is_booked)
        assert await booked() == [Decimal("0.0000005")]
        assert stage.gateway.ready
        assert stage.alarms() == set()


async def test_drift_is_found_under_constant_trading_too(tmp_path: Path) -> None:
    """No quiet moment is needed: the same difference runs through every cut."""
    cadence = msgspec.structs.replace(QUICK, balances_every_s=0.005, settle_s=0.05)
    async with a_stage(tmp_path, cadence=cadence) as stage:
        stage.venue.totals["BTC"] += Decimal("0.25")
        for number in range(400):
            side = Side.SELL if number % 2 else Side.BUY
            await anyio.sleep(0.002)
            stage.submit(an_intent("0.01", price=None, side=side))
            if stage.gateway.row().drift:
                break
        await until(lambda: stage.gateway.row().state == "degraded")
        assert {(row.currency, row.drift) for row in stage.gateway.row().drift} == {("BTC", Decimal("0.25"))}


async def test_a_venue_that_does_not_answer_proves_nothing(tmp_path: Path) -> None:
    """No reading, no verdict."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        stage.venue.down = True
        assert await stage.gateway._reconciler.check() is None
        report = await stage.gateway.reconcile()
        assert not report.ok
        assert "could not be read" in report.notes[0]
        assert stage.alarms() == set()


async def test_without_base_external_what_is_held_is_drift(tmp_path: Path) -> None:
    """An account that should hold nothing of its own says so."""
    async with a_stage(tmp_path, wait=False) as stage:
        context = stage.gateway._on
        context.settings = msgspec.structs.replace(context.settings, base_external=False)
        await until(lambda: stage.gateway.row().state == "degraded")
        assert {row.currency for row in stage.gateway.row().drift} == {"BTC", "USDT"}


async def test_a_persons_own_trade_is_drift_not_a_fill(tmp_path: Path) -> None:
    """What a foreign order traded is never booked to a bot."""
    venue: FakeVenue = a_venue()
    async with a_stage(tmp_path, venue) as stage:
        [_] = await stage.placed(an_intent(price=None))
        foreign = NewOrder(ClientOrderId("web_1"), BTC, Side.BUY, OrderType.MARKET, Decimal("0.01"))
        venue.accept(foreign)
        await until(lambda: stage.gateway.row().state == "degraded")
        await stage.store.flush()
        assert len(await stage.store.reads.account_fills(ACCOUNT)) == 1
