from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import anyio
import pytest

from algobot.errors import VenueRejected, VenueTimeout
from algobot.model import SECOND_NS, ClientOrderId, NewOrder, OrderType, Side, Symbol
from algobot.venues.codes import RULES
from algobot.venues.validity import VALIDITY, validity_of, window_params
from tests.venues.canned import Heard, a_market, canned
from tests.venues.test_samples import an_order, path_of


def _iso_ms(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _form(name: str) -> Callable[[Heard], str]:
    def find(heard: Heard) -> str:
        from urllib.parse import parse_qs

        return parse_qs(heard.body)[name][0]

    return find


# where each venue reads until when, or for how long, an order is valid: milliseconds
UNTIL: dict[str, Callable[[Heard], int]] = {
    "okx": lambda heard: int(heard.headers["expTime"]),
    "kraken": lambda heard: _iso_ms(_form("deadline")(heard)),
    "hyperliquid": lambda heard: int(heard.json["expiresAfter"]),
    "deribit": lambda heard: int(heard.query["valid_until"]),
}


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(UNTIL))
async def test_an_order_says_until_when_it_is_valid(adapter: str) -> None:
    """Four seconds from now, by the venue's clock; Kraken's is known to half a second."""
    async with canned(adapter) as (venue, account):
        venue.say(path_of(adapter, "submit"), None)
        before_ms = time.time_ns() // 1_000_000
        with anyio.fail_after(10), pytest.raises(VenueTimeout):
            await account.submit(an_order(adapter), valid_ns=4 * SECOND_NS)
        after_ms = time.time_ns() // 1_000_000
        (heard,) = venue.to(path_of(adapter, "submit"))
        off_ms = 600 if adapter == "kraken" else 100
        assert before_ms + 4_000 - off_ms <= UNTIL[adapter](heard) <= after_ms + 4_000 + off_ms


@pytest.mark.anyio
async def test_bybits_window_is_of_the_one_request_and_signed_with_it() -> None:
    """Others meanwhile keep the usual one."""
    async with canned("bybit") as (venue, account):
        venue.say("/order/create", None)
        venue.say("/order/realtime", {"retCode": 0, "result": {"list": []}})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(account.open_orders)
            with pytest.raises(VenueTimeout):
                await account.submit(an_order("bybit"), valid_ns=3 * SECOND_NS)
        (create,) = venue.to("/order/create")
        assert create.headers["X-BAPI-RECV-WINDOW"] == "3000"
        assert "recvWindow" not in create.body
        assert venue.to("/order/realtime")[0].headers["X-BAPI-RECV-WINDOW"] == "5000"


@pytest.mark.anyio
async def test_hyperliquids_expiry_is_part_of_what_is_signed() -> None:
    """Without it in the hash the venue would find another signer."""
    async with canned("hyperliquid") as (venue, account):
        venue.say("/exchange", None)
        with pytest.raises(VenueTimeout):
            await account.submit(an_order("hyperliquid"), valid_ns=3 * SECOND_NS)
        (heard,) = venue.to("/exchange")
        sent, exchange = heard.json, account.client.exchange
        signed = exchange.sign_l1_action(sent["action"], sent["nonce"], None, sent["expiresAfter"])
        assert signed == sent["signature"]
        assert "builder" not in sent["action"]


@pytest.mark.anyio
async def test_less_than_a_venue_can_promise_is_refused_before_it_is_sent() -> None:
    """Kraken wants a deadline at least two seconds ahead."""
    async with canned("kraken") as (venue, account):
        with pytest.raises(VenueRejected, match="less than 2500 ms; nothing was sent"):
            await account.submit(an_order("kraken"), valid_ns=2 * SECOND_NS)
        assert venue.heard == []


def test_an_order_may_appear_until_its_validity_and_the_doors_slack_are_over() -> None:
    """Without a window nobody knows, so the bound is long and the proof takes more."""
    assert validity_of("binance").settled_after_ns(3 * SECOND_NS) == 3 * SECOND_NS
    assert validity_of("bybit").settled_after_ns(3 * SECOND_NS) == 5 * SECOND_NS
    unknown = validity_of("a venue nobody knows")
    assert unknown.settled_after_ns(3 * SECOND_NS) == 60 * SECOND_NS
    assert (unknown.how, unknown.absences, unknown.apart_ms) == ("", 3, 5_000)
    assert all(known.absences >= 2 and known.apart_ms >= 2_000 for known in VALIDITY.values())


def test_what_is_promised_is_also_sent() -> None:
    """A venue in the table without parameters would be a promise nobody keeps."""
    assert set(VALIDITY) == set(RULES)
    for adapter in VALIDITY:
        assert window_params(adapter, 3_000, 1_700_000_000_000)
    assert window_params("a venue nobody knows", 3_000, 1_700_000_000_000) == {}


ACCEPTED: dict[str, Any] = {
    "bybit": {"retCode": 0, "retMsg": "OK", "result": {"orderId": "42", "orderLinkId": "abm-x1-b2-7"}},
    "okx": {"code": "0", "data": [{"ordId": "42", "clOrdId": "abmZx1Zb2Z7", "sCode": "0", "sMsg": "", "tag": ""}]},
    "kraken": {"error": [], "result": {"descr": {"order": "buy 0.01 XBTUSDT @ limit 15000.0"}, "txid": ["42"]}},
    "hyperliquid": {"status": "ok", "response": {"data": {"statuses": [{"resting": {"oid": 42}}]}}},
    "deribit": {
        "result": {
            "order": {
                "order_id": "42", "label": "abm-x1-b2-7", "order_state": "open", "direction": "buy", "amount": 0.01,
                "price": 15000.0, "filled_amount": 0.0, "order_type": "limit", "instrument_name": "BTC_USDC",
            },
            "trades": [],
        }
    },
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(ACCEPTED))
async def test_an_accepted_order_carries_our_id_and_the_venues(adapter: str) -> None:
    """Little as some venues say; and it was one request."""
    async with canned(adapter) as (venue, account):
        venue.say(path_of(adapter, "submit"), ACCEPTED[adapter])
        placed = await account.submit(an_order(adapter), valid_ns=4 * SECOND_NS)
        assert (placed.client_order_id, placed.venue_order_id) == ("abm-x1-b2-7", "42")
        assert (placed.quantity, placed.limit_price) == (Decimal("0.01"), Decimal(15_000))
        assert len(venue.heard) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(ACCEPTED))
@pytest.mark.parametrize("cut", [0.3, 0.7])
async def test_half_an_acceptance_leaves_the_order_unknown(adapter: str, cut: float) -> None:
    """A gateway closed early, and called it 200."""
    from msgspec.json import encode

    whole = encode(ACCEPTED[adapter]).decode()
    async with canned(adapter) as (venue, account):
        venue.say(path_of(adapter, "submit"), whole[: int(len(whole) * cut)])
        with pytest.raises(VenueTimeout):
            await account.submit(an_order(adapter), valid_ns=4 * SECOND_NS)


@pytest.mark.anyio
async def test_a_market_order_without_a_price_to_start_from_is_not_sent() -> None:
    """Hyperliquid has none of its own: ccxt makes an IOC limit from the last price."""
    market = NewOrder(
        client_order_id=ClientOrderId("abm-x1-b2-7"),
        symbol=Symbol(a_market("hyperliquid")["symbol"]),
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Decimal("0.01"),
    )
    async with canned("hyperliquid") as (venue, account):
        with pytest.raises(VenueRejected, match="nothing was sent"):
            await account.submit(market, valid_ns=4 * SECOND_NS)
        assert venue.to("/exchange") == []
