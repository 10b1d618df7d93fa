"""The front desk: every request, from REST or WebSocket, passes here in the same order of checks.

weight → key → signature → validity window → (on the way to the book: delay, window again) → the endpoint.
"""

from __future__ import annotations

import asyncio

import msgspec

from algobot.simulator import auth
from algobot.simulator.accounts import Account
from algobot.simulator.endpoint import Answer, Call, Endpoint
from algobot.simulator.faults import Empty, Fault, Lag, Latency, NoEffect, VenueError
from algobot.simulator.journal import Injected, Refused
from algobot.simulator.refusals import Refusal
from algobot.simulator.streams import USER
from algobot.simulator.venue import Venue


class Request(msgspec.Struct, frozen=True):
    """One request as it came in. `payload` is exactly what was to be signed."""

    subject: str  # "POST /api/v3/order" or "order.place"
    endpoint: Endpoint
    params: dict[str, str]
    address: str
    key: str | None = None
    payload: str = ""


class Desk:
    """Checks a request and lets its endpoint answer."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def handle(self, request: Request) -> Answer:
        """Return the answer. Raises Refusal; a refused signed request is in the journal."""
        venue, endpoint = self._venue, request.endpoint
        account: Account | None = None
        try:
            venue.charge(request.address, endpoint.weight, request.subject)
            if endpoint.security == "none":
                return endpoint.run(venue, Call(request.params))
            account = auth.account_of(venue.accounts, request.key)
            if endpoint.security == "key":
                return endpoint.run(venue, Call(request.params, account))
            window = auth.window_of(request.params)
            auth.check_signature(account, request.payload, request.params.get("signature"))
            window.check(venue.clock.wall_ms())
            fault = await self._reach_engine(request)
            if endpoint.engine:
                window.check(venue.clock.wall_ms())
            if endpoint.places:
                venue.order_budgets[account.key].charge(venue.clock.wall_ms())
            answer = self._run(endpoint, Call(request.params, account), fault)
        except Refusal as refusal:
            self._record(request, account, refusal)
            raise
        if endpoint.engine:
            await venue.hub.drained(USER + account.key)
        return answer

    def _run(self, endpoint: Endpoint, call: Call, fault: Fault | None) -> Answer:
        """Let the endpoint answer, as far as a fault lets it see and do."""
        match fault:
            case Lag(seconds=seconds):
                then_ms = self._venue.clock.wall_ms() - int(seconds * 1000)
                return endpoint.run(self._venue, msgspec.structs.replace(call, as_of_ms=then_ms))
            case NoEffect():
                return endpoint.run(self._venue, msgspec.structs.replace(call, inert=True))
            case Empty():
                answer = endpoint.run(self._venue, call)
                return [] if isinstance(answer, list) else answer
            case _:
                return endpoint.run(self._venue, call)

    async def _reach_engine(self, request: Request) -> Fault | None:
        """Play the faults between the door and the book; returns the one that is to strike there."""
        fault = self._venue.faults.strike("engine", request.subject)
        if fault is None:
            return None
        self._venue.journal.write(Injected(f"engine {request.subject}", str(fault), self._venue.clock.wall_ms()))
        match fault:
            case Latency():
                await asyncio.sleep(self._venue.faults.delay_s(fault))
            case VenueError(code=code, message=message, status=status):
                raise Refusal(code, message, status=status)
            case _:
                pass
        return fault

    def _record(self, request: Request, account: Account | None, refusal: Refusal) -> None:
        if request.endpoint.security != "signed":
            return
        client_id = request.params.get("newClientOrderId") or request.params.get("origClientOrderId") or ""
        name = account.name if account else ""
        ms = self._venue.clock.wall_ms()
        self._venue.journal.write(Refused(name, request.subject, client_id, refusal.code, refusal.message, ms))
