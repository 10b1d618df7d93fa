from __future__ import annotations

from decimal import Decimal

import anyio
import pytest

from algobot.errors import StreamClosed, VenueOrderNotFound, VenueTimeout
from algobot.model import ClientOrderId, NewOrder, OrderStatus, OrderType, Side, Symbol, VenueFill
from algobot.venues.port import BalancesChanged, Connected, PrivateEvent
from tests.fakes.venue import Answer, FakeVenue

SECOND = 1_000_000_000
SYMBOL = Symbol("BTC/USDT")


def an_order(name: str = "a-1", price: str | None = "20000", quantity: str = "0.1") -> NewOrder:
    """Return an order of no surprise."""
    return NewOrder(
        client_order_id=ClientOrderId(name),
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT if price else OrderType.MARKET,
        quantity=Decimal(quantity),
        limit_price=Decimal(price) if price else None,
    )


@pytest.mark.anyio
async def test_a_lost_reply_leaves_an_order_behind_and_a_lost_request_does_not() -> None:
    """Both look the same to the caller; the venue's own log tells them apart."""
    venue = FakeVenue()
    account = venue.account()
    venue.submit_answers.extend([Answer.LOSE_REPLY, Answer.LOSE_REQUEST])
    for name in ("a-1", "a-2"):
        with pytest.raises(VenueTimeout):
            await account.submit(an_order(name), valid_ns=SECOND)
    assert [order.client_order_id for order in venue.accepted] == ["a-1"]
    with pytest.raises(VenueOrderNotFound):
        await account.fetch_order(SYMBOL, ClientOrderId("a-2"))


@pytest.mark.anyio
async def test_a_late_order_arrives_within_its_validity_and_not_after() -> None:
    """What is on the wire still counts as long as the venue may accept it."""
    clock = [0]
    venue = FakeVenue(now=lambda: clock[0])
    account = venue.account()
    venue.submit_answers.extend([Answer.LATE, Answer.LATE])
    with pytest.raises(VenueTimeout):
        await account.submit(an_order("soon"), valid_ns=SECOND)
    with pytest.raises(VenueTimeout):
        await account.submit(an_order("later"), valid_ns=5 * SECOND)
    clock[0] = 2 * SECOND
    venue.arrive()
    assert [order.client_order_id for order in venue.accepted] == ["later"]


@pytest.mark.anyio
async def test_fills_move_balances_exactly_and_reach_the_stream_until_it_is_cut() -> None:
    """A market order fills at the quote; the stream carries trade, order and balances, then ends."""
    venue = FakeVenue()
    account = venue.account()
    venue.quote("BTC/USDT", 19_999.0, 20_000.0)
    events: list[PrivateEvent] = []

    async def follow() -> None:
        async for event in account.stream():
            events.append(event)
            if isinstance(event, Connected):
                await account.submit(an_order(price=None), valid_ns=SECOND)
                venue.cut()

    with anyio.fail_after(2), pytest.raises(StreamClosed):
        await follow()
    assert [type(e).__name__ for e in events[:3]] == ["Connected", "VenueOrder", "BalancesChanged"]
    assert [e.quantity for e in events if isinstance(e, VenueFill)] == [Decimal("0.1")]
    last = events[-1]
    assert isinstance(last, BalancesChanged)
    assert last.balances["USDT"].total == Decimal("97998.0000")
    assert (await account.fetch_order(SYMBOL, ClientOrderId("a-1"))).status is OrderStatus.FILLED
