"""What every adapter of the two ports must do, whoever is behind it: one list of checks, run on each `Stage`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from decimal import Decimal
from itertools import pairwise
from typing import Protocol, TypeVar

import anyio
import pytest

from algobot.errors import (
    NotFound,
    StreamClosed,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
    VenueUnsupported,
)
from algobot.model import (
    MINUTE_NS,
    SECOND_NS,
    BarUpdate,
    ClientOrderId,
    NewOrder,
    OrderStatus,
    OrderType,
    Quote,
    Side,
    Symbol,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.venues.port import Account, BalancesChanged, Connected, Market, Subscription

BTC = Symbol("BTC/USDT")
WINDOW = 4 * SECOND_NS
PATIENCE_S = 10.0
T = TypeVar("T")


class Stage(Protocol):
    """A venue that does as it is told, with both ports open on it; the price of BTC stands at 20,000."""

    account: Account
    market: Market

    async def move(self, price: float) -> None:
        """Put the price of BTC there; whoever it reaches is filled."""
        ...

    async def pass_minutes(self, count: int) -> None:
        """Let that many one-minute bars close."""
        ...

    async def lose(self, what: str) -> None:
        """Lose the "request" or the "reply" of the next submit."""
        ...

    async def limit_rate(self) -> None:
        """Refuse the next submit as one too many, to be tried again in 7 s."""
        ...

    async def cut(self) -> None:
        """Break every stream."""
        ...

    async def streaming(self) -> None:
        """Return once the venue sees a subscriber of the account's stream."""
        ...

    async def go_down(self) -> None:
        """Answer nobody any more."""
        ...


def an_order(name: str, quantity: str = "0.01", price: str | None = "15000", side: Side = Side.BUY) -> NewOrder:
    """Return a limit order far from the market, or, without a price, a market order."""
    return NewOrder(
        client_order_id=ClientOrderId(name),
        symbol=BTC,
        side=side,
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=Decimal(quantity),
        limit_price=None if price is None else Decimal(price),
    )


async def up_to(events: AsyncIterator[T], wanted: Callable[[T], bool]) -> list[T]:
    """Return the events up to the first that is `wanted`."""
    seen: list[T] = []
    with anyio.fail_after(PATIENCE_S):
        async for event in events:
            seen.append(event)
            if wanted(event):
                return seen
    raise AssertionError(f"ended without it: {seen}")


# --- account ---------------------------------------------------------------------------------------------------------


async def check_rules_are_known(stage: Stage) -> None:
    """Steps are exact and equal behind both ports; what is not traded is not found."""
    for port in (stage.account, stage.market):
        rules = port.instrument(BTC)
        assert (rules.base, rules.quote, rules.venue_symbol) == ("BTC", "USDT", "BTCUSDT")
        assert rules.tick == Decimal("0.01")
        assert rules.lot == Decimal("0.00001")
        with pytest.raises(NotFound):
            port.instrument(Symbol("NO/SUCH"))


async def check_an_order_rests_and_is_canceled(stage: Stage) -> None:
    """It is found by our id, it locks exactly its notional, and a second cancel finds nothing."""
    account = stage.account
    before = await account.balances()
    placed = await account.submit(an_order("rest-1"), valid_ns=WINDOW)
    assert (placed.status, placed.client_order_id) == (OrderStatus.OPEN, "rest-1")
    assert placed.venue_order_id
    found = await account.fetch_order(BTC, ClientOrderId("rest-1"))
    assert (found.quantity, found.limit_price, found.filled) == (Decimal("0.01"), Decimal(15000), Decimal(0))
    assert [order.client_order_id for order in await account.open_orders(BTC)] == ["rest-1"]
    locked = (await account.balances())["USDT"]
    assert (locked.locked, locked.total) == (Decimal(150), before["USDT"].total)
    await account.cancel(BTC, placed.client_order_id, placed.venue_order_id)
    assert (await account.fetch_order(BTC, placed.client_order_id)).status is OrderStatus.CANCELED
    assert await account.open_orders() == []
    with pytest.raises(VenueOrderNotFound):
        await account.cancel(BTC, placed.client_order_id, placed.venue_order_id)


async def check_a_cancel_needs_no_venue_id(stage: Stage) -> None:
    """After a lost answer only our own id is known."""
    await stage.account.submit(an_order("own-1"), valid_ns=WINDOW)
    await stage.account.cancel(BTC, ClientOrderId("own-1"), VenueOrderId(""))
    assert (await stage.account.fetch_order(BTC, ClientOrderId("own-1"))).status is OrderStatus.CANCELED


