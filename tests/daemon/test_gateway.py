"""The only path to a venue: every intent ends as at most one order, every trade as exactly one fill."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path

import anyio
import msgspec
import pytest

from algobot.model import BotId, ClientOrderId, NewOrder, OrderStatus, OrderType, Side, Symbol
from daemon.gateway import Limits
from daemon.messages import AccountState, Cancel, CancelBot, Checkpoint, PauseBot, Submit
from tests.daemon.stage import ALPHA, BTC, SLOW, a_bot, a_stage, a_venue, an_intent
from tests.fakes.venue import Answer
from tests.waiting import until

pytestmark = pytest.mark.anyio
_S = OrderStatus


async def test_an_intent_is_durable_before_the_venue_hears_of_it(tmp_path: Path) -> None:
    """While the request is on its way the INTENT row and the bar's checkpoint are already on disk."""
    venue = a_venue()
    venue.hold_before = anyio.Event()
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        checkpoint = Checkpoint(ALPHA, 60, 0, b"session", "layout", 1)
        stage.gateway.tell(Submit((an_intent(),), checkpoint))
        await until(lambda: len(venue.submits) == 1)
        [order] = await stage.store.reads.orders()
        assert order.status is _S.INTENT
        assert order.client_order_id == venue.submits[0].client_order_id
        assert await stage.store.reads.checkpoint(ALPHA) == checkpoint
        venue.hold_before.set()
        await until(lambda: stage.moves(order) == ["intent", "open"])


async def test_a_market_order_is_filled_booked_and_told_once(tmp_path: Path) -> None:
    """The bot hears of the fill with its number, and of the order's end; the ledger equals the venue's log."""
    async with a_stage(tmp_path) as stage:
        [order] = await stage.placed(an_intent(price=None))
        await until(lambda: stage.moves(order)[-1:] == ["filled"])
        [fill] = stage.fills()
        assert (fill.quantity, fill.price, fill.tag) == (Decimal("0.1"), Decimal("50501.0"), "entry")
        assert stage.publisher.fills == [fill]
        await stage.assert_equal_to_venue()


async def test_a_refused_order_is_rejected_with_the_venues_reason(tmp_path: Path) -> None:
    """A definitive refusal ends it."""
    venue = a_venue()
    venue.submit_answers.append(Answer.REJECT)
    async with a_stage(tmp_path, venue) as stage:
        [order] = await stage.placed()
        assert (order.status, order.reason) == (_S.REJECTED, "the test said no")
        await stage.assert_equal_to_venue()


async def test_a_lost_reply_is_unknown_and_found_not_resent(tmp_path: Path) -> None:
    """The order exists: a look finds it by its id; one order at the venue."""
    venue = a_venue()
    venue.submit_answers.append(Answer.LOSE_REPLY)
    venue.mute = True
    async with a_stage(tmp_path, venue) as stage:
        [order] = await stage.placed()
        await until(lambda: stage.now(order).status is _S.OPEN)
        assert stage.moves(order)[:2] == ["intent", "unknown"]
        assert len(venue.submits) == 1
        await stage.assert_equal_to_venue()


async def test_a_lost_request_is_never_accepted_only_after_its_window(tmp_path: Path) -> None:
    """Two looks without a trace, after the order could last have been accepted; the bot decides afresh."""
    venue = a_venue()
    venue.submit_answers.append(Answer.LOSE_REQUEST)
    async with a_stage(tmp_path, venue) as stage:
        started = anyio.current_time()
        [order] = await stage.placed()
        assert order.status is _S.UNKNOWN
        await until(lambda: stage.now(order).status is _S.NEVER_ACCEPTED)
        cadence = stage.gateway._on.cadence
        assert anyio.current_time() - started >= cadence.valid_s + cadence.skew_s + cadence.absent_gap_s
        assert len(venue.submits) == 1
        await stage.assert_equal_to_venue()


async def test_a_request_that_arrives_late_is_found(tmp_path: Path) -> None:
    """Absent now is not absent: within its window it may still come, and then it is one order, known."""
    venue = a_venue()
    venue.submit_answers.append(Answer.LATE)
    venue.mute = True
    async with a_stage(tmp_path, venue) as stage:
        [order] = await stage.placed()
        await anyio.sleep(0.05)
        assert stage.now(order).status is _S.UNKNOWN
        venue.arrive()
        await until(lambda: stage.now(order).status is _S.OPEN)
        await stage.assert_equal_to_venue()


