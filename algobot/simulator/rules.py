"""The market rules of one symbol: its filters, and the only conversions between text, ticks, lots and units."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from algobot.errors import UsageError
from algobot.simulator import refusals
from algobot.simulator.units import UNIT, show, to_units

QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "USD", "EUR", "BTC", "ETH", "BNB")
KNOWN: Final[dict[str, tuple[str, str, float]]] = {  # symbol: tick, step, a price to start from
    "BTCUSDT": ("0.01", "0.00001", 100_000.0),
    "ETHUSDT": ("0.01", "0.0001", 3_500.0),
    "BNBUSDT": ("0.01", "0.001", 700.0),
    "SOLUSDT": ("0.01", "0.001", 180.0),
    "XRPUSDT": ("0.0001", "0.1", 2.5),
    "DOGEUSDT": ("0.00001", "1", 0.2),
    "ADAUSDT": ("0.0001", "0.1", 0.8),
}
ORDER_TYPES: Final = ("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")


class Rules(msgspec.Struct, frozen=True):
    """What may be traded under one symbol; tick and step are in units."""

    symbol: str
    base: str
    quote: str
    tick: int
    step: int
    start_price: float = 100.0
    min_notional: int = 5 * UNIT
    max_lots: int = 10**12
    max_market_lots: int = 10**11
    max_price: int = 10**12
    max_open_orders: int = 200

    @property
    def cost(self) -> int:
        """Quote units of one lot at one tick."""
        return self.tick * self.step // UNIT

    def ticks_of(self, price: float) -> int:
        """Return the tick nearest to a float price, at least one."""
        return max(1, round(price * UNIT / self.tick))

    def price_text(self, ticks: int) -> str:
        """Return a price as the venue writes it."""
        return show(ticks * self.tick)

    def lots_text(self, lots: int) -> str:
        """Return a quantity as the venue writes it."""
        return show(lots * self.step)

    def notional(self, ticks: int, lots: int) -> int:
        """Return price times quantity in quote units, exactly."""
        return ticks * lots * self.cost

    def parse_price(self, name: str, text: str) -> int:
        """Return a price parameter in ticks, or refuse it by PRICE_FILTER."""
        units = _number(name, text)
        ticks, rest = divmod(units, self.tick)
        if units <= 0 or rest or ticks > self.max_price:
            raise refusals.filter_failure("PRICE_FILTER")
        return ticks

    def parse_lots(self, text: str, *, market: bool) -> int:
        """Return a quantity parameter in lots, or refuse it by LOT_SIZE or MARKET_LOT_SIZE."""
        units = _number("quantity", text)
        lots, rest = divmod(units, self.step)
        if units <= 0 or rest or lots > self.max_lots:
            raise refusals.filter_failure("LOT_SIZE")
        if market and lots > self.max_market_lots:
            raise refusals.filter_failure("MARKET_LOT_SIZE")
        return lots

    def parse_quote(self, text: str) -> int:
        """Return a `quoteOrderQty` parameter in quote units."""
        units = _number("quoteOrderQty", text)
        if units <= 0:
            raise refusals.missing("quoteOrderQty")
        return units

    def describe(self, status: str = "TRADING") -> dict[str, object]:
        """Return the symbol's entry of exchangeInfo."""
        return {
            "symbol": self.symbol,
            "status": status,
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(ORDER_TYPES),
            "icebergAllowed": False,
            "ocoAllowed": False,
            "otoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": False,
            "cancelReplaceAllowed": False,
            "amendAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self._filters(),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
        }

    def _filters(self) -> list[dict[str, object]]:
        lot = {"minQty": show(self.step), "stepSize": show(self.step)}
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": show(self.tick),
                "maxPrice": self.price_text(self.max_price),
                "tickSize": show(self.tick),
            },
            {"filterType": "LOT_SIZE", "maxQty": self.lots_text(self.max_lots), **lot},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": self.lots_text(self.max_market_lots), **lot},
            {
                "filterType": "NOTIONAL",
                "minNotional": show(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": "900000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 0,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.max_open_orders},
        ]


def _number(name: str, text: str) -> int:
    """Return a numeric parameter in units, refusing what is no plain decimal or finer than a unit."""
    if not text or len(text) > 30 or not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdigit():
        raise refusals.illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
    try:
        return to_units(Decimal(text))
    except (ValueError, InvalidOperation):
        raise refusals.too_precise(name) from None


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return base and quote of `BTCUSDT` or `BTC/USDT`; raises UsageError."""
    if "/" in symbol:
        base, _, quote = symbol.partition("/")
    else:
        quote = next((q for q in QUOTES if symbol.endswith(q) and len(symbol) > len(q)), "")
        base = symbol[: len(symbol) - len(quote)] if quote else ""
    if not (base.isalnum() and quote.isalnum()):
        raise UsageError(f"cannot tell base from quote in symbol {symbol!r}", hint="write it as BASE/QUOTE")
    return base.upper(), quote.upper()


def rules_for(symbol: str, *, price: float | None = None, decimals: int | None = None) -> Rules:
    """Return sensible rules for `symbol`, fitted to a first price and the decimals its recorded prices have.

    Known symbols keep their usual tick unless the record is finer. Six to seven digits of price otherwise.
    """
    base, quote = split_symbol(symbol)
    name = base + quote
    tick_text, step_text, start = KNOWN.get(name, ("", "", 100.0))
    start = start if price is None else price
    if tick_text:
        tick, step = to_units(tick_text), to_units(step_text)
    else:
        digits = min(8, max(0, 6 - len(str(int(start)))) if start >= 1 else 6)
        tick, step = UNIT // 10**digits, UNIT // 10 ** min(5, 8 - digits)
    if decimals is not None and UNIT // 10**decimals < tick:
        tick = max(1, UNIT // 10**decimals)
        step = max(step, UNIT * UNIT // (tick * UNIT))
    while tick * step % UNIT:
        step *= 10
    return Rules(symbol=name, base=base, quote=quote, tick=tick, step=step, start_price=start)
