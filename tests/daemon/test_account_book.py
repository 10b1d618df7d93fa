"""The exact sub-account: nothing is lost or made up, whatever the fills."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from algobot.model import Fill, Side
from daemon.account_book import after, birth, fold
from tests.daemon.builders import a_fill
from tests.fakes.venue import BTC


def cents(most: int) -> st.SearchStrategy[str]:
    """Return decimal strings of two digits, above 0."""
    return st.integers(1, most).map(lambda n: f"{n / 100:.2f}")


FILLS = st.lists(
    st.builds(
        a_fill,
        st.sampled_from(list(Side)),
        st.integers(1, 10_000_000).map(lambda n: f"{Decimal(n) / 100_000}"),
        cents(10_000_000),
        fee=cents(1000),
        fee_currency=st.sampled_from(["USDT", "BTC", "BNB"]),
    ),
    max_size=30,
)


@given(fills=FILLS, capital=cents(10_000_000))
def test_cash_and_position_are_the_exact_sums_of_what_was_traded_and_paid(fills: list[Fill], capital: str) -> None:
    """The fold equals the plain sums in decimals, digit for digit."""
    book = fold(birth(Decimal(capital)), fills, BTC)
    quote_fees = sum((f.fee for f in fills if f.fee_currency == "USDT"), Decimal(0))
    base_fees = sum((f.fee for f in fills if f.fee_currency == "BTC"), Decimal(0))
    traded = sum((f.side * f.quantity * f.price for f in fills), Decimal(0))
    assert book.cash == Decimal(capital) - traded - quote_fees
    assert book.position == sum((f.side * f.quantity for f in fills), Decimal(0)) - base_fees
    assert book.fees_elsewhere.get("BNB", 0) == sum((f.fee for f in fills if f.fee_currency == "BNB"), Decimal(0))
    assert book.fills == len(fills)


@given(fills=FILLS.map(lambda fills: [f for f in fills if f.fee_currency == "USDT"]))
def test_equity_at_any_mark_is_capital_plus_realised_plus_open_profit_less_fees(fills: list[Fill]) -> None:
    """The two ways of telling the profit agree, to rounding."""
    book = fold(birth(Decimal(1000)), fills, BTC)
    mark = Decimal("123.45")
    told = Decimal(1000) + book.realised + book.position * (mark - book.entry_price) - book.fees
    assert abs(book.cash + book.position * mark - told) < Decimal("1e-9")


def test_a_round_trip_counts_once_it_is_flat() -> None:
    """Half closed is not a trade yet; flat is, and the entry price is forgotten."""
    book = after(birth(Decimal(1000)), a_fill(Side.BUY, "2", "100"), BTC)
    assert book.entry_price == 100
    book = after(book, a_fill(Side.BUY, "2", "110"), BTC)
    assert book.entry_price == 105
    book = after(book, a_fill(Side.SELL, "1", "120"), BTC)
    assert (book.trades, book.realised, book.entry_price) == (0, Decimal(15), Decimal(105))
    book = after(book, a_fill(Side.SELL, "3", "95"), BTC)
    assert (book.trades, book.realised, book.entry_price, book.position) == (1, Decimal(-15), Decimal(0), Decimal(0))
    assert book.cash == Decimal(985)


def test_a_reversal_closes_one_trade_and_opens_another_at_its_own_price() -> None:
    """What goes through zero is a round trip and an entry."""
    book = fold(birth(Decimal(0)), [a_fill(Side.BUY, "1", "100"), a_fill(Side.SELL, "3", "90")], BTC)
    assert (book.position, book.entry_price, book.trades, book.realised) == (-2, 90, 1, -10)


def test_a_fee_in_the_base_asset_leaves_the_position() -> None:
    """Bought 1, paid 0.001 of it: 0.999 are there, and dust below a lot counts as flat."""
    book = after(birth(Decimal(1000)), a_fill(Side.BUY, "1", "100", fee="0.001", fee_currency="BTC"), BTC)
    assert (book.position, book.cash, book.fees) == (Decimal("0.999"), Decimal(900), Decimal("0.1"))
    book = after(book, a_fill(Side.SELL, "0.99899", "100", fee="0.000009", fee_currency="BTC"), BTC)
    assert book.trades == 1
    assert book.position == Decimal("0.000001")
    assert book.entry_price == 0
