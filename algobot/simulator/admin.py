"""`/sim/...`: look inside, move time and prices, place strangers' orders, inject faults. No part of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Literal, TypeVar

import msgspec
from aiohttp import web

from algobot.errors import AlgobotError
from algobot.simulator.config import AccountSpec
from algobot.simulator.endpoint import Call
from algobot.simulator.exchange import MarketStatus
from algobot.simulator.faults import Rule
from algobot.simulator.order_form import read_order
from algobot.simulator.refusals import Refusal, bad_symbol
from algobot.simulator.units import to_units
from algobot.simulator.venue import Venue, account_rows
from algobot.simulator.wire import order_status

Body = TypeVar("Body")
Result = TypeVar("Result")


class MovePrice(msgspec.Struct, forbid_unknown_fields=True):
    """Move a price now; with `hold` it stays there until moved without. Without a price it follows the bars again."""

    symbol: str
    price: float | None = None
    hold: bool = False


class SetMarket(msgspec.Struct, forbid_unknown_fields=True):
    """Stop trading in a market, delist it (its orders end, its name is unknown), or open it again."""

    symbol: str
    status: MarketStatus


class Maintain(msgspec.Struct, forbid_unknown_fields=True):
    """Close the venue for so long."""

    seconds: float


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Put market time forward by so many base bars or milliseconds."""

    bars: int = 0
    ms: int = 0


class SetClock(msgspec.Struct, forbid_unknown_fields=True):
    """Change how fast market time runs, or how wrong the venue's wall clock is and goes."""

    speed: float | None = None
    skew_ms: int | None = None
    drift_ppm: float | None = None  # 1000 is a millisecond a second


class Disturb(msgspec.Struct, forbid_unknown_fields=True):
    """Do this now to every connection that hears a stream like `match` (private ones are `user:KEY`)."""

    act: Literal["cut", "silence"]
    match: str = "*"
    seconds: float = 0.0  # of silence; 0 is for good
    mid_frame: bool = False  # cut in the middle of one


class PlaceOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order in the venue's own parameters, placed for an account as if by its owner elsewhere."""

    account: str  # its key
    params: dict[str, str]


class Deposit(msgspec.Struct, forbid_unknown_fields=True):
    """Money from outside."""

    account: str
    asset: str
    amount: str


