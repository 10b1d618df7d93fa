from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis.strategies import DataObject, data, from_regex, integers, one_of, sampled_from, text
from numpy import base_repr

from algobot.model import BotId, ClientOrderId
from algobot.venues.bits128 import unpack
from algobot.venues.codes import RULES
from algobot.venues.order_ids import read_id, write_id
from daemon.gateway.ids import OrderIds

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
    ("binance", "abmain-k3x9aa7q-b2c4d6-1f", "abmain-k3x9aa7q-b2c4d6-1f"),
    ("bybit", "abmain-k3x9aa7q-b2c4d6-1f", "abmain-k3x9aa7q-b2c4d6-1f"),
    ("okx", "abmain-k3x9aa7q-b2c4d6-1f", "abmainZk3x9aa7qZb2c4d6Z1f"),
    ("kraken", "abm-x1-b2-7", "00000000000000000339d64914bad1ee"),
    ("hyperliquid", "abm-x1-b2-7", "0x00000000000000000339d64914bad1ee"),
    ("kraken", "abmain-k3x9aa7q-b2c4d6-1f", "b00033528cb63406d91a3b70793c6b86"),
    ("hyperliquid", "abm-k3x9aa7q-b2c4d6-1f", "0x80003375571cd7bce530793c689d38e8"),
    ("deribit", "abm-x1-b2-7", "abm-x1-b2-7"),
    ("a venue nobody knows", "abm-x1-b2-7", "abm-x1-b2-7"),
]


@pytest.mark.parametrize(("adapter", "ours", "theirs"), TABLE)
def test_an_id_has_one_form_at_a_venue_for_ever(adapter: str, ours: str, theirs: str) -> None:
    """Another form tomorrow would make today's orders foreign."""
    assert write_id(adapter, ClientOrderId(ours)) == theirs
    assert read_id(adapter, theirs) == ours


@settings(max_examples=300)
@given(adapter=sampled_from(sorted(FORMS)), ours=from_regex(r"ab[a-z0-9]{1,8}-[a-z0-9-]{1,13}", fullmatch=True))
def test_any_id_of_24_letters_comes_back_as_it_was(adapter: str, ours: str) -> None:
    """And has a form the venue allows."""
    form = write_id(adapter, ClientOrderId(ours))
    assert re.fullmatch(FORMS[adapter], form)
    assert read_id(adapter, form) == ours


INSTANCES = [("m", 1 << 20), ("main", 1 << 20), ("alpha2", 1 << 20), ("trading", 1 << 15), ("a-long-name", 1 << 10)]


@pytest.mark.parametrize("adapter", sorted(FORMS))
@pytest.mark.parametrize(("instance", "orders"), INSTANCES)
@settings(max_examples=20)
@given(data=data())
def test_what_the_gateway_makes_fits_everywhere(adapter: str, instance: str, orders: int, data: DataObject) -> None:
    """For so many orders a start; the next one would be refused before it is sent, never changed."""
    epoch = data.draw(text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=6))
    head = OrderIds(instance, epoch, data.draw(text(max_size=8))).make(BotId(data.draw(text(max_size=8))))[:-1]
    number = data.draw(integers(0, orders - 1))
    ours = ClientOrderId(head + base_repr(number, 36).lower())
    form = write_id(adapter, ours)
    assert re.fullmatch(FORMS[adapter], form)
    assert read_id(adapter, form) == ours
    if adapter in ("kraken", "hyperliquid"):
        with pytest.raises(ValueError, match="does not fit into 128 bits"):
            write_id(adapter, ClientOrderId(head + base_repr(orders, 36).lower()))


def test_ids_that_differ_in_anything_have_forms_that_differ() -> None:
    """Also where a name and a number could run into each other."""
    ids = [
        f"ab{instance}-{start}-{bot}-{number}"
        for instance in ("a", "0", "00", "a0", "main", "0main")
        for start in ("00000000", "a0000000", "0000000a", "zzzzzzzz")
        for bot in ("000000", "00000z", "zzzzzz")
        for number in ("0", "1", "z", "10", "lfls"[:3])
    ]
    assert len({write_id("kraken", ClientOrderId(ours)) for ours in ids}) == len(ids) == 360


@pytest.mark.parametrize("adapter", ["kraken", "hyperliquid", "okx", "binance", "deribit"])
@pytest.mark.parametrize("foreign", ["", "6d1b345e-2821-40e2-ad83-4ecb18a06876", "0x" + "f" * 32, "0" * 32, "web_1"])
def test_a_foreign_id_never_looks_like_ours(adapter: str, foreign: str) -> None:
    """Whatever another program wrote there."""
    assert not read_id(adapter, foreign).startswith("ab")


@settings(max_examples=500)
@given(number=one_of(integers(0, 5_000), integers(0, 2**128 - 1), integers(2**127, 2**127 + 2**126)))
def test_what_reads_as_an_id_is_the_form_of_that_id_and_of_no_other(number: int) -> None:
    """Two foreign orders are never taken for one."""
    form = f"{number:032x}"
    ours = read_id("kraken", form)
    assert ours == form or write_id("kraken", ours) == form


def test_a_random_number_of_somebody_elses_is_hardly_ever_ours() -> None:
    """The shorter our name, the longer the checksum: not one of a hundred thousand reads as an id at all."""
    random = Random(7)
    numbers = (random.getrandbits(128) | 1 << 127 for _ in range(100_000))
    found = [unpack(number) for number in numbers]
    assert sum(one.startswith(("aba-", "abm-", "abmain-")) for one in found) == 0
    assert sum(len(one.split("-")[0]) <= 6 for one in found if one) < 100


def test_letters_that_cannot_come_back_are_refused() -> None:
    """A capital Z would come back from OKX as a dash; 128 bits hold no capitals at all."""
    for adapter, ours in (("okx", "abZ"), ("kraken", "abA")):
        with pytest.raises(ValueError, match="ab"):
            write_id(adapter, ClientOrderId(ours))


def test_every_venue_with_a_table_of_codes_has_a_form() -> None:
    """A venue we say we know is known in all respects."""
    assert set(RULES) - {"binanceus", "okxus", "myokx"} == set(FORMS)
