"""The book: price first, then time; depth and change tracking."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.simulator.book import Book, Resting

ORDERS = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(90, 110), st.integers(1, 9), st.booleans()), max_size=60
)


def naive(
    orders: list[tuple[int, int, int, bool]],
) -> tuple[list[tuple[int, int, int]], dict[int, list[tuple[int, int, int]]]]:
    """Return (trades, what rests) by sorting everything for every order: slow and plainly right."""
    trades: list[tuple[int, int, int]] = []
    resting: list[list[int]] = []  # side, price, arrival, lots
    for arrival, (side, price, lots, rests) in enumerate(orders):
        others = [r for r in resting if r[0] == -side and side * price >= side * r[1]]
        for other in sorted(others, key=lambda r: (side * r[1], r[2])):
            done = min(lots, other[3])
            if done:
                trades.append((other[2], arrival, done))
                other[3] -= done
                lots -= done
        resting = [r for r in resting if r[3]]
        if lots and rests:
            resting.append([side, price, arrival, lots])
    left = {
        s: sorted(((p, a, n) for side, p, a, n in resting if side == s), key=lambda r: (-s * r[0], r[1]))
        for s in (1, -1)
    }
    return trades, left


@settings(max_examples=200, deadline=None)
@given(orders=ORDERS)
def test_a_book_trades_as_sorting_by_price_and_arrival_would(orders: list[tuple[int, int, int, bool]]) -> None:
    """Whatever comes, trades and what is left are those of the naive model, and the book is never crossed."""
    book: Book[int] = Book()
    trades = []
    for arrival, (side, price, lots, rests) in enumerate(orders):
        for resting, done in book.match(side, lots, price):
            trades.append((resting.owner, arrival, done))
            lots -= done
        if lots and rests:
            book.add(Resting(side, price, lots, arrival))
        best_bid, best_ask = book.bids.best, book.asks.best
        assert best_bid is None or best_ask is None or best_bid < best_ask
    expected, left = naive(orders)
    assert trades == expected
    for side in (1, -1):
        assert [(r.price, r.owner, r.lots) for r in book.side(side).queue()] == left[side]
        by_price: dict[int, int] = {}
        for price, _, lots in left[side]:
            by_price[price] = by_price.get(price, 0) + lots
        assert book.side(side).depth(100) == list(by_price.items())


@settings(max_examples=100, deadline=None)
@given(orders=ORDERS, cut=st.integers(0, 60))
def test_a_snapshot_and_the_changes_since_give_the_book(orders: list[tuple[int, int, int, bool]], cut: int) -> None:
    """A client that takes a snapshot anywhere and applies what changed later holds the same levels."""
    book: Book[int] = Book()
    mirror: dict[tuple[int, int], int] = {}
    watcher = book.watch()
    for number, (side, price, lots, rests) in enumerate(orders):
        if number == cut:
            mirror = {(s, p): n for s in (1, -1) for p, n in book.side(s).depth(100)}
            watcher.changed.clear()
        for _, done in book.match(side, lots, price):
            lots -= done
        if lots and rests:
            book.add(Resting(side, price, lots, number))
    for side, price in watcher.changed:
        mirror[(side, price)] = book.side(side).total(price)
    whole = {(s, p): n for s in (1, -1) for p, n in book.side(s).depth(100)}
    assert {k: n for k, n in mirror.items() if n} == whole


def test_a_market_order_by_value_takes_what_the_value_buys() -> None:
    """`lots_for` never costs more than the budget, and one lot more would."""
    book: Book[int] = Book()
    for price, lots in ((10, 3), (11, 5), (12, 100)):
        book.add(Resting(-1, price, lots, 0))
    assert book.lots_for(1, 30) == 3
    assert book.lots_for(1, 29) == 2
    assert book.lots_for(1, 30 + 55 + 24) == 10
    assert book.cost_of(1, 10) == (10, 30 + 55 + 24)
    assert book.cost_of(1, 1000) == (108, 30 + 55 + 1200)


def test_taking_an_order_out_leaves_the_others_in_their_places() -> None:
    """Canceling the first in the queue makes the second first, and a second cancel finds nothing."""
    book: Book[str] = Book()
    first, second = Resting(1, 100, 5, "first"), Resting(1, 100, 7, "second")
    book.add(first)
    book.add(second)
    assert book.remove(first)
    assert not book.remove(first)
    assert [(r.owner, n) for r, n in book.match(-1, 6, 100)] == [("second", 6)]
    assert book.bids.depth(5) == [(100, 1)]
