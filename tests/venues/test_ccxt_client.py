from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from algobot.errors import VenueRateLimited, VenueRejected, VenueTimeout, VenueUnavailable
from algobot.model import SECOND_NS
from algobot.venues.classify import Action
from tests.venues.canned import canned
from tests.venues.test_samples import an_order

REFUSED = {"error": ["EOrder:Insufficient funds"]}


@pytest.mark.anyio
async def test_a_refusal_counts_only_as_the_answer_to_the_one_request_of_a_call() -> None:
    """When ccxt asked several things, an earlier one may have been the order."""
    async with canned("kraken") as (venue, account):
        exchange = account.client.exchange

        async def order_then_question(*_: object) -> None:
            await exchange.privatePostAddOrder({})
            await exchange.privatePostOpenOrders({})

        exchange.create_order = order_then_question
        venue.say("/AddOrder", {"error": [], "result": {"txid": ["42"]}})
        venue.say("/OpenOrders", REFUSED)
        with pytest.raises(VenueTimeout):
            await account.submit(an_order("kraken"), valid_ns=4 * SECOND_NS)


@pytest.mark.anyio
async def test_a_refusal_that_ccxt_raises_anew_keeps_its_answer() -> None:
    """Its Kraken adapter does so when a cancel finds no order; a cut answer must not be taken for one then."""
    async with canned("kraken") as (venue, account):
        venue.say("/CancelOrder", {"error": ["EOrder:Unknown order"]})
        with pytest.raises(Exception, match="Unknown order"):
            await account.client.ask(Action.CANCEL, "cancel_order", "42", "BTC/USDT", {})
        venue.say("/CancelOrder", None)  # the text of the last answer is still lying around in ccxt
        with pytest.raises(VenueTimeout):
            await account.client.ask(Action.CANCEL, "cancel_order", "42", "BTC/USDT", {})


@pytest.mark.anyio
async def test_what_ccxt_refuses_by_itself_was_never_sent() -> None:
    """So it is a refusal, whatever class ccxt gives it."""
    async with canned("kraken") as (venue, account):
        with pytest.raises(VenueRejected, match="nothing was sent"):
            await account.client.ask(Action.SUBMIT, "create_order", "NO/SUCH", "limit", "buy", "1", "1", {})
        assert venue.heard == []


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 418, 429, 451, 507, 521, 599])
async def test_a_bad_status_is_never_an_answer(status: int) -> None:
    """Also one that ccxt has no name for, with a body that looks well."""
    async with canned("kraken") as (venue, account):
        venue.say("/BalanceEx", {"error": [], "result": {}}, status)
        with pytest.raises((VenueUnavailable, VenueRateLimited)):
            await account.balances()
        venue.say("/AddOrder", {"error": [], "result": {"txid": ["42"]}}, status)
        with pytest.raises((VenueTimeout, VenueRateLimited)):
            await account.submit(an_order("kraken"), valid_ns=4 * SECOND_NS)


CLOCKS: dict[str, tuple[str, Callable[[int], object], object]] = {  # where the time is told, how, and a refused clock
    "bybit": ("/market/time", lambda ms: {"retCode": 0, "result": {}, "time": ms}, {"retCode": 10002, "retMsg": "x"}),
    "okx": ("/public/time", lambda ms: {"code": "0", "data": [{"ts": str(ms)}]}, {"code": "50102", "msg": "x"}),
}


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", ["bybit", "okx"])
async def test_a_refused_clock_is_measured_before_the_next_request(adapter: str) -> None:
    """And what is stamped then has the venue's time."""
    path, told, late = CLOCKS[adapter]
    async with canned(adapter) as (venue, account):
        venue.say("balance", late, 401 if adapter == "okx" else 200)
        with pytest.raises(VenueUnavailable):
            await account.balances()
        venue.say(path, told(time.time_ns() // 1_000_000 + 60_000))
        with pytest.raises(VenueUnavailable):
            await account.balances()
        assert len(venue.to(path)) == 1
        assert abs(account.client.exchange.nonce() - time.time_ns() // 1_000_000 - 60_000) < 500
        with pytest.raises(VenueUnavailable):
            await account.balances()  # refused once more, so it will be measured once more
        assert len(venue.to(path)) == 2


@pytest.mark.anyio
async def test_deribit_is_signed_with_its_own_time() -> None:
    """ccxt would take ours."""
    async with canned("deribit") as (venue, account):
        venue.say("/get_time", {"result": time.time_ns() // 1_000_000 + 60_000})
        await account.clock_offset_ns()
        await account.balances()
        (heard,) = venue.to("/get_account_summar")
        signed_ms = int(heard.headers["Authorization"].partition("ts=")[2].partition(",")[0])
        assert abs(signed_ms - time.time_ns() // 1_000_000 - 60_000) < 1_000


@pytest.mark.anyio
async def test_nothing_is_done_in_the_owners_name_that_he_did_not_ask_for() -> None:
    """ccxt would approve a builder fee and set a referrer at the first order."""
    async with canned("hyperliquid") as (venue, account):
        venue.say("/exchange", {"status": "ok", "response": {"data": {"statuses": [{"resting": {"oid": 42}}]}}})
        await account.submit(an_order("hyperliquid"), valid_ns=4 * SECOND_NS)
        (heard,) = venue.to("/exchange")
        assert heard.json["action"]["type"] == "order"
        assert "builder" not in heard.json["action"]
