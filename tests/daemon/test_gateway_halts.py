"""Halted means that nothing new is sent, whoever latched it and however; cancels go on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from algobot import latch as files
from algobot.errors import NotFound
from algobot.model import BotId, OrderStatus, Side
from daemon.messages import Cancel
from tests.daemon.stage import ACCOUNT, ALPHA, SLOW, a_bot, a_stage, a_venue, an_intent
from tests.fakes.venue import Answer
from tests.waiting import until

pytestmark = pytest.mark.anyio
_S = OrderStatus
BETA = BotId("beta")


async def test_a_latch_refuses_submits_and_lets_cancels_through(tmp_path: Path) -> None:
    """Mode halt keeps orders where they are until asked."""
    async with a_stage(tmp_path) as stage:
        [resting] = await stage.placed()
        await stage.halts.latch("account", ACCOUNT, "halt", reason="drill", by="me")
        [refused] = await stage.placed()
        assert refused.status is _S.REJECTED
        assert refused.reason == "halted (account main): drill"
        assert len(stage.venue.submits) == 1
        stage.gateway.tell(Cancel(resting.client_order_id))
        await until(lambda: stage.now(resting).status is _S.CANCELED)
        assert stage.gateway.row().state == "halted"


async def test_a_touched_file_halts_the_very_next_submit(tmp_path: Path) -> None:
    """No poll is waited for: the file is looked at before each send; then the world is told and a row kept."""
    async with a_stage(tmp_path) as stage:
        (tmp_path / "HALT.bot.alpha").touch()
        [refused] = await stage.placed()
        assert refused.status is _S.REJECTED
        assert stage.venue.submits == []
        await until(lambda: [row.target for row in stage.publisher.halts] == ["alpha"])
        await stage.store.flush()
        assert [row.target for row in await stage.store.reads.halts()] == ["alpha"]


async def test_a_latch_closed_after_the_intent_is_durable_still_stops_it(tmp_path: Path) -> None:
    """The last look is behind the transaction."""
    async with a_stage(tmp_path) as stage:
        honest = stage.store.commit

        async def slow(*rows):  # type: ignore[no-untyped-def]
            durable = await honest(*rows)
            files.close(tmp_path, "all", "", "halt", "in between", "guard")
            return durable

        stage.store.commit = slow  # type: ignore[method-assign]
        [order] = await stage.placed()
        assert order.status is _S.REJECTED
        assert "in between" in order.reason
        assert stage.venue.submits == []


async def test_either_the_file_or_the_row_keeps_it_halted_over_a_restart(tmp_path: Path) -> None:
    """Remove one, and the other still halts; unhalt removes both."""
    async with a_stage(tmp_path) as stage:
        await stage.halts.latch("bot", ALPHA, "halt", reason="test", by="me")
        await stage.store.flush()
    _remove(tmp_path / "HALT.bot.alpha")
    async with a_stage(tmp_path) as stage:
        [refused] = await stage.placed()
        assert refused.status is _S.REJECTED
        await stage.halts.clear("bot", ALPHA, reason="checked", by="me")
        [order] = await stage.placed()
        assert order.status is _S.OPEN
        with pytest.raises(NotFound):
            await stage.halts.clear("bot", ALPHA, reason="again", by="me")
    async with a_stage(tmp_path) as stage:
        assert stage.halts.active() == []


async def test_a_latch_of_mode_cancel_empties_the_book_by_itself(tmp_path: Path) -> None:
    """Also when only a file was written, by a process that cannot reach us; the other bot's orders stay."""
    async with a_stage(tmp_path, bots=(a_bot(), a_bot(BETA))) as stage:
        [mine] = await stage.placed()
        [other] = await stage.placed(an_intent(bot_id=BETA))
        files.close(tmp_path, "bot", ALPHA, "cancel", "offline", "kill")
        await until(lambda: stage.now(mine).status is _S.CANCELED)
        assert stage.now(other).status is _S.OPEN


