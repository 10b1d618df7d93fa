"""Builders of what the daemon's tests need: bars, specs and fills."""

from __future__ import annotations

from decimal import Decimal

from algobot.model import (
    MINUTE_NS,
    AccountId,
    Bar,
    BotId,
    BotMode,
    BotSpec,
    ClientOrderId,
    Fill,
    Param,
    RiskSpec,
    Side,
    Symbol,
    TradeId,
)

START_NS = 1_700_000_000 * 1_000_000_000 // MINUTE_NS * MINUTE_NS


def a_bar(number: int, close: float = 100.0, *, width: float = 0.5) -> Bar:
    """Return the `number`-th minute bar, opening at its own close."""
    open_ns = START_NS + number * MINUTE_NS
    return Bar(open_ns, open_ns + MINUTE_NS, close, close + width, close - width, close, 10.0)


def a_fill(
    side: Side,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    fee_currency: str = "USDT",
    trade_id: str = "1",
    client_order_id: str = "order-1",
) -> Fill:
    """Return a fill of bot "b" on BTC/USDT."""
    return Fill(
        trade_id=TradeId(trade_id),
        account_id=AccountId("main"),
        bot_id=BotId("b"),
        client_order_id=ClientOrderId(client_order_id),
        symbol=Symbol("BTC/USDT"),
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        fee_currency=fee_currency,
        is_maker=False,
        ts_event_ns=START_NS,
        ts_recv_ns=START_NS,
    )


def a_spec(
    bot_id: str = "b",
    *,
    strategy: str = "ma_crossover",
    mode: BotMode = BotMode.PAPER,
    symbol: str = "BTC/USDT",
    params: dict[str, Param] | None = None,
    position_fraction: float = 0.5,
    risk: RiskSpec | None = None,
) -> BotSpec:
    """Return a bot of 10,000 quote units on minute bars."""
    return BotSpec(
        bot_id=BotId(bot_id),
        strategy=strategy,
        symbol=Symbol(symbol),
        timeframe="1m",
        account_id=AccountId("main"),
        capital=Decimal(10_000),
        mode=mode,
        position_fraction=position_fraction,
        params=params if params is not None else {"fast": 2, "slow": 4, "atr_period": 1},
        risk=risk or RiskSpec(),
    )