async def test_an_unknown_order_stays_so_while_the_venue_is_away_then_halts_its_bot(tmp_path: Path) -> None:
    """No answer proves nothing; after too long a person is asked; the answer still counts when it comes."""
    venue = a_venue()
    async with a_stage(tmp_path, venue) as stage:
        venue.submit_answers.append(Answer.LOSE_REPLY)
        venue.mute = True
        venue.hold_reply = anyio.Event()
        stage.submit(an_intent())
        await until(lambda: len(venue.orders) == 1)
        venue.down = True
        venue.hold_reply.set()
        key = venue.submits[0].client_order_id
        await until(lambda: stage.gateway.order(key).status is _S.UNRESOLVED)  # type: ignore[union-attr]
        assert "order.unresolved" in stage.alarms()
        await until(lambda: stage.halts.covering(stage.gateway.account_id, ALPHA) is not None)
        venue.down = False
        await until(lambda: stage.gateway.order(key).status is _S.OPEN)  # type: ignore[union-attr]


async def test_a_fill_may_come_before_its_answer(tmp_path: Path) -> None:
    """The private stream is faster than the reply: the fill is matched, the reply changes nothing."""
    venue = a_venue()
    venue.hold_reply = anyio.Event()
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        stage.submit(an_intent(price=None))
        await until(lambda: len(stage.fills()) == 1)
        venue.hold_reply.set()
        await until(lambda: not stage.gateway._sender.sending)
        await stage.store.flush()
        [order] = await stage.store.reads.orders()
        assert order.status is _S.FILLED
        await stage.assert_equal_to_venue()


async def test_a_fill_without_our_id_waits_for_the_answer_that_names_its_order(tmp_path: Path) -> None:
    """Parked by the venue's id, matched when the acknowledgement comes."""
    venue = a_venue()
    venue.mute = True
    venue.hold_reply = anyio.Event()
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        stage.submit(an_intent(price=None))
        await until(lambda: len(venue.trades) == 1)
        venue.mute = False
        venue.tell(msgspec.structs.replace(venue.trades[0], client_order_id=ClientOrderId("")))
        await until(lambda: len(stage.gateway._on.book.parked) == 1)
        assert stage.fills() == []
        venue.hold_reply.set()
        await until(lambda: len(stage.fills()) == 1)
        await stage.assert_equal_to_venue()


async def test_the_same_number_on_another_symbol_is_another_order(tmp_path: Path) -> None:
    """Venues number the orders of each symbol by itself; a sweep's trades, which lack our id, go where they belong."""
    venue = a_venue()
    venue.quote("ETH/USDT", 50_500.0, 50_501.0)
    venue.mute = True
    beta, eth = BotId("beta"), Symbol("ETH/USDT")
    async with a_stage(tmp_path, venue, bots=(a_bot(), a_bot(beta, eth))) as stage:
        orders = await stage.placed(an_intent(price=None), an_intent(price=None, bot_id=beta, symbol=eth))
        await until(lambda: len(stage.fills()) == 2)
        assert {(fill.symbol, fill.bot_id) for fill in stage.fills()} == {(BTC, ALPHA), (eth, beta)}
        assert len({stage.now(order).venue_order_id for order in orders}) == 1
        assert not stage.alarms()
        await stage.assert_equal_to_venue()


async def test_trades_the_stream_missed_are_swept(tmp_path: Path) -> None:
    """A silent stream loses nothing: the sweep finds the trade, the order ends with it."""
    async with a_stage(tmp_path) as stage:
        [order] = await stage.placed()
        stage.venue.fill(order.client_order_id, Decimal("0.04"), Decimal(50_000), streamed=False)
        await until(lambda: stage.now(order).status is _S.PARTIAL)
        stage.venue.fill(order.client_order_id, Decimal("0.06"), Decimal(50_000), streamed=False)
        await until(lambda: stage.now(order).status is _S.FILLED)
        await stage.assert_equal_to_venue()


async def test_an_order_ends_only_when_its_trades_are_here(tmp_path: Path) -> None:
    """CANCELED after a partial fill we have not seen: the trade is asked for first, then it ends."""
    async with a_stage(tmp_path, cadence=msgspec.structs.replace(SLOW, lag_s=0.02)) as stage:
        [order] = await stage.placed()
        resting = stage.venue.by_client_id(order.client_order_id)
        assert resting is not None
        stage.venue.fill(order.client_order_id, Decimal("0.04"), Decimal(50_000), streamed=False)
        stage.venue.end(resting)
        await until(lambda: stage.now(order).status is _S.CANCELED)
        assert stage.now(order).filled == Decimal("0.04")
        await until(lambda: stage.moves(order)[-2:] == ["partial", "canceled"])
        assert len(stage.fills()) == 1
        await stage.assert_equal_to_venue()


