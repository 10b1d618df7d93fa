"""Figures as a person reads them."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.builders import NOON, SECOND
from tui import format
from tui.glyphs import ASCII, UNICODE, choose


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0123, "▲ +1.2 %"), (-0.008, "▼ −0.8 %"), (0.0, "· 0.0 %"), (-0.0001, "· 0.0 %"), (12.0, "▲ +1,200 %")],
)
def test_a_change_says_its_direction_thrice(value: float, words: str) -> None:
    """Mark, sign and number; what rounds to nothing has neither mark nor sign."""
    assert format.change(value, UNICODE) == words


def test_figures_that_are_none_are_a_dash() -> None:
    """A NaN never looks like a number."""
    assert format.money(math.nan, UNICODE) == "–"
    assert format.change(math.inf, UNICODE) == "–"
    assert format.price(0.0, UNICODE) == "–"
    assert format.ink_of(math.nan) == "dim"


def test_quantities_are_exact_and_short() -> None:
    """No zeros at the end, no exponent, a real minus."""
    assert format.quantity(Decimal("0.01550000"), UNICODE) == "0.0155"
    assert format.quantity(Decimal("-1E-8"), UNICODE) == "−0.00000001"
    assert format.quantity(Decimal("3107.7"), UNICODE, least=2) == "3,107.70"
    assert format.quantity(Decimal("-0.000"), UNICODE, sign=True) == "0"
    assert format.quantity(Decimal("-2"), ASCII) == "-2"


@given(st.floats(-1e15, 1e15), st.integers(6, 14), st.booleans())
def test_an_amount_fits_its_cells(value: float, cells: int, sign: bool) -> None:
    """A narrow column never cuts a number in two."""
    assert len(format.compact(value, UNICODE, cells, sign=sign)) <= cells


@given(st.decimals(-(10**12), 10**12, places=8), st.integers(8, 14))
def test_a_position_fits_its_cells(value: Decimal, cells: int) -> None:
    """Decimals go first, then whole thousands are told in words."""
    assert len(format.rounded(value, UNICODE, cells)) <= cells


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0.4 s"), (12.9, "12 s"), (119, "119 s"), (120, "2 min"), (5999, "99 min"), (6000, "1 h"), (-3, "0.0 s")],
)
def test_an_age_is_told_in_one_unit(seconds: float, words: str) -> None:
    """Six cells are always enough."""
    assert format.age(int(seconds * SECOND)) == words


def test_times_of_another_day_are_a_day() -> None:
    """A time without its day would be taken for today's."""
    assert format.moment(NOON, NOON + SECOND) == "12:00:00"
    assert format.moment(NOON - 86_400 * SECOND, NOON) == "19 Nov"


@pytest.mark.parametrize(
    ("environment", "glyphs"),
    [
        ({"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, UNICODE),
        ({"TERM": "linux", "LANG": "de_DE.UTF-8"}, ASCII),
        ({"TERM": "dumb"}, ASCII),
        ({"TERM": "xterm", "LC_ALL": "de_DE.ISO-8859-1"}, ASCII),
        ({}, UNICODE),
    ],
)
def test_marks_suit_the_terminal(environment: dict[str, str], glyphs: object) -> None:
    """The Linux console has no braille and no half moon."""
    assert choose(environment) is glyphs


def test_the_ascii_set_is_ascii() -> None:
    """Every mark of it, so that nothing shows as a question mark."""
    words = [value for value in (getattr(ASCII, name) for name in ASCII.__struct_fields__) if isinstance(value, str)]
    assert all(word.isascii() for word in words)
