"""The unified account, on the protocol we can make misbehave."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import anyio
import pytest

from algobot.errors import VenueAuthFailed, VenueRejected, VenueTimeout
from algobot.model import ClientOrderId, OrderStatus, OrderType
from algobot.simulator.config import AccountSpec, SimConfig
from algobot.simulator.server import Simulator
from algobot.venues import ccxt_wire as wire
from algobot.venues.ccxt_account import CcxtAccount
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.keys import Keys
from algobot.venues.port import Balance
from tests.venues.contract import BTC, WINDOW, an_order
from tests.venues.stages import SUBMIT, on_simulator

FAULTS: list[dict[str, object]] = [
    {"type": "http_error", "status": 502},
    {"type": "partial_body", "size": 25},
    {"type": "partial_body", "size": 25, "valid": True},
    {"type": "partial_body", "size": 0, "valid": True},
    {"type": "venue_error", "code": -1007, "message": "Timeout waiting for response from backend server."},
]


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_an_accepted_order_is_never_called_refused(fault: dict[str, object]) -> None:
    """ccxt raises nothing on a cut answer: it hands out an order without an id."""
    async with on_simulator("ccxt") as stage:
        await stage.tell("faults", {"where": "reply", "match": SUBMIT, "fault": fault})
        with anyio.fail_after(20), pytest.raises(VenueTimeout):
            await stage.account.submit(an_order("x-1"), valid_ns=WINDOW)
        assert (await stage.account.fetch_order(BTC, ClientOrderId("x-1"))).quantity == Decimal("0.01")


@pytest.mark.anyio
async def test_what_ccxt_would_round_is_refused_before_it_is_sent() -> None:
    """It would truncate the amount and bend the price without a word."""
    async with on_simulator("ccxt") as stage:
        for order in (an_order("x-1", "0.010001"), an_order("x-2", price="15000.001")):
            with pytest.raises(VenueRejected, match="nothing was sent"):
                await stage.account.submit(order, valid_ns=WINDOW)
        assert await stage.account.open_orders() == []


@pytest.mark.anyio
async def test_a_wrong_key_is_told_when_opening() -> None:
    """It needs a person, not patience."""
    spec = AccountSpec(key="k", secret="s")
    async with Simulator(SimConfig(speed=0.0, accounts=(spec,))) as sim:
        account = CcxtAccount(CcxtClient("binance", keys=Keys("other", "s"), base_url=sim.url))
        with pytest.raises(VenueAuthFailed):
            await account.open()
        await account.close()


def test_a_float_of_ccxts_becomes_the_decimal_that_was_meant() -> None:
    """The shortest one that reads back as it."""
    assert wire.exact(0.1) == Decimal("0.1")
    assert wire.exact(1e-08) == Decimal("0.00000001")
    assert wire.exact("0.10") == Decimal("0.1")
    assert wire.exact(None) == 0


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("open", 0.0, OrderStatus.OPEN),
        (None, None, OrderStatus.OPEN),
        ("open", 0.4, OrderStatus.PARTIAL),
        ("closed", 1.0, OrderStatus.FILLED),
        ("canceled", 0.4, OrderStatus.CANCELED),
        ("expired", 0.0, OrderStatus.EXPIRED),
        ("rejected", 0.0, OrderStatus.REJECTED),
    ],
)
def test_a_unified_status_is_ours(status: str | None, filled: float | None, expected: OrderStatus) -> None:
    """A venue that answers a submit without a status has taken it."""
    raw = wire.UnifiedOrder("1", "BTC/USDT", "buy", 1.0, "limit", status, filled, 10.0)
    order = wire.to_order(raw)
    assert (order.status, order.type, order.limit_price) == (expected, OrderType.LIMIT, Decimal(10))


def test_steps_are_read_in_the_venues_precision_mode() -> None:
    """Decimal places or the step itself; in significant digits there is no step, so it cannot be traded."""
    market = {
        "symbol": "BTC/USDT", "id": "XBTUSDT", "base": "BTC", "quote": "USDT", "spot": True, "active": True,
        "precision": {"price": 2, "amount": 5}, "limits": {"amount": {"min": 0.001}, "cost": {"min": 5}},
        "maker": 0.0, "taker": None,
    }  # fmt: skip
    places = wire.to_instruments(SimpleNamespace(markets={"x": market}, precisionMode=2))[BTC]
    assert (places.tick, places.lot, places.min_notional) == (Decimal("0.01"), Decimal("0.00001"), Decimal(5))
    assert (places.maker_fee, places.taker_fee) == (Decimal(0), Decimal("0.001"))
    stepped = market | {"precision": {"price": 0.5, "amount": 1e-8}}
    steps = wire.to_instruments(SimpleNamespace(markets={"x": stepped}, precisionMode=4))[BTC]
    assert (steps.tick, steps.lot) == (Decimal("0.5"), Decimal("0.00000001"))
    assert wire.to_instruments(SimpleNamespace(markets={"x": market}, precisionMode=3)) == {}


def test_empty_currencies_are_no_balance() -> None:
    """Venues list thousands of them."""
    raw = {"free": {"BTC": 0.5, "XYZ": 0.0}, "used": {"BTC": 0.25, "USDT": 3}, "total": {}}
    assert wire.to_balances(raw) == {
        "BTC": Balance(Decimal("0.5"), Decimal("0.25")),
        "USDT": Balance(Decimal(0), Decimal(3)),
    }