async def test_a_reconnect_is_swept_before_the_account_acts_again(tmp_path: Path) -> None:
    """What happened while the stream was cut is in the ledger when the gate opens."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        [order] = await stage.placed()
        stage.venue.cut()
        stage.venue.fill(order.client_order_id, Decimal("0.1"), Decimal(50_000))
        await until(lambda: not stage.gateway.ready)
        await until(lambda: stage.gateway.ready)
        assert stage.now(order).status is _S.FILLED
        states = [message for _, message in stage.delivered if isinstance(message, AccountState)]
        assert [state.ready for state in states][-2:] == [False, True]


async def test_a_cancel_is_proved_by_a_look_not_by_its_answer(tmp_path: Path) -> None:
    """OPEN → PENDING_CANCEL → CANCELED, also when the reply to the cancel is lost and the stream is silent."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        [order] = await stage.placed()
        stage.venue.mute = True
        stage.venue.cancel_answers.append(Answer.LOSE_REPLY)
        stage.gateway.tell(Cancel(order.client_order_id, "test"))
        await until(lambda: stage.moves(order)[-2:] == ["pending_cancel", "canceled"])
        await stage.assert_equal_to_venue()


async def test_a_cancel_that_never_arrived_leaves_the_order_open(tmp_path: Path) -> None:
    """The look shows it resting: it is OPEN again, nobody pretends."""
    async with a_stage(tmp_path, cadence=SLOW) as stage:
        [order] = await stage.placed()
        stage.venue.cancel_answers.append(Answer.LOSE_REQUEST)
        stage.gateway.tell(Cancel(order.client_order_id))
        await until(lambda: stage.moves(order)[-2:] == ["pending_cancel", "open"])


async def test_a_cancel_of_an_order_not_yet_answered_waits_for_the_answer(tmp_path: Path) -> None:
    """It is remembered, and carried out as soon as the order is known to exist."""
    venue = a_venue()
    venue.hold_reply = anyio.Event()
    venue.mute = True
    async with a_stage(tmp_path, venue, cadence=SLOW) as stage:
        stage.submit(an_intent())
        await until(lambda: len(venue.orders) == 1)
        stage.gateway.tell(CancelBot(ALPHA, "test"))
        await anyio.sleep(0.02)
        venue.hold_reply.set()
        key = venue.submits[0].client_order_id
        await until(lambda: stage.gateway.order(key).status is _S.CANCELED)  # type: ignore[union-attr]


async def test_a_bots_submits_keep_their_order_and_bots_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A slow answer to one bot's order holds back that bot's next, not the other bot's."""
    beta = BotId("beta")
    venue = a_venue()
    async with a_stage(tmp_path, venue, cadence=SLOW, bots=(a_bot(), a_bot(beta))) as stage:
        gate = venue.hold_before = anyio.Event()
        stage.submit(an_intent("0.1"))
        stage.submit(an_intent("0.2"))
        await until(lambda: len(venue.submits) == 1)
        stage.submit(an_intent("0.3", bot_id=beta))
        await until(lambda: len(venue.submits) == 2)
        assert [order.quantity for order in venue.submits] == [Decimal("0.1"), Decimal("0.3")]
        venue.hold_before = None
        gate.set()
        await until(lambda: len(venue.accepted) == 3)
        assert venue.submits[-1].quantity == Decimal("0.2")


async def test_what_may_not_be_sent_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Market rules, the account's limit, the collar, a reduce-only order that opens: REJECTED here, never sent."""
    limits = Limits(max_order_notional=Decimal(6_000), collar_fraction=0.05, refusals=100)
    cases = {
        "not positive": an_intent("0.000001"),
        "notional 0.50": an_intent("0.00001"),
        "above the account's most": an_intent("0.2"),
        "off the market": an_intent(reference_price=40_000.0),
        "through the market": an_intent(price="60000"),
        "is not a price": an_intent(reference_price=float("nan")),
        "does not reduce": an_intent(reduce_only=True, side=Side.SELL),
        "not traded": an_intent(symbol="XYZ/USDT"),
    }
    async with a_stage(tmp_path, limits=limits) as stage:
        for reason, intent in cases.items():
            [order] = await stage.placed(intent)
            assert order.status is _S.REJECTED
            assert reason in order.reason
        assert stage.venue.submits == []
        [order] = await stage.placed(an_intent("0.100009", price="50000.009"))
        assert stage.venue.submits[0].quantity == Decimal("0.10000")
        assert stage.venue.submits[0].limit_price == Decimal("50000.00")


async def test_five_refusals_in_a_minute_pause_the_bot(tmp_path: Path) -> None:
    """The breaker trips once, with an alarm."""
    async with a_stage(tmp_path) as stage:
        for _ in range(5):
            stage.venue.submit_answers.append(Answer.REJECT)
            await stage.placed()
        pauses = [bot_id for bot_id, message in stage.delivered if isinstance(message, PauseBot)]
        assert pauses == [ALPHA]
        assert "bot.refused" in stage.alarms()


