from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis.strategies import from_regex, integers, one_of, sampled_from

from algobot.model import ClientOrderId
from algobot.venues.codes import RULES
from algobot.venues.order_ids import encoding_of, read_id, write_id

FORMS = {  # what each venue's documentation allows
    "binance": r"[\.A-Z\:/a-z0-9_-]{1,36}",
    "binanceusdm": r"[\.A-Z\:/a-z0-9_-]{1,36}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "kraken": r"[0-9a-f]{32}",
    "hyperliquid": r"0x[0-9a-f]{32}",
    "deribit": r"[ -~]{1,64}",
}
TABLE = [
    ("binance", "abmain-k3x9aa-b2c4d6-1f", "abmain-k3x9aa-b2c4d6-1f"),
    ("bybit", "abmain-k3x9aa-b2c4d6-1f", "abmain-k3x9aa-b2c4d6-1f"),
    ("okx", "abmain-k3x9aa-b2c4d6-1f", "abmainZk3x9aaZb2c4d6Z1f"),
    ("kraken", "abm-x1-b2-7", "00000000000000000339d64914bad1ee"),
    ("hyperliquid", "abm-x1-b2-7", "0x00000000000000000339d64914bad1ee"),
    ("deribit", "abm-x1-b2-7", "abm-x1-b2-7"),
    ("a venue nobody knows", "abm-x1-b2-7", "abm-x1-b2-7"),
]


@pytest.mark.parametrize(("adapter", "ours", "theirs"), TABLE)
def test_an_id_has_one_form_at_a_venue_for_ever(adapter: str, ours: str, theirs: str) -> None:
    """Another form tomorrow would make today's orders foreign."""
    assert write_id(adapter, ClientOrderId(ours)) == theirs
    assert read_id(adapter, theirs) == ours


@settings(max_examples=300)
@given(adapter=sampled_from(sorted(FORMS)), ours=from_regex(r"ab[a-z0-9]{1,8}-[a-z0-9-]{1,21}", fullmatch=True))
def test_every_id_that_fits_comes_back_as_it_was(adapter: str, ours: str) -> None:
    """And has a form the venue allows; one that does not fit is refused before it is sent."""
    if len(ours) > encoding_of(adapter).longest:
        with pytest.raises(ValueError, match="1 to 24 long"):
            write_id(adapter, ClientOrderId(ours))
        return
    form = write_id(adapter, ClientOrderId(ours))
    assert re.fullmatch(FORMS[adapter], form)
    assert read_id(adapter, form) == ours


@pytest.mark.parametrize("adapter", ["kraken", "hyperliquid", "okx", "binance", "deribit"])
@pytest.mark.parametrize("foreign", ["", "6d1b345e-2821-40e2-ad83-4ecb18a06876", "0x" + "f" * 32, "0" * 32, "web_1"])
def test_a_foreign_id_never_looks_like_ours(adapter: str, foreign: str) -> None:
    """Whatever another program wrote there."""
    assert not read_id(adapter, foreign).startswith("ab")


@given(number=one_of(integers(0, 5_000), integers(0, 2**128 - 1)))
def test_what_reads_as_an_id_is_the_form_of_that_id_and_of_no_other(number: int) -> None:
    """Two foreign orders are never taken for one."""
    form = f"{number:032x}"
    ours = read_id("kraken", form)
    assert ours == form or write_id("kraken", ours) == form


def test_letters_that_cannot_come_back_are_refused() -> None:
    """A capital Z would come back from OKX as a dash; 128 bits hold no capitals at all."""
    for adapter, ours in (("okx", "abZ"), ("kraken", "abA")):
        with pytest.raises(ValueError, match="ab"):
            write_id(adapter, ClientOrderId(ours))


def test_every_venue_with_a_table_of_codes_has_a_form() -> None:
    """A venue we say we know is known in all respects."""
    assert set(RULES) - {"binanceus", "okxus", "myokx"} == set(FORMS)
