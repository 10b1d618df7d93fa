"""Reads the parameters of a new order: which are needed, which are not, what each may hold."""

from __future__ import annotations

import re
import secrets
from typing import Final

from algobot.simulator import refusals
from algobot.simulator.endpoint import Call
from algobot.simulator.exchange import Market
from algobot.simulator.orders import STOP_TYPES, OrderRequest
from algobot.simulator.rules import ORDER_TYPES

CLIENT_ID: Final = r"^[a-zA-Z0-9-_]{1,36}$"
_CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
SIDES: Final = {"BUY": 1, "SELL": -1}
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")


def read_order(call: Call, market: Market) -> OrderRequest:
    """Return the order a request asks for. Raises Refusal."""
    side = SIDES.get(call.text("side"))
    if side is None:
        raise refusals.Refusal(-1117, "Invalid side.")
    kind = call.text("type")
    if kind not in ORDER_TYPES:
        raise refusals.Refusal(-1116, "Invalid orderType.")
    client_id = read_client_id(call, "newClientOrderId")
    if kind == "MARKET":
        return _market_order(call, market, side, client_id)
    rules = market.rules
    price = rules.parse_price("price", call.text("price"))
    lots = rules.parse_lots(call.text("quantity"), market=False)
    tif = "GTC"
    if kind == "LIMIT_MAKER":
        if call.params.get("timeInForce"):
            raise refusals.not_required("timeInForce")
    else:
        tif = call.text("timeInForce")
        if tif not in TIMES_IN_FORCE:
            raise refusals.Refusal(-1115, "Invalid timeInForce.")
    stop = 0
    if kind in STOP_TYPES:
        stop = rules.parse_price("stopPrice", call.text("stopPrice"))
        _check_trigger(kind, side, stop, market.last_price)
    elif call.params.get("stopPrice"):
        raise refusals.not_required("stopPrice")
    return OrderRequest(client_id, side, kind, tif, price, lots, 0, stop)


def read_client_id(call: Call, name: str) -> str:
    """Return a client's id for an order or a cancel, a fresh one when there is none. Raises Refusal."""
    given = call.params.get(name, "")
    if not given:
        return secrets.token_hex(11)
    if not _CLIENT_ID.fullmatch(given):
        raise refusals.illegal(name, CLIENT_ID)
    return given


def _market_order(call: Call, market: Market, side: int, client_id: str) -> OrderRequest:
    for name in ("timeInForce", "price", "stopPrice"):
        if call.params.get(name):
            raise refusals.not_required(name)
    by_value = call.params.get("quoteOrderQty", "")
    if by_value and call.params.get("quantity"):
        raise refusals.Refusal(-1128, "Combination of optional parameters invalid.")
    if by_value:
        return OrderRequest(client_id, side, "MARKET", quote=market.rules.parse_quote(by_value))
    if not call.params.get("quantity"):
        raise refusals.missing_either("quantity", "quoteOrderQty")
    return OrderRequest(client_id, side, "MARKET", lots=market.rules.parse_lots(call.text("quantity"), market=True))


def _check_trigger(kind: str, side: int, stop: int, last: int) -> None:
    """Refuse a stop that has been reached already."""
    rises = (side > 0) == (kind == "STOP_LOSS_LIMIT")
    if (rises and stop <= last) or (not rises and stop >= last):
        raise refusals.rejected("Order would trigger immediately.")