class Admin:
    """The handlers of `/sim/...`."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/sim/state", self.state),
            web.get("/sim/faults", self.list_faults),
            web.post("/sim/faults", self.add_fault),
            web.delete("/sim/faults", self.clear_faults),
            web.post("/sim/price", self.move_price),
            web.post("/sim/advance", self.advance),
            web.post("/sim/clock", self.set_clock),
            web.post("/sim/market", self.set_market),
            web.post("/sim/maintenance", self.maintain),
            web.get("/sim/connections", self.connections),
            web.post("/sim/connections", self.disturb),
            web.post("/sim/orders", self.place_order),
            web.post("/sim/accounts", self.add_account),
            web.post("/sim/deposit", self.deposit),
        ]

    async def state(self, http: web.Request) -> web.Response:
        """Show where the venue stands."""
        venue = self._venue
        markets = {
            symbol: {
                "last": tape.market.rules.price_text(tape.market.last_price),
                "bars": len(tape.klines.base),
                "until_ms": tape.klines.until_ms,
                "done": tape.done,
            }
            for symbol, tape in venue.tapes.items()
        }
        body = {
            "done": venue.done,
            "market_ms": venue.clock.market_ms(),
            "start_ms": venue.start_ms,
            "end_ms": venue.end_ms,
            "speed": venue.clock.speed,
            "wall_ms": venue.clock.wall_ms(),
            "clients": len(venue.hub.clients),
            "log": str(venue.journal.path or ""),
            "markets": markets,
            "accounts": dict(account_rows(venue)),
        }
        return _json(body)

    async def list_faults(self, http: web.Request) -> web.Response:
        """Show the fault rules in force."""
        return _json(self._venue.faults.rules())

    async def add_fault(self, http: web.Request) -> web.Response:
        """Put a fault rule in force."""
        rule = await _read(http, Rule)
        return _json({"id": self._guard(lambda: self._venue.faults.add(rule))})

    async def clear_faults(self, http: web.Request) -> web.Response:
        """Lift one rule (`?id=`), or all."""
        text = http.query.get("id", "")
        return _json({"lifted": self._venue.faults.remove(int(text) if text.isdigit() else None)})

    async def move_price(self, http: web.Request) -> web.Response:
        """Move a price now."""
        order = await _read(http, MovePrice)
        tape = self._venue.tapes.get(order.symbol)
        if tape is None:
            raise _bad(str(bad_symbol()))
        if order.price is None:
            tape.release()
        elif order.price > 0:
            tape.jump(tape.market.rules.ticks_of(order.price), self._venue.clock.wall_ms(), hold=order.hold)
        else:
            raise _bad(f"price={order.price} is not above zero")
        self._venue.broadcast.flush()
        return _json({"last": tape.market.rules.price_text(tape.market.last_price)})

    async def advance(self, http: web.Request) -> web.Response:
        """Put market time forward."""
        order = await _read(http, Advance)
        base_ms = min(t.klines.base_ms for t in self._venue.tapes.values())
        for _ in range(order.bars):
            self._venue.clock.advance(base_ms)
            self._venue.advance()
        self._venue.clock.advance(order.ms)
        self._venue.advance()
        return _json({"market_ms": self._venue.clock.market_ms(), "done": self._venue.done})

    async def set_clock(self, http: web.Request) -> web.Response:
        """Change the speed of market time or the skew of the wall clock."""
        order = await _read(http, SetClock)
        if order.speed is not None:
            self._venue.clock.set_speed(order.speed)
        self._venue.clock.set_wall(skew_ms=order.skew_ms, drift_ppm=order.drift_ppm)
        return _json({"speed": self._venue.clock.speed, "skew_ms": self._venue.clock.skew_ms})

    async def set_market(self, http: web.Request) -> web.Response:
        """Open, stop or delist a market."""
        order = await _read(http, SetMarket)
        try:
            self._venue.set_status(order.symbol, order.status)
        except Refusal as refusal:
            raise _bad(str(refusal)) from None
        return _json({"symbol": order.symbol, "status": order.status})

    async def maintain(self, http: web.Request) -> web.Response:
        """Close the venue for a while."""
        order = await _read(http, Maintain)
        self._venue.maintain(order.seconds)
        return _json({"seconds": order.seconds})

    async def connections(self, http: web.Request) -> web.Response:
        """Show what each connection hears and how much it was sent."""
        return _json([{"streams": sorted(c.topics), "sent": c.sent} for c in self._venue.hub.clients])

    async def disturb(self, http: web.Request) -> web.Response:
        """Cut or silence connections now."""
        order = await _read(http, Disturb)
        struck = [c for c in self._venue.hub.clients if any(fnmatchcase(n, order.match) for n in c.topics)]
        for client in struck:
            if order.act == "cut":
                client.cut(mid_frame=order.mid_frame)
            else:
                client.silence(order.seconds)
        return _json({"connections": len(struck)})

    async def place_order(self, http: web.Request) -> web.Response:
        """Place an order for an account behind its owner's back."""
        order = await _read(http, PlaceOrder)
        venue = self._venue
        account = venue.accounts.get(order.account)
        if account is None:
            raise _bad(f"account={order.account} is unknown")
        call = Call(order.params, account)
        try:
            market = call.market(venue)
            placed = venue.exchange.place(account, market, read_order(call, market), venue.clock.wall_ms())
        except Refusal as refusal:
            raise _bad(str(refusal)) from None
        return _json(order_status(placed))

    async def add_account(self, http: web.Request) -> web.Response:
        """Open another account."""
        spec = await _read(http, AccountSpec)
        if spec.key in self._venue.accounts:
            raise _bad(f"account={spec.key} exists")
        self._guard(lambda: self._venue.add_account(spec))
        return _json({"account": spec.name or spec.key})

    async def deposit(self, http: web.Request) -> web.Response:
        """Give an account money."""
        order = await _read(http, Deposit)
        account = self._venue.accounts.get(order.account)
        try:
            units = to_units(order.amount)
        except (ValueError, ArithmeticError):
            units = 0
        if account is None or units <= 0:
            raise _bad(f"account={order.account} amount={order.amount}: no such account, or no amount above zero")
        self._venue.fund(account, order.asset.upper(), units)
        self._venue.broadcast.deposited(account, order.asset.upper(), units)
        return _json({})

    def _guard(self, act: Callable[[], Result]) -> Result:
        """Turn a user's mistake into a 400 that says so."""
        try:
            return act()
        except AlgobotError as error:
            raise _bad(error.message) from None


async def _read(http: web.Request, kind: type[Body]) -> Body:
    """Return the request's body as `kind`, or raise a 400 that names the field."""
    try:
        return msgspec.json.decode(await http.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise _bad(str(error)) from None


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


def _bad(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=msgspec.json.encode({"error": message}).decode(), content_type="application/json")
