"""The shapes a client sees: REST answers and stream events of the Binance spot protocol."""

from __future__ import annotations

from collections.abc import Sequence

from algobot.simulator.accounts import PPM, Account
from algobot.simulator.candles import Candle
from algobot.simulator.exchange import SIDES, Market
from algobot.simulator.orders import STOP_TYPES, Fill, Order
from algobot.simulator.rules import Rules
from algobot.simulator.tape import Print, Tape
from algobot.simulator.units import UNIT, show, show_float

Json = dict[str, object]
DAY_MS = 86_400_000


def order_body(order: Order) -> Json:
    """What every answer about an order holds."""
    rules, request = order.rules, order.request
    body: Json = {
        "symbol": rules.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": rules.price_text(request.price),
        "origQty": rules.lots_text(order.lots),
        "executedQty": rules.lots_text(order.filled),
        "origQuoteOrderQty": show(request.quote),
        "cummulativeQuoteQty": show(order.quote_filled),
        "status": order.status,
        "timeInForce": request.tif,
        "type": request.type,
        "side": SIDES[order.side],
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }
    if request.type in STOP_TYPES:
        body["stopPrice"] = rules.price_text(request.stop)
    return body


def order_ack(order: Order, kind: str) -> Json:
    """The answer to a new order: ACK, RESULT or FULL."""
    rules = order.rules
    if kind == "ACK":
        head = ("symbol", "orderId", "orderListId", "clientOrderId")
        return {**{k: v for k, v in order_body(order).items() if k in head}, "transactTime": order.updated_ms}
    body = {**order_body(order), "transactTime": order.updated_ms, "workingTime": order.working_ms}
    if kind == "FULL":
        body["fills"] = [
            {
                "price": rules.price_text(fill.price),
                "qty": rules.lots_text(fill.lots),
                "commission": show(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in order.fills
        ]
    return body


def order_canceled(order: Order, cancel_id: str) -> Json:
    """The answer to a cancel."""
    body = order_body(order)
    return {**body, "origClientOrderId": order.client_id, "clientOrderId": cancel_id, "transactTime": order.updated_ms}


def order_status(order: Order) -> Json:
    """The answer to a query of an order."""
    return {
        "stopPrice": show(0),
        **order_body(order),
        "icebergQty": show(0),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working,
        "workingTime": order.working_ms if order.working else -1,
    }


def my_trade(fill: Fill) -> Json:
    """One entry of an account's trades."""
    rules = fill.order.rules
    return {
        "symbol": rules.symbol,
        "id": fill.trade_id,
        "orderId": fill.order.id,
        "orderListId": -1,
        "price": rules.price_text(fill.price),
        "qty": rules.lots_text(fill.lots),
        "quoteQty": show(fill.quote),
        "commission": show(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.ms,
        "isBuyer": fill.order.side > 0,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def account_info(account: Account, *, omit_zero: bool) -> Json:
    """The answer to an account query."""
    rates = {"maker": show(account.maker_ppm * UNIT // PPM), "taker": show(account.taker_ppm * UNIT // PPM)}
    balances = [
        {"asset": a, "free": show(account.free[a]), "locked": show(account.locked[a])}
        for a in account.assets()
        if not omit_zero or account.free[a] or account.locked[a]
    ]
    return {
        "makerCommission": account.maker_ppm // 100,
        "takerCommission": account.taker_ppm // 100,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {**rates, "buyer": show(0), "seller": show(0)},
        "canTrade": True,
        "canWithdraw": account.can_withdraw,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_ms,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 1,
    }


def execution_report(order: Order, execution: str, fill: Fill | None, cancel_id: str, ms: int) -> Json:
    """The private stream's word on an order."""
    rules, request = order.rules, order.request
    return {
        "e": "executionReport",
        "E": ms,
        "s": rules.symbol,
        "c": cancel_id or order.client_id,
        "S": SIDES[order.side],
        "o": request.type,
        "f": request.tif,
        "q": rules.lots_text(order.lots),
        "p": rules.price_text(request.price),
        "P": rules.price_text(request.stop),
        "F": show(0),
        "g": -1,
        "C": order.client_id if cancel_id else "",
        "x": execution,
        "X": order.status,
        "r": "NONE",
        "i": order.id,
        "l": rules.lots_text(fill.lots) if fill else show(0),
        "z": rules.lots_text(order.filled),
        "L": rules.price_text(fill.price) if fill else show(0),
        "n": show(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": order.updated_ms,
        "t": fill.trade_id if fill else -1,
        "I": order.id * 1000 + len(order.fills),
        "w": order.is_open and order.working,
        "m": fill.maker if fill else False,
        "M": False,
        "O": order.created_ms,
        "Z": show(order.quote_filled),
        "Y": show(fill.quote) if fill else show(0),
        "Q": show(request.quote),
        "W": order.working_ms,
        "V": "EXPIRE_MAKER",
    }


def account_position(account: Account, assets: Sequence[str], ms: int) -> Json:
    """The private stream's word on balances."""
    return {
        "e": "outboundAccountPosition",
        "E": ms,
        "u": account.updated_ms or ms,
        "B": [{"a": a, "f": show(account.free[a]), "l": show(account.locked[a])} for a in assets],
    }


def balance_update(asset: str, delta: int, ms: int) -> Json:
    """The private stream's word on a deposit or withdrawal."""
    return {"e": "balanceUpdate", "E": ms, "a": asset, "d": show(delta), "T": ms}


def public_trade(rules: Rules, trade: Print) -> Json:
    """One entry of the recent trades."""
    return {
        "id": trade.trade_id,
        "price": rules.price_text(trade.price),
        "qty": rules.lots_text(trade.lots),
        "quoteQty": show(rules.notional(trade.price, trade.lots)),
        "time": trade.ms,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def trade_event(rules: Rules, trade: Print) -> Json:
    """The trade stream's message."""
    return {
        "e": "trade",
        "E": trade.ms,
        "s": rules.symbol,
        "t": trade.trade_id,
        "p": rules.price_text(trade.price),
        "q": rules.lots_text(trade.lots),
        "T": trade.ms,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def agg_trade(rules: Rules, trade: Print) -> Json:
    """An aggregate trade; here each trade is its own aggregate."""
    return {
        "a": trade.trade_id,
        "p": rules.price_text(trade.price),
        "q": rules.lots_text(trade.lots),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": trade.ms,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def kline_row(candle: Candle, interval_ms: int) -> list[object]:
    """One entry of the klines answer."""
    quote = candle.volume * candle.close
    return [
        candle.open_ms,
        show_float(candle.open),
        show_float(candle.high),
        show_float(candle.low),
        show_float(candle.close),
        show_float(candle.volume),
        candle.open_ms + interval_ms - 1,
        f"{quote:.8f}",
        4,
        f"{candle.volume / 2:.8f}",
        f"{quote / 2:.8f}",
        "0",
    ]


def kline_event(rules: Rules, candle: Candle, interval: str, interval_ms: int, *, closed: bool, ms: int) -> Json:
    """The kline stream's message."""
    row = kline_row(candle, interval_ms)
    keys = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    detail = dict(zip(keys, row, strict=True))
    detail.update({"s": rules.symbol, "i": interval, "f": -1, "L": -1, "x": closed})
    return {"e": "kline", "E": ms, "s": rules.symbol, "k": detail}


def levels(rules: Rules, depth: Sequence[tuple[int, int]]) -> list[list[str]]:
    """Price levels as text."""
    return [[rules.price_text(price), rules.lots_text(lots)] for price, lots in depth]


def depth_snapshot(market: Market, limit: int) -> Json:
    """The order book as one answer."""
    rules, book = market.rules, market.book
    return {
        "lastUpdateId": book.update_id,
        "bids": levels(rules, book.bids.depth(limit)),
        "asks": levels(rules, book.asks.depth(limit)),
    }


def depth_diff(market: Market, since: int, changed: set[tuple[int, int]], ms: int) -> Json:
    """The levels that changed after update `since`, with what stands there now."""
    rules, book = market.rules, market.book
    bids = [(p, book.bids.total(p)) for s, p in changed if s > 0]
    asks = [(p, book.asks.total(p)) for s, p in changed if s < 0]
    return {
        "e": "depthUpdate",
        "E": ms,
        "s": rules.symbol,
        "U": since + 1,
        "u": book.update_id,
        "b": levels(rules, bids),
        "a": levels(rules, asks),
    }


def book_ticker(market: Market) -> tuple[str, str, str, str]:
    """Best bid price and quantity, best ask price and quantity; zeros where nobody rests."""
    rules, book = market.rules, market.book
    bid, ask = book.bids.best, book.asks.best
    return (
        rules.price_text(bid or 0),
        rules.lots_text(book.bids.total(bid) if bid else 0),
        rules.price_text(ask or 0),
        rules.lots_text(book.asks.total(ask) if ask else 0),
    )


def day_stats(tape: Tape) -> tuple[float, float, float, float, float, float]:
    """Open, high, low, last, volume and quote volume of the last 24 hours of market time."""
    market = tape.market
    last = float(market.rules.price_text(market.last_price))
    bars = tape.klines.base[-max(1, DAY_MS // tape.klines.base_ms) :]
    if not bars:
        return last, last, last, last, 0.0, 0.0
    volume = sum(b.volume for b in bars)
    quote = sum(b.volume * b.close for b in bars)
    return bars[0].open, max(last, max(b.high for b in bars)), min(last, min(b.low for b in bars)), last, volume, quote
