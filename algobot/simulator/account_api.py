"""The endpoints of one account: its orders, trades, balances and listen keys."""

from __future__ import annotations

import secrets
from typing import Final

from algobot.simulator import refusals, wire
from algobot.simulator.endpoint import Answer, Call, Endpoint
from algobot.simulator.exchange import Market
from algobot.simulator.order_form import read_client_id, read_order
from algobot.simulator.orders import Order
from algobot.simulator.units import UNIT, show
from algobot.simulator.venue import Venue

DAY_MS: Final = 86_400_000


def new_order(venue: Venue, call: Call) -> Answer:
    """Place an order."""
    market = call.market(venue)
    request = read_order(call, market)
    kind = call.params.get("newOrderRespType") or ("FULL" if request.type in ("MARKET", "LIMIT") else "ACK")
    order = venue.exchange.place(call.owner, market, request, venue.clock.wall_ms())
    return wire.order_ack(order, kind)


def test_order(venue: Venue, call: Call) -> Answer:
    """Read an order and do nothing with it."""
    read_order(call, call.market(venue))
    return {}


def cancel_order(venue: Venue, call: Call) -> Answer:
    """Cancel one open order."""
    market = call.market(venue)
    order = _find(venue, call, market)
    if order is None or not order.is_open:
        raise refusals.unknown_order()
    return _cancel(venue, call, market, order, read_client_id(call, "newClientOrderId"))


def cancel_all(venue: Venue, call: Call) -> Answer:
    """Cancel every open order of one symbol."""
    market = call.market(venue)
    orders = list(venue.exchange.blotter(call.owner, market).open.values())
    if not orders:
        raise refusals.unknown_order()
    return [_cancel(venue, call, market, order, secrets.token_hex(11)) for order in orders]


def query_order(venue: Venue, call: Call) -> Answer:
    """Show one order, open or not."""
    order = _find(venue, call, call.market(venue))
    seen = None if order is None else _seen(call, order)
    if seen is None:
        raise refusals.no_such_order()
    return wire.order_status(seen)


def open_orders(venue: Venue, call: Call) -> Answer:
    """Show the open orders of one symbol, or of all."""
    markets = [call.market(venue)] if call.params.get("symbol") else venue.markets.values()
    blotters = [venue.exchange.blotter(call.owner, market) for market in markets]
    if call.as_of_ms is None:
        return [wire.order_status(order) for blotter in blotters for order in blotter.open.values()]
    then = [_seen(call, order) for blotter in blotters for order in blotter.orders]
    return [wire.order_status(order) for order in then if order is not None and order.is_open]


