from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qs

import pytest

from algobot.errors import VenueRateLimited, VenueRejected, VenueTimeout, VenueUnsupported
from algobot.model import Symbol
from algobot.venues.dead_man import TIMERS, dead_man_of
from tests.venues.canned import Heard, a_market, canned
from tests.waiting import until

PATHS = {
    "okx": "/trade/cancel-all-after",
    "kraken": "/CancelAllOrdersAfter",
    "hyperliquid": "/exchange scheduleCancel",
    "bybit": "/order/disconnected-cancel-all",
    "binanceusdm": "/countdownCancelAll",
}
GRANTED: dict[str, Any] = {
    "okx": {"code": "0", "msg": "", "data": [{"triggerTime": "1587971460", "ts": "1587971400"}]},
    "kraken": {"error": [], "result": {"currentTime": "2023-03-24T17:41:56Z", "triggerTime": "2023-03-24T17:42:56Z"}},
    "hyperliquid": {"status": "ok", "response": {"type": "default"}},
    "bybit": {"retCode": 0, "retMsg": "success"},
    "binanceusdm": {"symbol": "BTCUSDT", "countdownTime": "30000"},
}
REFUSED: dict[str, Any] = {
    "okx": {"code": "51000", "data": [], "msg": "Parameter timeOut error"},
    "kraken": {"error": ["EGeneral:Invalid arguments"]},
    "hyperliquid": {
        "status": "err",
        "response": "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $373.47.",
    },
    "bybit": {"retCode": 10001, "retMsg": "params error"},
    "binanceusdm": {"code": -1102, "msg": "Mandatory parameter 'countdownTime' was not sent."},
}


def _ahead_s(heard: Heard) -> float:
    action = heard.json["action"]
    return round(action["time"] / 1000 - time.time()) if "time" in action else 0


def _parameter(heard: Heard, name: str) -> int:
    return int(heard.query.get(name) or parse_qs(heard.body)[name][0])


SECONDS: dict[str, Callable[[Heard], float]] = {  # for how long a request winds the timer up
    "okx": lambda heard: heard.json["timeOut"],
    "kraken": lambda heard: _parameter(heard, "timeout"),
    "hyperliquid": _ahead_s,
    "bybit": lambda heard: heard.json["timeWindow"],
    "binanceusdm": lambda heard: _parameter(heard, "countdownTime") / 1000,
}


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(PATHS))
async def test_the_timer_is_wound_up_and_stopped(adapter: str) -> None:
    """One request each; Bybit's cannot be stopped and is made as long as it goes."""
    symbols = [Symbol(a_market(adapter)["symbol"])]
    async with canned(adapter) as (venue, account):
        venue.say(PATHS[adapter], GRANTED[adapter])
        await account.arm_dead_man(30, symbols)
        await account.disarm_dead_man(symbols)
        armed, stopped = venue.to(PATHS[adapter])
        assert len(venue.heard) == 2
        assert SECONDS[adapter](armed) == 30
        assert SECONDS[adapter](stopped) == (300 if adapter == "bybit" else 0)


@pytest.mark.anyio
async def test_stopping_hyperliquids_names_no_time() -> None:
    """A time of now would cancel everything instead."""
    async with canned("hyperliquid") as (venue, account):
        venue.say(PATHS["hyperliquid"], GRANTED["hyperliquid"])
        await account.disarm_dead_man([])
        (heard,) = venue.heard
        assert heard.json["action"] == {"type": "scheduleCancel"}
        exchange = account.client.exchange
        assert exchange.sign_l1_action(heard.json["action"], heard.json["nonce"]) == heard.json["signature"]


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(PATHS))
async def test_a_timer_that_was_not_granted_is_told(adapter: str) -> None:
    """A refusal is one; no answer may mean that it runs."""
    symbols = [Symbol(a_market(adapter)["symbol"])]
    async with canned(adapter) as (venue, account):
        venue.say(PATHS[adapter], REFUSED[adapter], 400 if adapter == "binanceusdm" else 200)
        with pytest.raises(VenueRejected):
            await account.arm_dead_man(30, symbols)
        venue.say(PATHS[adapter], "<html>", 502)
        with pytest.raises(VenueTimeout):
            await account.arm_dead_man(30, symbols)
        venue.say(PATHS[adapter], "", 429)
        with pytest.raises(VenueRateLimited):
            await account.arm_dead_man(30, symbols)


@pytest.mark.anyio
async def test_where_nothing_covers_our_orders_nothing_is_pretended() -> None:
    """Deribit cancels the orders of a broken socket, and ours came by another way; Binance spot has nothing."""
    async with canned("deribit") as (venue, account):
        assert account.facts.dead_man is None
        with pytest.raises(VenueUnsupported):
            await account.arm_dead_man(30, [])
        with pytest.raises(VenueUnsupported):
            await account.disarm_dead_man([])
        assert venue.heard == []
    assert dead_man_of("binance") is None


@pytest.mark.anyio
async def test_bybits_timer_starts_with_the_stream_so_the_stream_must_carry_its_topic() -> None:
    """From when it is armed, and again on every new stream; before, the topic is not asked for."""
    async with canned("bybit") as (venue, account):
        venue.say(PATHS["bybit"], GRANTED["bybit"])
        for armed in (False, True):
            async with aclosing(account.stream()) as events:
                await anext(events)
                await until(lambda: any(topic.startswith(("order", "execution")) for topic in venue.topics))
                assert armed or "dcp.spot" not in venue.topics
                await account.arm_dead_man(30, [])
                await until(lambda: "dcp.spot" in venue.topics)
            assert venue.topics.count("dcp.spot") == 1
            venue.topics.clear()


@pytest.mark.anyio
async def test_a_time_outside_of_what_the_venue_can_is_not_sent() -> None:
    """OKX takes 10 to 120 seconds."""
    async with canned("okx") as (venue, account):
        for seconds in (9.0, 121.0, float("nan")):
            with pytest.raises(VenueRejected, match="10 to 120 s"):
                await account.arm_dead_man(seconds, [])
        assert venue.heard == []


@pytest.mark.anyio
async def test_a_timer_for_each_symbol_is_wound_up_for_each() -> None:
    """And not at all for none."""
    async with canned("binanceusdm") as (venue, account):
        venue.say(PATHS["binanceusdm"], GRANTED["binanceusdm"])
        await account.arm_dead_man(30, [])
        assert venue.heard == []
        assert account.facts.dead_man is not None
        assert account.facts.dead_man.per_symbol


def test_every_timer_has_a_test() -> None:
    """The aliases of OKX and Kraken's futures speak as their models do."""
    assert set(TIMERS) - {"okxus", "myokx", "krakenfutures"} == set(PATHS)