async def check_fills_explain_balances_exactly(stage: Stage) -> None:
    """What the fills say, fee included, is to the last digit what the balances changed by."""
    account = stage.account
    before = await account.balances()
    await account.submit(an_order("buy-1", "0.0137", None), valid_ns=WINDOW)
    await account.submit(an_order("sell-1", "0.00411", None, Side.SELL), valid_ns=WINDOW)
    fills = await account.fills(BTC)
    assert sum(fill.side * fill.quantity for fill in fills) == Decimal("0.00959")
    change = {"BTC": Decimal(0), "USDT": Decimal(0)}
    for fill in fills:
        change["BTC"] += fill.side * fill.quantity
        change["USDT"] -= fill.side * fill.quantity * fill.price
        change[fill.fee_currency] -= fill.fee
    after = await account.balances()
    assert {name: after[name].total - before[name].total for name in change} == change


async def check_fills_are_found_by_time_by_trade_and_by_order(stage: Stage) -> None:
    """Oldest first; "after" a trade means without it."""
    account = stage.account
    first = await account.submit(an_order("buy-1", "0.01", None), valid_ns=WINDOW)
    second = await account.submit(an_order("buy-2", "0.02", None), valid_ns=WINDOW)
    fills = await account.fills(BTC)
    assert [fill.ts_event_ns for fill in fills] == sorted(fill.ts_event_ns for fill in fills)
    assert await account.fills(BTC, since_ns=fills[0].ts_event_ns) == fills
    assert await account.fills(BTC, since_ns=fills[-1].ts_event_ns + SECOND_NS) == []
    assert await account.fills(BTC, after=fills[0].trade_id) == fills[1:]
    assert await account.fills(BTC, after=fills[-1].trade_id) == []
    for placed, quantity in ((first, "0.01"), (second, "0.02")):
        own = await account.fills(BTC, order=placed.venue_order_id)
        assert sum(fill.quantity for fill in own) == Decimal(quantity)


async def check_a_refusal_leaves_nothing_behind(stage: Stage) -> None:
    """Too small, not a whole lot, too dear: refused, and no such order exists."""
    too_bad = [an_order("no-1", "0.00001"), an_order("no-2", "0.010000001"), an_order("no-3", "900")]
    for order in too_bad:
        with pytest.raises(VenueRejected):
            await stage.account.submit(order, valid_ns=WINDOW)
        with pytest.raises(VenueOrderNotFound):
            await stage.account.fetch_order(BTC, order.client_order_id)


async def check_a_lost_reply_is_unknown_and_the_order_exists(stage: Stage) -> None:
    """The caller cannot know; the query by our id does."""
    await stage.lose("reply")
    with pytest.raises(VenueTimeout):
        await stage.account.submit(an_order("lost-1"), valid_ns=WINDOW)
    assert (await stage.account.fetch_order(BTC, ClientOrderId("lost-1"))).status is OrderStatus.OPEN
    assert len(await stage.account.open_orders()) == 1


async def check_a_lost_request_is_unknown_and_the_order_does_not_exist(stage: Stage) -> None:
    """It looks just like a lost reply."""
    await stage.lose("request")
    with pytest.raises(VenueTimeout):
        await stage.account.submit(an_order("lost-1"), valid_ns=WINDOW)
    with pytest.raises(VenueOrderNotFound):
        await stage.account.fetch_order(BTC, ClientOrderId("lost-1"))


async def check_the_same_id_twice_is_no_refusal(stage: Stage) -> None:
    """It says that an earlier send landed: the order exists, once."""
    await stage.account.submit(an_order("twin-1"), valid_ns=WINDOW)
    with pytest.raises(VenueTimeout):
        await stage.account.submit(an_order("twin-1"), valid_ns=WINDOW)
    assert len(await stage.account.open_orders()) == 1


async def check_over_the_budget_nothing_is_accepted(stage: Stage) -> None:
    """And the venue says how long to wait."""
    await stage.limit_rate()
    with pytest.raises(VenueRateLimited) as caught:
        await stage.account.submit(an_order("fast-1"), valid_ns=WINDOW)
    assert caught.value.retry_after_ns == 7 * SECOND_NS
    with pytest.raises((VenueOrderNotFound, VenueRateLimited)):  # some keep the wait by themselves
        await stage.account.fetch_order(BTC, ClientOrderId("fast-1"))


async def check_an_expired_validity_is_not_even_sent(stage: Stage) -> None:
    """No time left means no order."""
    with pytest.raises(VenueRejected):
        await stage.account.submit(an_order("late-1"), valid_ns=-1)
    assert await stage.account.open_orders() == []


async def check_a_dead_venue_proves_nothing(stage: Stage) -> None:
    """A read says nothing, a submit may have arrived."""
    await stage.go_down()
    reads: list[Callable[[], Awaitable[object]]] = [
        stage.account.balances,
        stage.account.open_orders,
        stage.account.clock_offset_ns,
        lambda: stage.account.fetch_order(BTC, ClientOrderId("x")),
        lambda: stage.account.fills(BTC),
        lambda: stage.market.bars(BTC, "1m"),
    ]
    for read in reads:
        with pytest.raises(VenueUnavailable):
            await read()
    with pytest.raises(VenueTimeout):
        await stage.account.submit(an_order("dead-1"), valid_ns=WINDOW)
    with pytest.raises(VenueTimeout):
        await stage.account.cancel(BTC, ClientOrderId("dead-1"), VenueOrderId("1"))