async def test_overfill_alarms_and_halts_the_bot(tmp_path: Path) -> None:
    """The fill is booked all the same: it happened."""
    async with a_stage(tmp_path) as stage:
        [order] = await stage.placed()
        stage.venue.fill(order.client_order_id, Decimal("0.1"), Decimal(50_000))
        stage.venue.fill(order.client_order_id, Decimal("0.1"), Decimal(50_000))
        await until(lambda: stage.halts.covering(stage.gateway.account_id, ALPHA) is not None)
        assert "order.overfilled" in stage.alarms()
        await stage.assert_equal_to_venue()


async def test_an_order_buried_too_early_rises_with_an_alarm_and_is_canceled(tmp_path: Path) -> None:
    """Should a venue break its promise: the order is taken off, its trade booked, the bot halted."""
    venue = a_venue()
    venue.submit_answers.append(Answer.LATE)
    async with a_stage(tmp_path, venue) as stage:
        [order] = await stage.placed()
        late, _ = venue.late[0]
        await until(lambda: stage.now(order).status is _S.NEVER_ACCEPTED)
        resting = venue.accept(late)
        await until(lambda: resting.status is _S.CANCELED)
        assert "order.risen" in stage.alarms()
        await until(lambda: stage.halts.covering(stage.gateway.account_id, ALPHA) is not None)


async def test_foreign_orders_are_counted_and_left_alone(tmp_path: Path) -> None:
    """What does not carry our prefix is not ours to cancel."""
    venue = a_venue()
    foreign = NewOrder(ClientOrderId("web_123"), BTC, Side.BUY, OrderType.LIMIT, Decimal("0.1"), Decimal(40_000))
    venue.accept(foreign)
    async with a_stage(tmp_path, venue) as stage:
        await stage.placed()
        swept = await stage.gateway.cancel_all(deadline_s=5.0)
        assert swept.safe
        assert swept.cancels_asked == 1
        assert stage.gateway.row().orders_foreign == 1
        assert venue.by_client_id(foreign.client_order_id).status is _S.OPEN  # type: ignore[union-attr]


async def test_an_order_of_ours_that_the_ledger_does_not_know_is_adopted(tmp_path: Path) -> None:
    """After a restored backup: a row for its bot, told by the id; an alarm; the bot halted."""
    venue = a_venue()
    async with a_stage(tmp_path / "first" if (tmp_path / "first").mkdir() is None else tmp_path, venue) as stage:
        [order] = await stage.placed()
    second = tmp_path / "second"
    second.mkdir()
    async with a_stage(second, venue) as stage:
        adopted = stage.gateway.order(order.client_order_id)
        assert adopted is not None
        assert (adopted.bot_id, adopted.status) == (ALPHA, _S.OPEN)
        assert "order.adopted" in stage.alarms()
        venue.fill(order.client_order_id, Decimal("0.1"), Decimal(50_000))
        await until(lambda: len(stage.fills()) == 1)
        await until(lambda: stage.halts.covering(stage.gateway.account_id, ALPHA) is not None)


async def test_client_order_ids_are_ours_short_and_never_twice(tmp_path: Path) -> None:
    """At most 32 of [A-Za-z0-9-], our prefix, also over restarts."""
    seen: list[str] = []
    for _ in range(2):
        async with a_stage(tmp_path) as stage:
            ids = stage.gateway._on.ids
            seen += [ids.make(BotId(f"bot-{number}")) for number in range(50)]
            assert all(ids.is_ours(ClientOrderId(key)) for key in seen)
    assert len(set(seen)) == 100
    assert all(len(key) <= 32 and key.replace("-", "").isalnum() for key in seen)


async def test_any_order_and_repetition_of_what_the_venue_tells_ends_the_same(tmp_path: Path) -> None:
    """All permutations of two trades and three reports, the middle one told twice: the same ledger, the same end."""
    for number, sequence in enumerate(itertools.islice(itertools.permutations(range(5)), 0, 120, 7)):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with a_stage(folder, cadence=msgspec.structs.replace(SLOW, lag_s=0.02)) as stage:
            venue = stage.venue
            [order] = await stage.placed()
            venue.mute = True
            resting = venue.by_client_id(order.client_order_id)
            assert resting is not None
            first = venue.fill(order.client_order_id, Decimal("0.03"), Decimal(50_000))
            partial = resting.seen()
            second = venue.fill(order.client_order_id, Decimal("0.04"), Decimal(50_000))
            later = resting.seen()
            venue.end(resting)
            events = [first, partial, second, later, resting.seen()]
            venue.mute = False
            for index in sequence:
                venue.tell(events[index])
            venue.tell(events[sequence[2]])
            await until(lambda o=order, s=stage: s.now(o).status is _S.CANCELED)  # type: ignore[misc]
            assert stage.now(order).filled == Decimal("0.07")
            await until(lambda s=stage: len(s.fills()) == 2)  # type: ignore[misc]
            await stage.assert_equal_to_venue()
