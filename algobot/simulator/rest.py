"""REST: reads a request off the wire, hands it to the desk, and writes the answer, or what a fault makes of it."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from algobot.simulator import auth
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
    PartialBody,
    RateLimited,
    VenueError,
    Where,
)
from algobot.simulator.garble import garbled
from algobot.simulator.journal import Injected
from algobot.simulator.market_api import MARKET_ENDPOINTS
from algobot.simulator.refusals import Refusal
from algobot.simulator.venue import Venue

ENDPOINTS: Final[dict[str, Endpoint]] = {**MARKET_ENDPOINTS, **ACCOUNT_ENDPOINTS}
HTML: Final = (
    "<html>\r\n<head><title>{0} Error</title></head>\r\n<body><center><h1>{0} Error</h1></center></body>\r\n</html>"
)


class Rest:
    """The handler of every REST path."""

    def __init__(self, venue: Venue, desk: Desk) -> None:
        self._venue = venue
        self._desk = desk
        self._encoder = msgspec.json.Encoder()

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Answer one REST request."""
        subject = f"{http.method} {http.path}"
        fault = self._strike("request", subject)
        if fault is not None:
            early = await self._play(http, fault, b"")
            if early is not None:
                return early
            for _ in range(fault.extra if isinstance(fault, Duplicate) else 0):
                await self._answer(http, subject)
        response = await self._answer(http, subject)
        fault = self._strike("reply", subject)
        if fault is not None:
            late = await self._play(http, fault, response.body if isinstance(response.body, bytes) else b"")
            if late is not None:
                return late
        return response

    async def _answer(self, http: web.Request, subject: str) -> web.Response:
        endpoint = ENDPOINTS.get(subject)
        if endpoint is None:
            return web.Response(status=404, text=HTML.format(404), content_type="text/html")
        query = http.raw_path.partition("?")[2]
        body = (await http.read()).decode("utf-8", "replace")
        params = dict(parse_qsl(query, keep_blank_values=True)) | dict(parse_qsl(body, keep_blank_values=True))
        address = http.remote or ""
        request = Request(
            subject,
            endpoint,
            params,
            address,
            http.headers.get("X-MBX-APIKEY"),
            auth.unsigned(query) + auth.unsigned(body),
        )
        try:
            answer = await self._desk.handle(request)
        except Refusal as refusal:
            return self._refuse(refusal, request)
        return web.Response(
            body=self._encoder.encode(answer), content_type="application/json", headers=self._used(request)
        )

    def _refuse(self, refusal: Refusal, request: Request) -> web.Response:
        headers = self._used(request)
        if refusal.retry_after_s is not None:
            headers["Retry-After"] = str(refusal.retry_after_s)
        body = self._encoder.encode({"code": refusal.code, "msg": refusal.message})
        return web.Response(status=refusal.status, body=body, content_type="application/json", headers=headers)

    def _used(self, request: Request) -> dict[str, str]:
        """Return the headers that tell a client what it has used."""
        used = str(self._venue.weights[request.address].used)
        headers = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if request.endpoint.places and request.key in self._venue.accounts:
            budget = self._venue.order_budgets[request.key]
            headers["X-MBX-ORDER-COUNT-10S"] = str(budget.count(self._venue.clock.wall_ms()))
            headers["X-MBX-ORDER-COUNT-1D"] = str(budget.day)
        return headers

    def _strike(self, where: Where, subject: str) -> Fault | None:
        fault = self._venue.faults.strike(where, subject)
        if fault is not None:
            self._venue.journal.write(Injected(f"{where} {subject}", str(fault), self._venue.clock.wall_ms()))
        return fault

    async def _play(self, http: web.Request, fault: Fault, body: bytes) -> web.StreamResponse | None:
        """Return the answer a fault gives in place of the right one; None lets that go out."""
        match fault:
            case Latency():
                await asyncio.sleep(self._venue.faults.delay_s(fault))
                return None
            case Drop(hang_s=hang_s):
                await asyncio.sleep(hang_s)
                _reset(http)
                return web.Response()
            case HttpError(status=status):
                return web.Response(status=status, text=HTML.format(status), content_type="text/html")
            case RateLimited(status=status, retry_after_s=seconds):
                self._venue.limit(http.remote or "", fault)
                text = '{"code":-1003,"msg":"Too many requests queued."}'
                headers = {"Retry-After": str(seconds)}
                return web.Response(status=status, text=text, content_type="application/json", headers=headers)
            case VenueError(code=code, message=message, status=status):
                encoded = self._encoder.encode({"code": code, "msg": message})
                return web.Response(status=status, body=encoded, content_type="application/json")
            case PartialBody(size=size, valid=True):
                return web.Response(body=body[:size], content_type="application/json")
            case PartialBody(size=size):
                return await _torn(http, body, size)
            case Garble():
                return web.Response(body=garbled(body, fault), content_type="application/json")
            case _:
                return None


async def _torn(http: web.Request, body: bytes, size: int) -> web.StreamResponse:
    """Promise the whole body, send a part of it, and go."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(http)
    await response.write(body[:size])
    if http.transport is not None:
        http.transport.close()
    return response


def _reset(http: web.Request) -> None:
    """Break the connection without an answer."""
    if isinstance(http.transport, asyncio.Transport):
        http.transport.abort()
