"""The engine: money is conserved, orders end as they should, and nobody trades with himself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.simulator.accounts import total_of
from algobot.simulator.orders import OrderRequest
from algobot.simulator.refusals import Refusal
from algobot.simulator.units import UNIT

from .builders import Pit

LOTS = 100_000  # of BTCUSDT: one bitcoin
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["alice", "bob", "maker", "stranger", "cancel", "value", "stop", "move"]),
        st.sampled_from([1, -1]),
        st.integers(9_900, 10_100),
        st.integers(1_000, 3 * LOTS),
        st.sampled_from(["GTC", "IOC", "FOK"]),
    ),
    max_size=60,
)


def check_books_balance(pit: Pit, before: dict[str, int]) -> None:
    """Nothing appeared or vanished, nobody owes, and what is locked is locked for an open order."""
    assert {k: v for k, v in total_of(pit.exchange.accounts, pit.exchange.house).items() if v} == before
    for account in pit.exchange.accounts:
        assert all(units >= 0 for units in (*account.free.values(), *account.locked.values()))
        needed = {"BTC": 0, "USDT": 0}
        for _, order in pit.exchange.open_orders(account):
            needed[order.locked_asset] += order.locked
            assert order.remaining > 0
        assert {a: account.locked[a] for a in needed} == needed


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, in_quote=st.booleans())
def test_no_money_appears_or_vanishes(steps: list[tuple[str, int, int, int, str]], in_quote: bool) -> None:
    """After any sequence of orders, cancels, quotes and strangers, all accounts, maker and fees sum to the start."""
    pit = Pit()
    pit.alice.fee_in_quote = in_quote
    before = total_of(pit.exchange.accounts, pit.exchange.house)
    market = pit.market
    for number, (who, side, price, lots, tif) in enumerate(steps):
        account = pit.bob if who == "bob" else pit.alice
        request = OrderRequest(f"c{number}", side, "LIMIT", tif, price, lots)
        if who == "value":
            request = OrderRequest(f"c{number}", side, "MARKET", quote=lots * UNIT // 100)
        elif who == "stop":
            request = OrderRequest(f"c{number}", side, "STOP_LOSS_LIMIT", "GTC", price, lots, 0, price + side * 5)
        if who == "maker":
            pit.exchange.quote(market, side, price, lots, 1)
        elif who == "stranger":
            pit.exchange.sweep(market, side, price, lots, 1)
        elif who == "move":
            market.last_price = price
            pit.exchange.trigger_stops(market, 1)
        elif who == "cancel":
            for found, order in list(pit.exchange.open_orders(account))[:2]:
                pit.exchange.cancel(found, order, "x", 1)
        else:
            try:
                pit.exchange.place(account, market, request, 1)
            except Refusal:
                pass
        check_books_balance(pit, before)
    ids = [trade[0] for trade in pit.heard.prints]
    assert ids == sorted(set(ids))


def test_a_buyer_pays_his_fee_in_what_he_bought() -> None:
    """Ten basis points of one bitcoin, taken from the bitcoin; the seller's from the dollars."""
    pit = Pit()
    pit.place(pit.alice, "ask", -1, LOTS, 10_000)
    pit.place(pit.bob, "buy", 1, LOTS)
    assert pit.bob.free["BTC"] == 1001 * UNIT - UNIT // 1000
    assert pit.bob.free["USDT"] == 1_000_000 * UNIT - 100 * UNIT
    assert pit.alice.free["USDT"] == 1_000_000 * UNIT + 100 * UNIT - UNIT // 10
    assert pit.exchange.house.fees == {"BTC": UNIT // 1000, "USDT": UNIT // 10}


def test_a_fee_in_quote_leaves_the_bought_amount_whole() -> None:
    """An account so configured pays its buying fee in dollars."""
    pit = Pit()
    pit.bob.fee_in_quote = True
    pit.place(pit.alice, "ask", -1, LOTS, 10_000)
    order = pit.place(pit.bob, "buy", 1, LOTS)
    assert pit.bob.free["BTC"] == 1001 * UNIT
    assert (order.fills[0].fee_asset, order.fills[0].fee) == ("USDT", UNIT // 10)


def test_a_better_price_frees_what_it_saved() -> None:
    """A limit order that trades partly below its limit keeps locked only what the rest may cost."""
    pit = Pit()
    pit.place(pit.alice, "ask", -1, LOTS, 9_000)
    order = pit.place(pit.bob, "bid", 1, 3 * LOTS, 10_000)
    assert order.status == "PARTIALLY_FILLED"
    assert pit.bob.locked["USDT"] == 200 * UNIT
    assert pit.bob.free["USDT"] == (1_000_000 - 90 - 200) * UNIT


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    """A second order of the same id is refused while the first is open, and taken once it is not."""
    pit = Pit()
    first = pit.place(pit.alice, "same", 1, LOTS, 9_000)
    with pytest.raises(Refusal, match="-2010 Duplicate order sent"):
        pit.place(pit.alice, "same", 1, LOTS, 9_000)
    pit.place(pit.bob, "same", 1, LOTS, 9_000)
    pit.exchange.cancel(pit.market, first, "x", 1)
    second = pit.place(pit.alice, "same", 1, LOTS, 9_000)
    assert second.id != first.id
    assert pit.exchange.blotter(pit.alice, pit.market).by_client["same"] is second


def test_immediate_orders_never_rest() -> None:
    """IOC trades what it can and expires; FOK trades all or nothing; a post-only order that would take is refused."""
    pit = Pit()
    pit.place(pit.alice, "ask", -1, LOTS, 10_000)
    all_or_nothing = pit.place(pit.bob, "fok", 1, 2 * LOTS, 10_000, "FOK")
    assert (all_or_nothing.status, all_or_nothing.filled) == ("EXPIRED", 0)
    with pytest.raises(Refusal, match="immediately match and take"):
        pit.exchange.place(pit.bob, pit.market, OrderRequest("po", 1, "LIMIT_MAKER", "GTC", 10_000, LOTS), 1)
    at_once = pit.place(pit.bob, "ioc", 1, 2 * LOTS, 10_000, "IOC")
    assert (at_once.status, at_once.filled) == ("EXPIRED", LOTS)
    assert pit.bob.locked["USDT"] == 0


def test_an_account_does_not_trade_with_itself() -> None:
    """Its resting order expires in the match, and the newcomer trades with whoever stands behind it."""
    pit = Pit()
    own = pit.place(pit.alice, "own", -1, LOTS, 9_990)
    pit.place(pit.bob, "other", -1, LOTS, 10_000)
    order = pit.place(pit.alice, "buy", 1, LOTS)
    assert own.status == "EXPIRED_IN_MATCH"
    assert [(f.price, f.lots) for f in order.fills] == [(10_000, LOTS)]
    assert ("own", "TRADE_PREVENTION", "EXPIRED_IN_MATCH") in pit.heard.reports


def test_who_cannot_pay_is_refused_and_nothing_moves() -> None:
    """Too large an order leaves balances, book and ids as they were."""
    pit = Pit()
    pit.place(pit.alice, "ask", -1, 900 * LOTS, 1_000_000)
    for request in (
        OrderRequest("a", 1, "LIMIT", "GTC", 10_000, 20_000 * LOTS),
        OrderRequest("b", 1, "MARKET", lots=900 * LOTS),
        OrderRequest("c", -1, "LIMIT", "GTC", 10_000, 1001 * LOTS),
    ):
        with pytest.raises(Refusal, match="insufficient balance"):
            pit.exchange.place(pit.bob, pit.market, request, 1)
    assert pit.bob.free["USDT"] == 1_000_000 * UNIT
    assert not list(pit.exchange.open_orders(pit.bob))


def test_a_stop_waits_off_the_book_until_the_price_is_there() -> None:
    """It locks its money at once, trades only once triggered, and can be canceled before."""
    pit = Pit()
    pit.market.last_price = 10_000
    request = OrderRequest("stop", -1, "STOP_LOSS_LIMIT", "GTC", 9_800, LOTS, 0, 9_900)
    order = pit.exchange.place(pit.alice, pit.market, request, 1)
    pit.place(pit.bob, "bid", 1, LOTS, 9_850)
    assert (order.status, order.working, pit.alice.locked["BTC"]) == ("NEW", False, UNIT)
    pit.market.last_price = 9_950
    pit.exchange.trigger_stops(pit.market, 2)
    assert not order.fills
    pit.market.last_price = 9_890
    pit.exchange.trigger_stops(pit.market, 3)
    assert (order.status, order.fills[0].price) == ("FILLED", 9_850)
    other = pit.exchange.place(
        pit.alice, pit.market, OrderRequest("s2", -1, "STOP_LOSS_LIMIT", "GTC", 9_000, LOTS, 0, 9_100), 4
    )
    pit.exchange.cancel(pit.market, other, "x", 5)
    assert pit.alice.locked["BTC"] == 0
    assert not pit.market.stops


def test_one_is_told_in_the_order_it_happened() -> None:
    """NEW before the first trade, every trade before the end."""
    pit = Pit()
    pit.place(pit.alice, "ask", -1, LOTS, 10_000)
    pit.place(pit.bob, "buy", 1, 2 * LOTS, 10_000)
    pit.exchange.sweep(pit.market, -1, 10_000, LOTS, 2)
    assert pit.heard.reports == [
        ("ask", "NEW", "NEW"),
        ("buy", "NEW", "NEW"),
        ("buy", "TRADE", "PARTIALLY_FILLED"),
        ("ask", "TRADE", "FILLED"),
        ("buy", "TRADE", "FILLED"),
    ]
