"""WebSocket: market streams (`/ws`, `/stream`), private streams by listen key, and the WebSocket API (`/ws-api/v3`)."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from algobot.simulator import auth, refusals
from algobot.simulator.account_api import ACCOUNT_ENDPOINTS
from algobot.simulator.desk import Desk, Request
from algobot.simulator.endpoint import Endpoint
from algobot.simulator.faults import (
    Drop,
    Duplicate,
    Fault,
    Garble,
    HttpError,
    Latency,
    RateLimited,
    VenueError,
    Where,
)
from algobot.simulator.garble import garbled
from algobot.simulator.journal import Injected
from algobot.simulator.market_api import MARKET_ENDPOINTS
from algobot.simulator.refusals import Refusal
from algobot.simulator.streams import USER, Client, parse_topic
from algobot.simulator.venue import Venue

METHODS: Final[dict[str, Endpoint]] = {
    "ping": MARKET_ENDPOINTS["GET /api/v3/ping"],
    "time": MARKET_ENDPOINTS["GET /api/v3/time"],
    "exchangeInfo": MARKET_ENDPOINTS["GET /api/v3/exchangeInfo"],
    "depth": MARKET_ENDPOINTS["GET /api/v3/depth"],
    "trades.recent": MARKET_ENDPOINTS["GET /api/v3/trades"],
    "klines": MARKET_ENDPOINTS["GET /api/v3/klines"],
    "ticker.24hr": MARKET_ENDPOINTS["GET /api/v3/ticker/24hr"],
    "ticker.price": MARKET_ENDPOINTS["GET /api/v3/ticker/price"],
    "ticker.book": MARKET_ENDPOINTS["GET /api/v3/ticker/bookTicker"],
    "order.place": ACCOUNT_ENDPOINTS["POST /api/v3/order"],
    "order.test": ACCOUNT_ENDPOINTS["POST /api/v3/order/test"],
    "order.cancel": ACCOUNT_ENDPOINTS["DELETE /api/v3/order"],
    "order.status": ACCOUNT_ENDPOINTS["GET /api/v3/order"],
    "openOrders.status": ACCOUNT_ENDPOINTS["GET /api/v3/openOrders"],
    "openOrders.cancelAll": ACCOUNT_ENDPOINTS["DELETE /api/v3/openOrders"],
    "allOrders": ACCOUNT_ENDPOINTS["GET /api/v3/allOrders"],
    "myTrades": ACCOUNT_ENDPOINTS["GET /api/v3/myTrades"],
    "account.status": ACCOUNT_ENDPOINTS["GET /api/v3/account"],
    "account.commission": ACCOUNT_ENDPOINTS["GET /api/v3/account/commission"],
}
Scalar = str | int | float | bool | None


class StreamCommand(msgspec.Struct):
    """What a market-stream client may say."""

    method: str
    id: int | str | None = None
    params: list[Scalar] = []


class ApiCommand(msgspec.Struct):
    """What a client of the WebSocket API may say."""

    method: str
    id: int | str | None = None
    params: dict[str, object] = {}


class Sockets:
    """The handlers of every WebSocket path."""

    def __init__(self, venue: Venue, desk: Desk) -> None:
        self._venue = venue
        self._desk = desk
        self._encoder = msgspec.json.Encoder()

    async def market(self, http: web.Request) -> web.StreamResponse:
        """Serve `/ws`, `/ws/NAMES`, `/stream` and `/stream?streams=NAMES`."""
        combined = http.path.startswith("/stream")
        listed = http.query.get("streams", "") if combined else http.match_info.get("names", "")
        return await self._serve(http, [n for n in listed.split("/") if n], combined=combined, api=False)

    async def api(self, http: web.Request) -> web.StreamResponse:
        """Serve `/ws-api/v3`."""
        return await self._serve(http, [], combined=False, api=True)

    async def _serve(self, http: web.Request, names: list[str], *, combined: bool, api: bool) -> web.StreamResponse:
        fault = self._strike("connect", http.path)
        match fault:
            case Drop(hang_s=hang_s):
                await asyncio.sleep(hang_s)
                if isinstance(http.transport, asyncio.Transport):
                    http.transport.abort()
                return web.Response()
            case HttpError(status=status):
                return web.Response(status=status, text=f"{status} Error", content_type="text/html")
            case Latency():
                await asyncio.sleep(self._venue.faults.delay_s(fault))
            case _:
                pass
        socket = web.WebSocketResponse(heartbeat=60, compress=False, max_msg_size=1 << 20)
        await socket.prepare(http)
        transport = http.transport if isinstance(http.transport, asyncio.Transport) else None
        client = Client(socket, transport, self._venue.faults)
        client.combined = combined
        hub = self._venue.hub
        hub.clients.add(client)
        for name in names:
            self._listen(client, name)
        pump = asyncio.create_task(client.pump())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await (self._api_message if api else self._stream_message)(client, message.data, http.remote or "")
        finally:
            hub.leave(client)
            pump.cancel()
        return socket

    # --- market streams --------------------------------------------------------------------------------------------

    async def _stream_message(self, client: Client, text: str, address: str) -> None:
        try:
            command = msgspec.json.decode(text, type=StreamCommand)
        except msgspec.MsgspecError as error:
            client.reply(self._encoder.encode({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None}))
            return
        names = [p for p in command.params if isinstance(p, str)]
        answer: object = None
        match command.method:
            case "SUBSCRIBE":
                for name in names:
                    self._listen(client, name)
            case "UNSUBSCRIBE":
                for name in names:
                    self._venue.hub.unsubscribe(client, name)
            case "LIST_SUBSCRIPTIONS":
                answer = sorted(client.topics)
            case "SET_PROPERTY":
                client.combined = command.params[-1] is True
                for name in list(client.topics):
                    self._listen(client, name)
            case "GET_PROPERTY":
                answer = client.combined
            case unknown:
                problem = f"Invalid request: unknown variant `{unknown}`"
                client.reply(self._encoder.encode({"error": {"code": 2, "msg": problem}, "id": command.id}))
                return
        client.reply(self._encoder.encode({"result": answer, "id": command.id}))

    def _listen(self, client: Client, name: str) -> None:
        """Subscribe to a market stream, or to a private one by its listen key; unknown names stay silent."""
        wrap = (b'{"stream":"' + name.encode() + b'","data":', b"}") if client.combined else (b"", b"")
        account = self._venue.listen_keys.get(name)
        if account is not None:
            self._venue.hub.subscribe(client, USER + account.key, wrap=wrap)
            return
        topic = parse_topic(name)
        if topic is not None:
            self._venue.hub.subscribe(client, name, wrap=wrap)
            self._venue.broadcast.subscribed(topic)

    # --- the WebSocket API -----------------------------------------------------------------------------------------

    async def _api_message(self, client: Client, text: str, address: str) -> None:
        try:
            command = msgspec.json.decode(text, type=ApiCommand)
        except msgspec.MsgspecError:
            client.reply(
                self._encoder.encode(
                    {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON Request"}}
                )
            )
            return
        try:
            fault = self._strike("request", command.method)
            if await self._swallowed(client, fault, address):
                return
            for _ in range(fault.extra if isinstance(fault, Duplicate) else 0):
                await self._run(client, command, address)
            result = await self._run(client, command, address)
            late = self._strike("reply", command.method)
            if await self._swallowed(client, late, address):
                return
            if isinstance(late, Garble):
                result = msgspec.Raw(garbled(self._encoder.encode(result), late))
            body: dict[str, object] = {"id": command.id, "status": 200, "result": result}
        except Refusal as refusal:
            error: dict[str, object] = {"code": refusal.code, "msg": refusal.message}
            if refusal.retry_after_s is not None:
                now_ms = self._venue.clock.wall_ms()
                error["data"] = {"serverTime": now_ms, "retryAfter": now_ms + refusal.retry_after_s * 1000}
            body = {"id": command.id, "status": refusal.status, "error": error}
        used = self._venue.weights[address].used
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
        if command.params.get("returnRateLimits") is not False:
            body["rateLimits"] = [{**limit, "limit": self._venue.config.weight_limit, "count": used}]
        client.reply(self._encoder.encode(body))

    async def _run(self, client: Client, command: ApiCommand, address: str) -> object:
        params = {k: _text(v) for k, v in command.params.items()}
        method = command.method
        if method.startswith("userDataStream."):
            return self._user_stream(client, method.removeprefix("userDataStream."), params, address)
        endpoint = METHODS.get(method)
        if endpoint is None:
            raise Refusal(-1000, f"Unknown method: {method}")
        request = Request(method, endpoint, params, address, params.get("apiKey"), auth.sorted_payload(params))
        return await self._desk.handle(request)

    def _user_stream(self, client: Client, action: str, params: dict[str, str], address: str) -> object:
        """Subscribe this connection to the account that signed, or stop."""
        venue = self._venue
        now = venue.clock.wall_ms()
        venue.charge(address, 2, f"userDataStream.{action}")
        if action == "unsubscribe":
            for name in [n for n in client.topics if n.startswith(USER)]:
                venue.hub.unsubscribe(client, name)
            return {}
        if action != "subscribe.signature":
            raise refusals.Refusal(-1000, "This method needs a session; use userDataStream.subscribe.signature.")
        account = auth.account_of(venue.accounts, params.get("apiKey"))
        window = auth.window_of(params)
        auth.check_signature(account, auth.sorted_payload(params), params.get("signature"))
        window.check(now)
        number = sum(1 for n in client.topics if n.startswith(USER))
        wrap = (b'{"subscriptionId":%d,"event":' % number, b"}")
        venue.hub.subscribe(client, USER + account.key, wrap=wrap)
        return {"subscriptionId": number}

    async def _swallowed(self, client: Client, fault: Fault | None, address: str) -> bool:
        """Play a fault of the WebSocket API; True when the message is lost by it. Raises Refusal as its answer."""
        match fault:
            case Latency():
                await asyncio.sleep(self._venue.faults.delay_s(fault))
                return False
            case None | Duplicate() | Garble():
                return False
            case VenueError(code=code, message=message, status=status):
                raise Refusal(code, message, status=status)
            case RateLimited(status=status, retry_after_s=seconds):
                self._venue.limit(address, fault)
                raise Refusal(-1003, "Too many requests queued.", status=status, retry_after_s=seconds)
            case Drop(hang_s=hang_s) if hang_s > 0:
                return True
            case _:
                client.cut()
                return True

    def _strike(self, where: Where, subject: str) -> Fault | None:
        fault = self._venue.faults.strike(where, subject)
        if fault is not None:
            self._venue.journal.write(Injected(f"{where} {subject}", str(fault), self._venue.clock.wall_ms()))
        return fault


def _text(value: object) -> str:
    """Return a JSON value as it was signed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
