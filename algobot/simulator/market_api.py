"""The public endpoints: rules, book, prints, klines, tickers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec

from algobot.simulator import refusals, wire
from algobot.simulator.candles import INTERVALS
from algobot.simulator.endpoint import Answer, Call, Endpoint
from algobot.simulator.exchange import Market
from algobot.simulator.units import show_float
from algobot.simulator.venue import Venue
from algobot.simulator.wire import Json


def ping(venue: Venue, call: Call) -> Answer:
    """Answer nothing, gladly."""
    return {}


def server_time(venue: Venue, call: Call) -> Answer:
    """The venue's wall clock."""
    return {"serverTime": venue.clock.wall_ms()}


def exchange_info(venue: Venue, call: Call) -> Answer:
    """The market rules, of all symbols or of those asked for."""
    limits: list[Json] = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": venue.config.weight_limit},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": venue.config.order_limit},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
    ]
    return {
        "timezone": "UTC",
        "serverTime": venue.clock.wall_ms(),
        "rateLimits": limits,
        "exchangeFilters": [],
        "symbols": [m.rules.describe(m.status) for m in _asked(venue, call)],
    }


def depth(venue: Venue, call: Call) -> Answer:
    """The order book."""
    return wire.depth_snapshot(call.market(venue), call.limit(100, 5000))


def trades(venue: Venue, call: Call) -> Answer:
    """The latest public trades."""
    rules = call.market(venue).rules
    kept = venue.tapes[rules.symbol].prints
    first = call.number("fromId")
    found = [t for t in kept if first is None or t.trade_id >= first]
    limit = call.limit(500, 1000)
    return [wire.public_trade(rules, t) for t in (found[-limit:] if first is None else found[:limit])]


def agg_trades(venue: Venue, call: Call) -> Answer:
    """The latest public trades, each its own aggregate."""
    rules = call.market(venue).rules
    start, end, first = call.number("startTime"), call.number("endTime"), call.number("fromId")
    kept = venue.tapes[rules.symbol].prints
    found = [
        t
        for t in kept
        if (start is None or t.ms >= start) and (end is None or t.ms <= end) and (first is None or t.trade_id >= first)
    ]
    limit = call.limit(500, 1000)
    chosen = found[-limit:] if start is None and first is None else found[:limit]
    return [wire.agg_trade(rules, t) for t in chosen]


def klines(venue: Venue, call: Call) -> Answer:
    """Bars of market time."""
    market = call.market(venue)
    interval_ms = INTERVALS.get(call.text("interval"))
    tape = venue.tapes[market.rules.symbol]
    if interval_ms is None or not tape.klines.offers(interval_ms):
        raise refusals.bad_interval()
    start, end = call.number("startTime"), call.number("endTime")
    forming = venue.shows_forming(tape, interval_ms)
    found = tape.klines.query(interval_ms, start, end, call.limit(500, 1000), forming=forming)
    return [wire.kline_row(candle, interval_ms) for candle in found]


def average_price(venue: Venue, call: Call) -> Answer:
    """The last price, as an average of one."""
    market = call.market(venue)
    return {"mins": 5, "price": market.rules.price_text(market.last_price), "closeTime": venue.clock.wall_ms()}


def ticker_day(venue: Venue, call: Call) -> Answer:
    """The last 24 hours of market time."""
    return _each(venue, call, lambda market: _day(venue, market))


def ticker_price(venue: Venue, call: Call) -> Answer:
    """The last price."""
    return _each(venue, call, lambda m: {"symbol": m.rules.symbol, "price": m.rules.price_text(m.last_price)})


def ticker_book(venue: Venue, call: Call) -> Answer:
    """The best quotes."""
    keys = ("bidPrice", "bidQty", "askPrice", "askQty")
    return _each(venue, call, lambda m: {"symbol": m.rules.symbol, **dict(zip(keys, wire.book_ticker(m), strict=True))})


def _day(venue: Venue, market: Market) -> Json:
    tape = venue.tapes[market.rules.symbol]
    opened, high, low, last, volume, quote = wire.day_stats(tape)
    bid, bid_size, ask, ask_size = wire.book_ticker(market)
    ms = venue.clock.wall_ms()
    return {
        "symbol": market.rules.symbol,
        "priceChange": f"{last - opened:.8f}",
        "priceChangePercent": f"{(last / opened - 1) * 100:.3f}",
        "weightedAvgPrice": f"{quote / volume if volume else last:.8f}",
        "prevClosePrice": show_float(opened),
        "lastPrice": show_float(last),
        "lastQty": "0.00000000",
        "bidPrice": bid,
        "bidQty": bid_size,
        "askPrice": ask,
        "askQty": ask_size,
        "openPrice": show_float(opened),
        "highPrice": show_float(high),
        "lowPrice": show_float(low),
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{quote:.8f}",
        "openTime": ms - wire.DAY_MS,
        "closeTime": ms,
        "firstId": tape.prints[0].trade_id if tape.prints else -1,
        "lastId": tape.prints[-1].trade_id if tape.prints else -1,
        "count": len(tape.prints),
    }


def _asked(venue: Venue, call: Call) -> list[Market]:
    """Return the markets of `symbol` or `symbols`, or all. Raises Refusal."""
    if call.params.get("symbol"):
        return [call.market(venue)]
    listed = call.params.get("symbols")
    if not listed:
        return [market for market in venue.markets.values() if market.status != "DELISTED"]
    try:
        names = msgspec.json.decode(listed, type=list[str])
    except msgspec.MsgspecError:
        raise refusals.illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$') from None
    return [venue.market(name) for name in names]


def _each(venue: Venue, call: Call, describe: Callable[[Market], Json]) -> Answer:
    """Answer one object for one `symbol`, else a list."""
    if call.params.get("symbol"):
        return describe(call.market(venue))
    return [describe(market) for market in islice(_asked(venue, call), 1000)]


MARKET_ENDPOINTS: Final[dict[str, Endpoint]] = {
    "GET /api/v3/ping": Endpoint(ping),
    "GET /api/v3/time": Endpoint(server_time),
    "GET /api/v3/exchangeInfo": Endpoint(exchange_info, weight=20),
    "GET /api/v3/depth": Endpoint(depth, weight=5),
    "GET /api/v3/trades": Endpoint(trades, weight=25),
    "GET /api/v3/historicalTrades": Endpoint(trades, weight=25),
    "GET /api/v3/aggTrades": Endpoint(agg_trades, weight=4),
    "GET /api/v3/klines": Endpoint(klines, weight=2),
    "GET /api/v3/uiKlines": Endpoint(klines, weight=2),
    "GET /api/v3/avgPrice": Endpoint(average_price, weight=2),
    "GET /api/v3/ticker/24hr": Endpoint(ticker_day, weight=2),
    "GET /api/v3/ticker/price": Endpoint(ticker_price, weight=2),
    "GET /api/v3/ticker/bookTicker": Endpoint(ticker_book, weight=2),
}
