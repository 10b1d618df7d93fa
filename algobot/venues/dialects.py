"""What ccxt's unified calls lack, or do beyond what was asked, venue by venue.

- OKX: one order goes to the endpoint of one order, and its `expTime` into the header.
- Bybit: `recvWindow` counts for the one request instead of for all.
- Hyperliquid: `expiresAfter` is signed with the order; no builder fee is approved and no referrer set in our name.
- Kraken and Bybit have no query of one order by our id, Deribit none that tells it: there it is looked for in lists.
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


class Dialect(msgspec.Struct, frozen=True):
    """What is special about one venue."""

    options: Mapping[str, Any] = {}
    arrange: Callable[[Any], None] | None = None  # changes an exchange just built
    looks: tuple[Look, ...] = ()  # () where `fetch_order` takes our id
    own_id: str = ""  # the field of the raw order that carries our id, where ccxt does not read it
    cancel_param: str = "clientOrderId"  # "" where a cancel needs the venue's id
    market_needs_price: bool = False  # from which ccxt makes the limit of a market order


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


_OKX: Final = Dialect(options={"createOrder": "privatePostTradeOrder", "tgtCcy": "base_ccy"}, arrange=_okx)
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
    ),
    "kraken": Dialect(looks=tuple(Look(method, "clientOrderId") for method in _LISTS)),
    "hyperliquid": Dialect(
        options={"builderFee": False, "approvedBuilderFee": False},
        arrange=_hyperliquid,
        market_needs_price=True,
    ),
    "deribit": Dialect(looks=tuple(Look(method) for method in _LISTS), own_id="label", cancel_param=""),
}


def dialect_of(adapter: str) -> Dialect:
    """Return what is special about the venue with ccxt id `adapter`."""
    return DIALECTS.get(adapter, PLAIN)