async def test_in_flatten_mode_only_what_reduces_goes(tmp_path: Path) -> None:
    """A bot may close its position, not open one, and not more than it has."""
    async with a_stage(tmp_path) as stage:
        await stage.placed(an_intent(price=None))
        await until(lambda: len(stage.fills()) == 1)
        await stage.halts.latch("all", "", "flatten", reason="out", by="me")
        sell = {"side": Side.SELL, "price": None}
        [opening] = await stage.placed(an_intent(**sell))
        [too_much] = await stage.placed(an_intent("0.2", reduce_only=True, **sell))
        [closing] = await stage.placed(an_intent("0.1", reduce_only=True, **sell))
        assert (opening.status, too_much.status) == (_S.REJECTED, _S.REJECTED)
        await until(lambda: stage.now(closing).status is _S.FILLED)
        await stage.assert_equal_to_venue()


async def test_cancel_all_repeats_until_the_venue_shows_none_twice(tmp_path: Path) -> None:
    """Lost cancels are asked again; the answer says what was done."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        await stage.placed(*(an_intent("0.01") for _ in range(20)))
        stage.venue.cancel_answers.extend([Answer.LOSE_REQUEST, Answer.REJECT] * 4)
        swept = await stage.gateway.cancel_all(deadline_s=10.0)
        assert (swept.safe, swept.cancels_asked, swept.orders_left) == (True, 20, [])
        assert await stage.venue.account().open_orders() == []
        await stage.assert_equal_to_venue()


async def test_cancel_all_waits_for_what_may_still_arrive(tmp_path: Path) -> None:
    """A late order is caught after it came, before anybody says safe."""
    venue = a_venue()
    async with a_stage(tmp_path, venue) as stage:
        venue.submit_answers.append(Answer.LATE)
        await stage.placed()
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:

                async def later() -> None:
                    await anyio.sleep(0.05)
                    venue.arrive()

                tasks.start_soon(later)
                swept = await stage.gateway.cancel_all(deadline_s=5.0)
        assert swept.safe
        assert await venue.account().open_orders() == []


async def test_cancel_all_without_a_venue_says_so(tmp_path: Path) -> None:
    """No pretence: not safe, what is left, and why."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        [order] = await stage.placed()
        stage.venue.down = True
        swept = await stage.gateway.cancel_all(deadline_s=0.3)
        assert not swept.safe
        assert swept.orders_left == [order.client_order_id]
        assert any("cannot be read" in note for note in swept.notes)


async def test_with_the_database_down_nothing_is_sent_and_cancels_still_work(tmp_path: Path) -> None:
    """New orders are refused with the reason, the account is degraded, the cancel reaches the venue, then it heals."""
    async with a_stage(tmp_path) as stage:
        [resting] = await stage.placed()
        await stage.store.flush()
        connection = stage.store._writer.connection
        await connection.execute("PRAGMA query_only = ON")
        honest = stage.store._writer.open

        async def still_closed() -> None:
            await honest()
            await stage.store._writer.connection.execute("PRAGMA query_only = ON")

        stage.store._writer.open = still_closed  # type: ignore[method-assign]
        stage.submit(an_intent())
        book = stage.gateway._on.book
        await until(lambda: any("not sent" in order.reason for order in book.orders.values()))
        await until(lambda: stage.gateway.row().state == "degraded")
        assert len(stage.venue.submits) == 1
        stage.gateway.tell(Cancel(resting.client_order_id))
        at_venue = stage.venue.by_client_id(resting.client_order_id)
        assert at_venue is not None
        await until(lambda: at_venue.status is _S.CANCELED)
        stage.venue.fills_at_once = False
        del stage.store._writer.open  # type: ignore[method-assign]
        await until(lambda: stage.gateway.row().state == "ready")
        await until(lambda: stage.moves(resting)[-1:] == ["canceled"])
        [order] = await stage.placed()
        assert order.status is _S.OPEN
        await stage.assert_equal_to_venue()


async def test_a_latch_survives_a_state_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """Memory and row halt; the alarm says that the file is missing."""
    async with a_stage(tmp_path) as stage:
        stage.halts._state_dir = tmp_path / "gone"
        latched = await stage.halts.latch("all", "", "halt", reason="test", by="me")
        assert latched.mode == "halt"
        [refused] = await stage.placed()
        assert refused.status is _S.REJECTED
        assert "halt.file_failed" in stage.alarms()
        assert refused.quantity == Decimal("0.1")


def _remove(path: Path) -> None:
    path.unlink()
