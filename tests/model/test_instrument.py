"""Lots, ticks and decimals convert exactly, and rounding never works against the person."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algobot.model import Instrument, Side, Symbol, as_decimal

BTC = Instrument(
    symbol=Symbol("BTC/USDT"),
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal("9000"),
    min_notional=Decimal("5"),
)


@given(lots=st.integers(0, 10**12))
def test_lots_survive_the_way_to_a_quantity_and_back(lots: int) -> None:
    """No lot is lost or won by writing a quantity as a decimal."""
    assert BTC.to_lots(BTC.to_quantity(lots)) == lots


@given(ticks=st.integers(1, 10**10))
def test_ticks_survive_the_way_to_a_price_and_back(ticks: int) -> None:
    """No tick is lost or won by writing a price as a decimal."""
    assert BTC.to_ticks(BTC.to_price(ticks)) == ticks


@given(quantity=st.decimals(min_value=0, max_value=10**6, places=9))
def test_a_quantity_is_never_rounded_up(quantity: Decimal) -> None:
    """What is sent is at most what was meant, and less than one lot below it."""
    sent = BTC.to_quantity(BTC.to_lots(quantity))
    assert sent <= quantity < sent + BTC.lot


@given(price=st.floats(0.01, 1e6), side=st.sampled_from(Side))
def test_a_limit_is_rounded_to_the_safe_side(price: float, side: Side) -> None:
    """A buy never pays more than the limit meant, a sell never takes less."""
    limit = BTC.to_price(BTC.limit_ticks(price, side))
    assert (as_decimal(price) - limit) * side >= 0
    assert abs(as_decimal(price) - limit) < BTC.tick


def test_a_float_becomes_the_decimal_a_person_would_write() -> None:
    """0.1 is one tenth, not its binary neighbour."""
    assert as_decimal(0.1) == Decimal("0.1")


@pytest.mark.parametrize(
    ("quantity", "price", "word"),
    [
        ("0", "100", "not positive"),
        ("0.000015", "1000000", "multiple of the lot"),
        ("9001", "1", "above the most"),
        ("0.00002", "100", "notional"),
    ],
)
def test_a_refusal_names_the_rule_and_the_value(quantity: str, price: str, word: str) -> None:
    """Each market rule refuses with its own words."""
    reason = BTC.refusal(Decimal(quantity), Decimal(price))
    assert word in reason
    assert quantity in reason or word == "notional"


def test_what_the_rules_allow_is_not_refused() -> None:
    """An order within every bound passes."""
    assert BTC.refusal(Decimal("0.01"), Decimal("50000")) == ""


@pytest.mark.parametrize(
    ("quantity", "price", "dust"),
    [("0.000009", "1000000", True), ("0.00004", "100000", True), ("0.00005", "100000", False), ("-1", "1", True)],
)
def test_dust_is_what_cannot_be_sold(quantity: str, price: str, dust: bool) -> None:
    """Less than a lot or below the least notional, long or short; at the bound it can be sold."""
    assert BTC.is_dust(Decimal(quantity), Decimal(price)) is dust
