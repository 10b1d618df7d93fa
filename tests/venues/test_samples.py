"""What each venue was seen or is documented to say, through the real ccxt client of that venue, and what it proves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from traceback import format_exception

import anyio
import msgspec
import pytest

from algobot.errors import (
    VenueAuthFailed,
    VenueError,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
)
from algobot.model import SECOND_NS, ClientOrderId, NewOrder, OrderType, Side, Symbol, VenueOrderId
from algobot.venues.ccxt_account import CcxtAccount
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.classify import Action, Reply, judge
from tests.venues.canned import Canned, a_market, canned, keys_for

SAMPLES = Path(__file__).parent / "samples"
OURS = ClientOrderId("abm-x1-b2-7")
EXPECTED: dict[str, type[VenueError]] = {
    "refused": VenueRejected,
    "auth": VenueAuthFailed,
    "rate": VenueRateLimited,
    "not_found": VenueOrderNotFound,
    "unknown": VenueTimeout,
    "unavailable": VenueUnavailable,
}


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to one call."""

    name: str
    action: str
    status: int
    body: str
    expect: str
    kind: str
    known_from: str
    headers: dict[str, str] = {}


def samples_of(adapter: str) -> list[Sample]:
    """Return what is recorded of one venue."""
    return msgspec.json.decode((SAMPLES / f"{adapter}.json").read_bytes(), type=list[Sample])


ADAPTERS = sorted(path.stem for path in SAMPLES.glob("*.json"))
ACTIONS = ("submit", "cancel", "fetch_order", "balances")
PATHS = {  # words in the request that each of ACTIONS ends in
    "binance": ("/api/v3/order", "/api/v3/order", "/api/v3/order", "/api/v3/account"),
    "binanceusdm": ("/order", "/order", "/order", "/account"),
    "bybit": ("/order/create", "/order/cancel", "/v5/order/", "/wallet-balance"),
    "okx": ("/trade/order", "/trade/cancel-order", "/trade/order", "/account/balance"),
    "kraken": ("/AddOrder", "/CancelOrder", "Orders", "/BalanceEx"),
    "hyperliquid": ("/exchange", "/exchange", "/info orderStatus", "/info spotClearinghouseState"),
    "deribit": ("/private/buy", "/private/cancel", "_by_instrument", "/get_account_summar"),
}


def path_of(adapter: str, action: str) -> str:
    """Return the words by which a request of `action` is known."""
    return PATHS[adapter][ACTIONS.index(action)]


def an_order(adapter: str) -> NewOrder:
    """Return an order of ours for the venue's one market."""
    return NewOrder(
        client_order_id=OURS,
        symbol=Symbol(a_market(adapter)["symbol"]),
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.01"),
        limit_price=Decimal(15_000),
    )


async def act(adapter: str, account: CcxtAccount, client: CcxtClient, action: str) -> object:
    """Do the action: through the account, or with the requests that Binance's own account makes."""
    order = an_order(adapter)
    if adapter.startswith("binance") and action != "balances":
        kind = {"submit": Action.SUBMIT, "cancel": Action.CANCEL, "fetch_order": Action.READ}[action]
        verb = {"submit": "post", "cancel": "delete", "fetch_order": "get"}[action]
        family = "private" if adapter == "binance" else "fapiprivate"
        return await client.call(kind, dict[str, object], f"{family}_{verb}_order", {"symbol": "BTCUSDT"})
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "submit": lambda: account.submit(order, valid_ns=4 * SECOND_NS),
        "cancel": lambda: account.cancel(order.symbol, OURS, VenueOrderId("42")),
        "fetch_order": lambda: account.fetch_order(order.symbol, OURS),
        "balances": account.balances,
    }
    return await calls[action]()


async def check(adapter: str, venue: Canned, account: CcxtAccount, client: CcxtClient, sample: Sample) -> None:
    """Let the venue say the sample and see what comes of it."""
    venue.forget()
    venue.say(path_of(adapter, sample.action), sample.body, sample.status, **sample.headers)
    with anyio.fail_after(10), pytest.raises(VenueError) as caught:
        await act(adapter, account, client, sample.action)
    told = f"{adapter}, {sample.name}: {caught.value!r} {caught.value}"
    assert type(caught.value) is EXPECTED[sample.expect], told
    shown = f"{caught.value.message} {caught.value.hint} {''.join(format_exception(caught.value))}"
    assert not [part for part in keys_for(adapter).hidden if part in shown], f"{adapter}, {sample.name}: a key is shown"
    if isinstance(caught.value, VenueRejected):
        assert caught.value.kind == sample.kind, told
    if retry_after := sample.headers.get("Retry-After"):
        assert isinstance(caught.value, VenueRateLimited)
        assert caught.value.retry_after_ns == int(retry_after) * SECOND_NS, told
    if sample.expect != "not_found" or sample.action == "cancel":
        reply = Reply(sample.status, sample.body)
        assert judge(adapter, reply).kind.value == sample.kind, told


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_every_recorded_answer_proves_what_it_proves(adapter: str) -> None:
    """From the bytes on the wire, through ccxt's own error handling, to the error our caller sees."""
    async with canned(adapter) as (venue, account):
        for sample in samples_of(adapter):
            await check(adapter, venue, account, account.client, sample)


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_no_answer_at_all_leaves_the_order_unknown(adapter: str) -> None:
    """The connection was reset: before, while or after the venue read the order, nobody knows."""
    async with canned(adapter) as (venue, account):
        for action, expected in (
            ("submit", VenueTimeout),
            ("cancel", VenueTimeout),
            ("fetch_order", VenueUnavailable),
            ("balances", VenueUnavailable),
        ):
            venue.forget()
            venue.say(path_of(adapter, action), None)
            with anyio.fail_after(10), pytest.raises(expected):
                await act(adapter, account, account.client, action)
            assert len(venue.heard) == 1, "a broken connection is no reason to send again: Deribit's orders are GETs"


def test_every_kind_is_seen_somewhere() -> None:
    """A kind that no sample shows is a word without a meaning."""
    seen = {sample.kind for adapter in ADAPTERS for sample in samples_of(adapter)}
    assert {"funds", "rules", "price", "post_only", "reduce_only", "duplicate", "no_order", "ended", "auth"} <= seen
    assert {"permission", "rate", "ban", "clock", "maintenance", "closed", "restricted", "too_many", "unknown"} <= seen