def all_orders(venue: Venue, call: Call) -> Answer:
    """Show the orders of one symbol: from an id on, within a time, or the latest."""
    first = call.number("orderId")
    start, end = _period(call)
    limit = call.limit(500, 1000)
    seen = [_seen(call, order) for order in venue.exchange.blotter(call.owner, call.market(venue)).orders]
    found = [
        order
        for order in seen
        if order is not None
        and (first is None or order.id >= first)
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    chosen = found[-limit:] if first is None and start is None else found[:limit]
    return [wire.order_status(order) for order in chosen]


def my_trades(venue: Venue, call: Call) -> Answer:
    """Show the trades of one symbol: from an id on, of one order, within a time, or the latest."""
    first, order_id = call.number("fromId"), call.number("orderId")
    start, end = _period(call)
    if first is not None and (start is not None or end is not None):
        raise refusals.Refusal(-1128, "Combination of optional parameters invalid.")
    limit = call.limit(500, 1000)
    blotter = venue.exchange.blotter(call.owner, call.market(venue))
    found = [
        fill
        for fill in (blotter.fills if first is None else blotter.fills_from(first))
        if (order_id is None or fill.order.id == order_id)
        and (start is None or fill.ms >= start)
        and (end is None or fill.ms <= end)
        and (call.as_of_ms is None or fill.ms <= call.as_of_ms)
    ]
    chosen = found[-limit:] if first is None and start is None else found[:limit]
    return [wire.my_trade(fill) for fill in chosen]


def account(venue: Venue, call: Call) -> Answer:
    """Show balances and fees."""
    owner = call.owner if call.as_of_ms is None else call.owner.as_of(call.as_of_ms)
    return wire.account_info(owner, omit_zero=call.params.get("omitZeroBalances", "").lower() == "true")


def commission(venue: Venue, call: Call) -> Answer:
    """Show what trading one symbol costs."""
    owner = call.owner
    rates = {"maker": show(owner.maker_ppm * UNIT // 10**6), "taker": show(owner.taker_ppm * UNIT // 10**6)}
    none = {"maker": show(0), "taker": show(0), "buyer": show(0), "seller": show(0)}
    return {
        "symbol": call.market(venue).rules.symbol,
        "standardCommission": {**none, **rates},
        "taxCommission": none,
        "discount": {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB", "discount": "0"},
    }


def order_rate(venue: Venue, call: Call) -> Answer:
    """Show how many orders the account has sent lately."""
    budget = venue.order_budgets[call.owner.key]
    common = {"rateLimitType": "ORDERS"}
    now = venue.clock.wall_ms()
    return [
        {**common, "interval": "SECOND", "intervalNum": 10, "limit": budget.limit, "count": budget.count(now)},
        {**common, "interval": "DAY", "intervalNum": 1, "limit": 200_000, "count": budget.day},
    ]


def restrictions(venue: Venue, call: Call) -> Answer:
    """Show what the key may do."""
    return {
        "ipRestrict": False,
        "createTime": venue.start_ms,
        "enableReading": True,
        "enableWithdrawals": call.owner.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableSpotAndMarginTrading": True,
    }


def nothing(venue: Venue, call: Call) -> Answer:
    """Answer an empty list: what clients look up by the way and a spot venue has none of."""
    return []


def open_listen_key(venue: Venue, call: Call) -> Answer:
    """Give out a key that names this account's private stream."""
    key = secrets.token_hex(30)
    venue.listen_keys[key] = call.owner
    return {"listenKey": key}


def keep_listen_key(venue: Venue, call: Call) -> Answer:
    """Keep a listen key alive; here they do not die by themselves."""
    if venue.listen_keys.get(call.text("listenKey")) is not call.account:
        raise refusals.Refusal(-1125, "This listenKey does not exist.")
    return {}


def close_listen_key(venue: Venue, call: Call) -> Answer:
    """Forget a listen key."""
    keep_listen_key(venue, call)
    del venue.listen_keys[call.text("listenKey")]
    return {}


def _find(venue: Venue, call: Call, market: Market) -> Order | None:
    """Return the account's order by `orderId` or `origClientOrderId`. Raises Refusal when neither was sent."""
    order_id, client_id = call.number("orderId"), call.params.get("origClientOrderId", "")
    if order_id is None and not client_id:
        raise refusals.missing_either("origClientOrderId", "orderId")
    if order_id is None:
        return venue.exchange.blotter(call.owner, market).by_client.get(client_id)
    order = market.orders.get(order_id)
    if order is None or order.account is not call.account or (client_id and client_id != order.client_id):
        return None
    return order


def _seen(call: Call, order: Order) -> Order | None:
    """Return the order as the caller may see it."""
    return order if call.as_of_ms is None else order.as_of(call.as_of_ms)


def _cancel(venue: Venue, call: Call, market: Market, order: Order, cancel_id: str) -> wire.Json:
    """Cancel an order, or only say so."""
    if call.inert:
        return {**wire.order_canceled(order, cancel_id), "status": "CANCELED"}
    venue.exchange.cancel(market, order, cancel_id, venue.clock.wall_ms())
    return wire.order_canceled(order, cancel_id)


def _period(call: Call) -> tuple[int | None, int | None]:
    start, end = call.number("startTime"), call.number("endTime")
    if start is not None and end is not None and end - start > DAY_MS:
        raise refusals.Refusal(-1127, "More than 24 hours between startTime and endTime.")
    return start, end


ACCOUNT_ENDPOINTS: Final[dict[str, Endpoint]] = {
    "POST /api/v3/order": Endpoint(new_order, security="signed", engine=True, places=True),
    "POST /api/v3/order/test": Endpoint(test_order, security="signed"),
    "DELETE /api/v3/order": Endpoint(cancel_order, security="signed", engine=True),
    "DELETE /api/v3/openOrders": Endpoint(cancel_all, security="signed", engine=True),
    "GET /api/v3/order": Endpoint(query_order, weight=4, security="signed"),
    "GET /api/v3/openOrders": Endpoint(open_orders, weight=6, security="signed"),
    "GET /api/v3/allOrders": Endpoint(all_orders, weight=20, security="signed"),
    "GET /api/v3/myTrades": Endpoint(my_trades, weight=20, security="signed"),
    "GET /api/v3/account": Endpoint(account, weight=20, security="signed"),
    "GET /api/v3/account/commission": Endpoint(commission, weight=20, security="signed"),
    "GET /api/v3/rateLimit/order": Endpoint(order_rate, weight=40, security="signed"),
    "GET /sapi/v1/account/apiRestrictions": Endpoint(restrictions, security="signed"),
    "GET /sapi/v1/margin/allPairs": Endpoint(nothing, security="signed"),
    "GET /sapi/v1/margin/isolated/allPairs": Endpoint(nothing, weight=10, security="signed"),
    "GET /sapi/v1/capital/config/getall": Endpoint(nothing, weight=10, security="signed"),
    "POST /api/v3/userDataStream": Endpoint(open_listen_key, weight=2, security="key"),
    "PUT /api/v3/userDataStream": Endpoint(keep_listen_key, weight=2, security="key"),
    "DELETE /api/v3/userDataStream": Endpoint(close_listen_key, weight=2, security="key"),
}
