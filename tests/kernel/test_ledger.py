"""The ledger keeps its law through any sequence of fills."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import ledger
from algobot.kernel.records import ACCOUNT, SETTINGS, SLOT

LOT = 0.001


class Book:
    """One account with one slot."""

    def __init__(self, capital: float = 1000.0) -> None:
        self.accounts, self.slots = np.zeros(1, ACCOUNT), np.zeros(1, SLOT)
        settings = np.zeros(1, SETTINGS)
        settings["lot"] = LOT
        self.account, self.slot, self.setting = self.accounts[0], self.slots[0], settings[0]
        self.account.cash = capital

    @property
    def position(self) -> np.record:
        return self.slot.position

    def fill(self, side: int, lots: int, price: float, fee: float = 0.0) -> float:
        return ledger.apply_fill(self.account, self.slot, self.setting, side, lots, price, fee, 5)


FILLS = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(1, 10**6), st.floats(0.01, 1e5), st.floats(-0.01, 0.01)),
    max_size=60,
)


@given(FILLS)
@settings(max_examples=200, deadline=None)
def test_cash_and_position_are_what_the_fills_add_up_to(fills):
    """Exact sums agree: cash to rounding, lots exactly, and realised profit explains the rest."""
    book = Book()
    cash, lots, fees = Fraction(1000), 0, Fraction(0)
    moved = 1.0
    for side, size, price, rate in fills:
        fee = size * LOT * price * rate
        book.fill(side, size, price, fee)
        cash -= side * size * Fraction(LOT) * Fraction(price) + Fraction(fee)
        lots += side * size
        fees += Fraction(fee)
        moved += size * LOT * price
        assert book.position.lots == lots
        assert book.position.side == (lots > 0) - (lots < 0)
        assert book.account.cash == pytest.approx(float(cash), abs=1e-11 * moved)
        law = 1000.0 + book.position.realised - book.position.fees - lots * LOT * book.position.average
        assert book.account.cash == pytest.approx(law, abs=1e-11 * moved)
        assert book.position.fees == pytest.approx(float(fees), abs=1e-11 * moved)


@given(FILLS, st.floats(0.01, 1e5))
@settings(max_examples=100, deadline=None)
def test_a_fill_at_the_mark_costs_its_fee_and_nothing_else(fills, mark):
    """Equity at a mark changes by a fill at that mark only through the fee."""
    book = Book()
    moved = 1.0
    for side, size, price, _ in fills:
        book.fill(side, size, price)
        moved += size * LOT * max(price, mark)
    book.slot.mark = mark
    before = book.account.cash + ledger.value(book.slot, LOT)
    book.fill(1, 777, mark, 0.25)
    after = book.account.cash + ledger.value(book.slot, LOT)
    assert after == pytest.approx(before - 0.25, abs=1e-10 * moved)


def test_adding_averages_and_closing_realises():
    """10 at 100 and 30 at 120 average 115; selling 20 at 125 earns 10 each; the rest keeps its average."""
    book = Book()
    book.fill(1, 10_000, 100.0)
    book.fill(1, 30_000, 120.0)
    assert book.position.average == 115.0
    assert book.fill(-1, 20_000, 125.0) == pytest.approx(200.0)
    assert (book.position.lots, book.position.average) == (20_000, 115.0)


def test_turning_around_closes_all_and_opens_the_rest_at_the_price():
    """Selling 30 from 10 long realises the 10 and is 20 short at the fill's price."""
    book = Book()
    book.fill(1, 10_000, 100.0)
    assert book.fill(-1, 30_000, 90.0) == pytest.approx(-100.0)
    assert (book.position.lots, book.position.average, book.position.side) == (-20_000, 90.0, -1)
    assert book.position.entries == 2


def test_protection_belongs_to_one_position():
    """What was planned comes with the position that opens and is gone when it is closed."""
    book = Book()
    book.slot.plan_stop, book.slot.plan_target, book.slot.plan_trail = 90.0, 130.0, 5.0
    book.fill(1, 10, 100.0)
    assert (book.position.stop, book.position.target, book.position.trail, book.position.extreme) == (90, 130, 5, 100)
    book.fill(-1, 10, 110.0)
    assert (book.position.stop, book.position.target, book.position.trail, book.position.extreme) == (0, 0, 0, 0)
    assert (book.position.average, book.position.opened_ns) == (0.0, 0)
