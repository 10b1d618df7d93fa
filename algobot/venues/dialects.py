"""What ccxt's unified calls lack, or do beyond what was asked, venue by venue.

- OKX: one order goes to the endpoint of one order, and its `expTime` into the header.
- Bybit: `recvWindow` counts for the one request instead of for all.
- Hyperliquid: `expiresAfter` is signed with the order; no builder fee is approved and no referrer set in our name.
- Kraken and Bybit have no query of one order by our id, Deribit none that tells it: there it is looked for in lists.
- Bybit and OKX show open orders by the page; Deribit's list of all of them is not in ccxt.
- Bybit, OKX and Kraken give trades newest first, Bybit of seven days at most.
- Kraken tells the time in whole seconds. For Deribit ccxt signs with our clock instead of the venue's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

Order = dict[str, Any]


class Look(msgspec.Struct, frozen=True):
    """One list in which an order may stand; an empty answer from every list means that it does not exist."""

    method: str
    param: str = ""  # the parameter that narrows the list to one client order id


class Trades(msgspec.Struct, frozen=True):
    """How a venue gives our trades by the page."""

    limit: int = 500
    newest_first: bool = False
    span_ms: int = 0  # the longest time one question may cover; 0 is any
    params: Mapping[str, Any] = {}
    by_order: bool = False  # `fetch_order_trades` asks for one order's


def no_more(rows: list[Order]) -> Order | None:
    """Return None: the first page of open orders is all of them."""
    del rows
    return None


def _bybit_more(rows: list[Order]) -> Order | None:
    cursor = str(rows[0]["info"].get("nextPageCursor") or "") if rows else ""
    return {"limit": 50, "cursor": cursor} if cursor else None


def _okx_more(rows: list[Order]) -> Order | None:
    return {"after": rows[0]["id"]} if len(rows) >= 100 else None  # ccxt sorts them: the oldest is first


class Dialect(msgspec.Struct, frozen=True):
    """What is special about one venue."""

    options: Mapping[str, Any] = {}
    arrange: Callable[[Any], None] | None = None  # changes an exchange just built
    looks: tuple[Look, ...] = ()  # () where `fetch_order` takes our id
    own_id: str = ""  # the field of the raw order that carries our id, where ccxt does not read it
    cancel_param: str = "clientOrderId"  # "" where a cancel needs the venue's id
    market_needs_price: bool = False  # from which ccxt makes the limit of a market order
    trades: Trades = Trades()
    first_open: Mapping[str, Any] = {}  # parameters of the first page of open orders
    more_open: Callable[[list[Order]], Order | None] = no_more  # those of the page after `rows`, or None
    clock_step_ms: int = 0  # what the venue's clock is cut to
    fitness: str = ""  # a method of the exchange that says what kind of account it is
    unfit: Callable[[Any], str] = str  # from its answer: why we cannot trade on that kind, or ""
    dead_man_topic: str = ""  # of the private stream whose break starts the dead-man timer


def _bybit_unfit(kinds: Any) -> str:
    """Return why a classic account cannot be traded on: there a market order to buy is sized in the quote currency."""
    return "" if kinds[1] else "this is a classic account; upgrade it to a unified one"


def own_id(dialect: Dialect, order: Order) -> str:
    """Return the venue's form of our id in one of ccxt's orders, or ""."""
    if dialect.own_id:
        return str((order.get("info") or {}).get(dialect.own_id) or "")
    return str(order.get("clientOrderId") or "")


def _okx(exchange: Any) -> None:
    sign = exchange.sign

    def sign_with_expiry(path: str, api: Any = "public", method: str = "GET", params: Any = None, *rest: Any) -> Any:
        params = {} if params is None else params
        until = params.pop("expTime", None) if isinstance(params, dict) and path == "trade/order" else None
        request = sign(path, api, method, params, *rest)
        if until is not None:
            request["headers"]["expTime"] = until
        return request

    exchange.sign = sign_with_expiry


def _bybit(exchange: Any) -> None:
    sign = exchange.sign

    def sign_with_window(path: str, api: Any = "public", method: str = "GET", params: Any = None, *rest: Any) -> Any:
        params = {} if params is None else params
        usual = exchange.options["recvWindow"]
        exchange.options["recvWindow"] = params.pop("recvWindow", usual)
        try:  # nothing waits in here, so no other request is signed meanwhile
            return sign(path, api, method, params, *rest)
        finally:
            exchange.options["recvWindow"] = usual

    exchange.sign = sign_with_window


def _hyperliquid(exchange: Any) -> None:
    make = exchange.create_orders_request

    async def nothing(*_: object) -> bool:
        return True

    def make_with_expiry(orders: list[Order], params: Order) -> Order:
        until = orders[0]["params"].pop("expiresAfter", None)  # we send one at a time
        request: Order = make(orders, params)
        if until is not None:
            vault = request.get("vaultAddress")
            request["expiresAfter"] = until
            request["signature"] = exchange.sign_l1_action(request["action"], request["nonce"], vault, until)
        return request

    exchange.create_orders_request = make_with_expiry
    exchange.handle_builder_fee_approval = nothing
    exchange.set_ref = nothing


def _deribit(exchange: Any) -> None:
    of_one_symbol = exchange.fetch_open_orders

    async def fetch_open_orders(symbol: Any = None, since: Any = None, limit: Any = None, params: Any = None) -> Any:
        if symbol is not None:
            return await of_one_symbol(symbol, since, limit, params or {})
        answer = await exchange.privateGetGetOpenOrders({"kind": "spot"})
        return exchange.parse_orders(answer["result"])

    exchange.fetch_open_orders = fetch_open_orders
    our_clock = exchange.milliseconds
    exchange.milliseconds = lambda: our_clock() - int(exchange.options.get("timeDifference") or 0)


_OKX: Final = Dialect(
    options={"createOrder": "privatePostTradeOrder", "tgtCcy": "base_ccy"},
    arrange=_okx,
    trades=Trades(limit=100, newest_first=True, by_order=True),
    more_open=_okx_more,
)
_LISTS: Final = ("fetch_open_orders", "fetch_closed_orders")
PLAIN: Final = Dialect()
DIALECTS: Final[Mapping[str, Dialect]] = {
    "okx": _OKX,
    "okxus": _OKX,
    "myokx": _OKX,
    "bybit": Dialect(
        arrange=_bybit,
        looks=(Look("fetch_open_orders", "orderLinkId"), Look("fetch_canceled_and_closed_orders", "orderLinkId")),
        cancel_param="orderLinkId",
        trades=Trades(limit=100, newest_first=True, span_ms=7 * 86_400_000 - 1, by_order=True),
        first_open={"limit": 50},
        more_open=_bybit_more,
        fitness="is_unified_enabled",
        unfit=_bybit_unfit,
        dead_man_topic="dcp.spot",
    ),
    "kraken": Dialect(
        looks=tuple(Look(method, "clientOrderId") for method in _LISTS),
        trades=Trades(limit=50, newest_first=True),
        clock_step_ms=1000,
    ),
    "hyperliquid": Dialect(
        options={"builderFee": False, "approvedBuilderFee": False},
        arrange=_hyperliquid,
        market_needs_price=True,
    ),
    "deribit": Dialect(
        arrange=_deribit,
        looks=tuple(Look(method) for method in _LISTS),
        own_id="label",
        cancel_param="",
        trades=Trades(params={"sorting": "asc"}, by_order=True),
    ),
}


def dialect_of(adapter: str) -> Dialect:
    """Return what is special about the venue with ccxt id `adapter`."""
    return DIALECTS.get(adapter, PLAIN)
