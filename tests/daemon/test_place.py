"""A bot's place: what happened to its orders outlives the bot that did not read it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from algobot.model import BotState, ClientOrderId, Order, OrderStatus, OrderType, Side
from daemon.bot_ports import Memory, Weather
from daemon.bot_record import Record
from daemon.messages import FillArrived, OrderMoved
from daemon.order_slate import Slate
from daemon.place import Place
from tests.daemon.builders import a_fill, a_spec
from tests.model.test_instrument import BTC


def a_place() -> Place:
    """Return the place of a bot whose mailbox is read."""
    spec = a_spec()
    place = Place(spec, "config", Memory(weather=Weather(), record=Record(float(spec.capital))))
    place.join(BTC)
    return place


def an_order(status: OrderStatus, filled: str = "0") -> Order:
    """Return order-1 of bot "b": 2 BTC bought."""
    fill = a_fill(Side.BUY, "2", "100")
    return Order(
        ClientOrderId("order-1"),
        fill.account_id,
        fill.bot_id,
        fill.symbol,
        Side.BUY,
        OrderType.MARKET,
        Decimal(2),
        status,
        1,
        1,
        filled=Decimal(filled),
    )


@pytest.mark.anyio
async def test_fills_that_nobody_read_wait_for_the_next_start() -> None:
    """A bot restarted between a fill and its reading books it when it comes back, and waits for nothing."""
    place = a_place()
    place.memory.slate = Slate().move(an_order(OrderStatus.OPEN))
    place.mailbox.tell_fill(FillArrived(a_fill(Side.BUY, "2", "100"), 7))
    place.mailbox.tell_fill(OrderMoved(an_order(OrderStatus.FILLED, "2")))
    place.end(BotState.STOPPED, "")
    assert [arrived.ledger_seq for arrived in place.late] == [7]
    assert place.memory.slate.open_orders == 0
    place.join(BTC)
    arrived = place.mailbox.get_nowait()
    assert isinstance(arrived, FillArrived)
    assert not place.memory.slate.book(arrived.fill).pending()
    assert len(place.mailbox) == 0


@pytest.mark.parametrize("status", [OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_an_order_that_is_over_and_was_never_known_is_waited_for_by_nobody(status: OrderStatus) -> None:
    """Its fills were booked before: counted as on their way they would keep the bot from ever being flat."""
    slate = Slate().move(an_order(status, "2"))
    assert (slate.pending(), slate.open_orders) == (0, 0)
    known = Slate().move(an_order(OrderStatus.OPEN)).move(replace(an_order(status), filled=Decimal(2)))
    assert known.pending() == 2, "this one is known: its fills are still to come"