async def check_an_account_without_a_timer_says_so(stage: Stage) -> None:
    """And what it says of its venue is what is known of it."""
    facts = stage.account.facts
    assert (facts.adapter, facts.validity.how, facts.dead_man) == ("binance", "recvWindow", None)
    with pytest.raises(VenueUnsupported):
        await stage.account.arm_dead_man(30.0, [BTC])
    with pytest.raises(VenueUnsupported):
        await stage.account.disarm_dead_man([BTC])


async def check_the_clocks_are_close(stage: Stage) -> None:
    """Both run on this machine."""
    assert abs(await stage.account.clock_offset_ns()) < SECOND_NS


async def check_the_private_stream_tells_everything_until_it_is_cut(stage: Stage) -> None:
    """Connected first; then orders, trades with our id, balances; after a cut a sweep has what was missed."""
    account = stage.account
    async with aclosing(account.stream()) as events:
        assert isinstance((await up_to(events, lambda event: isinstance(event, Connected)))[-1], Connected)
        await stage.streaming()
        await account.submit(an_order("seen-1", "0.01", None), valid_ns=WINDOW)
        seen = await up_to(events, lambda event: isinstance(event, VenueOrder) and event.status is OrderStatus.FILLED)
        fills = [event for event in seen if isinstance(event, VenueFill)]
        if not fills:  # where three streams are merged, the trade may come just behind its order
            seen += await up_to(events, lambda event: isinstance(event, VenueFill))
            fills = [event for event in seen if isinstance(event, VenueFill)]
        if not any(isinstance(event, BalancesChanged) for event in seen):
            await up_to(events, lambda event: isinstance(event, BalancesChanged))
        swept = await account.fills(BTC)
        assert [(fill.trade_id, fill.quantity, fill.price, fill.fee) for fill in fills] == [
            (fill.trade_id, fill.quantity, fill.price, fill.fee) for fill in swept
        ]
        await stage.cut()
        with pytest.raises(StreamClosed):
            await up_to(events, lambda event: False)
    await account.submit(an_order("missed-1", "0.02", None), valid_ns=WINDOW)
    assert sum(fill.quantity for fill in await account.fills(BTC, after=fills[-1].trade_id)) == Decimal("0.02")
    async with aclosing(account.stream()) as events:
        await up_to(events, lambda event: isinstance(event, Connected))


async def check_a_cancel_on_the_stream_carries_our_id(stage: Stage) -> None:
    """The venue has an id of its own for the cancel."""
    async with aclosing(stage.account.stream()) as events:
        await up_to(events, lambda event: isinstance(event, Connected))
        await stage.streaming()
        placed = await stage.account.submit(an_order("gone-1"), valid_ns=WINDOW)
        await stage.account.cancel(BTC, placed.client_order_id, placed.venue_order_id)
        seen = await up_to(events, lambda event: isinstance(event, VenueOrder) and event.status is OrderStatus.CANCELED)
    last = seen[-1]
    assert isinstance(last, VenueOrder)
    assert (last.client_order_id, last.venue_order_id) == ("gone-1", placed.venue_order_id)


# --- market ----------------------------------------------------------------------------------------------------------


async def check_bars_are_closed_and_in_order(stage: Stage) -> None:
    """One after the other, the last ones or those from a time on, never more than asked."""
    bars = await stage.market.bars(BTC, "1m", limit=5)
    assert len(bars) == 5
    assert all(bar.close_ns - bar.open_ns == MINUTE_NS for bar in bars)
    assert all(later.open_ns == sooner.close_ns for sooner, later in pairwise(bars))
    assert await stage.market.bars(BTC, "1m", since_ns=bars[1].open_ns, limit=3) == bars[1:4]


async def check_the_market_stream_tells_quotes_and_closed_bars(stage: Stage) -> None:
    """Connected first; a quote where the price is; a bar when its minute is over."""
    async with aclosing(stage.market.stream([Subscription(BTC), Subscription(BTC, "1m")])) as events:
        assert isinstance((await up_to(events, lambda event: isinstance(event, Connected)))[-1], Connected)
        await stage.move(21_000)
        await up_to(events, lambda event: isinstance(event, Quote) and abs((event.bid + event.ask) / 2 - 21_000) < 100)
        await stage.pass_minutes(2)
        seen = await up_to(events, lambda event: isinstance(event, BarUpdate) and event.closed)
        bar = seen[-1]
        assert isinstance(bar, BarUpdate)
        assert (bar.symbol, bar.timeframe, bar.bar.close_ns - bar.bar.open_ns) == (BTC, "1m", MINUTE_NS)
        await stage.cut()
        with pytest.raises(StreamClosed):
            await up_to(events, lambda event: False)


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]
