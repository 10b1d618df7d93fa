"""A loopback server that says what a venue would say, and the real ccxt client of that venue in front of it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from algobot.venues.ccxt_account import CcxtAccount
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.keys import Keys

WALLET = "0x1111111111111111111111111111111111111111"
PRIVATE = "0x" + "2" * 64  # of no wallet anybody uses


@dataclass(frozen=True)
class Said:
    """One answer; `body` None closes the connection without a word."""

    body: str | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def all(self) -> str:
        """Everything in which a parameter can stand."""
        return f"{self.path} {self.query} {self.body}"


Answer = Callable[[Heard], Any]


class Canned:
    """Answers by the newest rule whose words are all in the request; without one the answer is no answer (599)."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.url = ""
        self._rules: list[tuple[tuple[str, ...], Said | Answer]] = []
        self._kept = 0
        self.topics: list[str] = []  # subscribed to on private streams of Bybit's protocol

    def say(self, words: str, body: object, status: int = 200, **headers: str) -> None:
        """From now on answer so to requests with all these words in path, query or body."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._rules.insert(0, (tuple(words.split()), Said(text, status, named)))

    def say_with(self, words: str, answer: Answer) -> None:
        """From now on answer requests with all these words by a function of them."""
        self._rules.insert(0, (tuple(words.split()), answer))

    def keep(self) -> None:
        """Make what was said until now the rules that stay."""
        self._kept = len(self._rules)
        self.heard.clear()

    def forget(self) -> None:
        """Go back to the rules that stay, and to having heard nothing."""
        del self._rules[: len(self._rules) - self._kept]
        self.heard.clear()

    def to(self, words: str) -> list[Heard]:
        """Return the requests heard with all these words."""
        return [one for one in self.heard if all(word in one.all for word in words.split())]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request)
        text = await request.text()
        heard = Heard(request.method, request.path, dict(request.query), text, dict(request.headers))
        self.heard.append(heard)
        for words, said in self._rules:
            if all(word in heard.all for word in words):
                if not isinstance(said, Said):
                    said = Said(json.dumps(said(heard)))
                if said.body is None:
                    assert request.transport is not None
                    request.transport.abort()
                    return web.Response()
                headers = {"Content-Type": "application/json"} | said.headers
                return web.Response(text=said.body, status=said.status, headers=headers)
        return web.Response(text=f"no rule for {heard.all}", status=599)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            asked = message.json()
            if asked["op"] == "subscribe":
                self.topics += asked["args"]
            granted = {"success": True, "ret_msg": "", "op": asked["op"], "req_id": asked.get("req_id"), "conn_id": "1"}
            await socket.send_json(granted)
        return socket


def a_market(adapter: str) -> dict[str, Any]:
    """Return the one market there is, as ccxt describes it."""
    quote = {"hyperliquid": "USDC", "deribit": "USDC"}.get(adapter, "USDT")
    ids = {"okx": "BTC-USDT", "kraken": "XBTUSDT", "hyperliquid": "10001", "deribit": "BTC_USDC"}
    return {
        "id": ids.get(adapter, f"BTC{quote}"), "symbol": f"BTC/{quote}", "base": "BTC", "quote": quote,
        "baseId": "10001" if adapter == "hyperliquid" else "BTC", "quoteId": quote, "type": "spot", "spot": True,
        "margin": False, "swap": False, "future": False, "option": False, "contract": False, "active": True,
        "settle": None, "settleId": None, "linear": None, "inverse": None, "subType": None, "contractSize": None,
        "precision": {"price": 0.01, "amount": 0.00001},
        "limits": {"amount": {"min": 0.00001, "max": 100.0}, "price": {}, "cost": {"min": 1.0}},
        "maker": 0.001, "taker": 0.001, "info": {}, "percentage": True, "tierBased": False,
    }  # fmt: skip


def keys_for(adapter: str) -> Keys:
    """Return keys of the venue's shape."""
    if adapter == "hyperliquid":
        return Keys(WALLET, PRIVATE)
    return Keys("canary-key-7f3a", "Y2FuYXJ5LXNlY3JldC05YjJj", "canary-phrase-51de")


@asynccontextmanager
async def canned(adapter: str, *, check_permissions: bool = False) -> AsyncIterator[tuple[Canned, CcxtAccount]]:
    """Yield the server and an account of `adapter` on it whose market is known but which asked nothing yet."""
    venue = Canned()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", venue.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    venue.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = CcxtClient(adapter, keys=keys_for(adapter), base_url=venue.url)
    account = CcxtAccount(client, check_permissions=check_permissions)
    try:
        await client.open()
        client.exchange.set_markets([a_market(adapter)])
        _start(adapter, venue)
        await account.open()
        venue.keep()
        yield venue, account
    finally:
        await account.close()
        await runner.cleanup()


def _start(adapter: str, venue: Canned) -> None:
    """Say what every account asks when it opens: the clock, what the key may do, the balance."""
    now_ms = time.time_ns() // 1_000_000
    match adapter:
        case "binance":
            venue.say("/api/v3/time", {"serverTime": now_ms})
            venue.say("/api/v3/account", {"balances": [{"asset": "BTC", "free": "0.5", "locked": "0.25"}]})
            venue.say("/sapi/v1/account/apiRestrictions", {"enableWithdrawals": False})
        case "binanceusdm":
            venue.say("/fapi/v1/time", {"serverTime": now_ms})
            asset = {"asset": "USDT", "walletBalance": "750", "availableBalance": "500", "initialMargin": "250"}
            venue.say("/account", {"assets": [asset], "positions": []})
            venue.say("/balance", [{"asset": "USDT", "balance": "750", "availableBalance": "500"}])
        case "bybit":
            venue.say("/v5/market/time", {"retCode": 0, "result": {"timeSecond": str(now_ms // 1000)}, "time": now_ms})
            rights = {"Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]}
            venue.say("/v5/user/query-api", {"retCode": 0, "result": {"permissions": rights, "unified": 0, "uta": 1}})
            venue.say("/v5/account/info", {"retCode": 0, "result": {"unifiedMarginStatus": 6}})
            coin = {"coin": "BTC", "walletBalance": "0.75", "locked": "0.25", "equity": "0.75"}
            result = {"list": [{"accountType": "UNIFIED", "coin": [coin]}]}
            venue.say("/v5/account/wallet-balance", {"retCode": 0, "retMsg": "OK", "result": result, "time": now_ms})
        case "okx":
            venue.say("/api/v5/public/time", {"code": "0", "data": [{"ts": str(now_ms)}]})
            venue.say("/api/v5/account/config", {"code": "0", "data": [{"perm": "read_only,trade"}]})
            detail = {"ccy": "BTC", "availBal": "0.5", "frozenBal": "0.25", "eq": "0.75", "cashBal": "0.75"}
            data = [{"details": [detail], "uTime": str(now_ms)}]
            venue.say("/api/v5/account/balance", {"code": "0", "data": data})
        case "kraken":
            venue.say("/0/public/Time", {"error": [], "result": {"unixtime": now_ms // 1000}})
            rights = ["query-funds", "query-open-trades", "modify-trades"]
            venue.say("/0/private/GetApiKeyInfo", {"error": [], "result": {"permissions": rights}})
            held = {"XXBT": {"balance": "0.75", "hold_trade": "0.25"}}
            venue.say("/0/private/BalanceEx", {"error": [], "result": held})
        case "hyperliquid":
            venue.say("/info exchangeStatus", {"time": now_ms, "specialStatuses": None})
            venue.say("/info spotClearinghouseState", {"balances": [{"coin": "BTC", "total": "0.75", "hold": "0.25"}]})
            venue.say("/info userAbstraction", "default")
        case "deribit":
            venue.say("/public/get_time", {"jsonrpc": "2.0", "result": now_ms})
            venue.say("/public/auth", {"jsonrpc": "2.0", "result": {"scope": "account:read trade:read_write"}})
            summary = {"currency": "BTC", "available_funds": "0.5", "equity": "0.75", "maintenance_margin": "0.25"}
            result = {"summaries": [summary]}
            venue.say("/private/get_account_summar", {"jsonrpc": "2.0", "result": result})
