"""The gateway's own sums over fills agree with the bots' books."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from algobot.model import BotId, ClientOrderId, Order, OrderStatus, OrderType, Side, Symbol, TradeId
from daemon import account_book
from daemon.gateway.book import ENDED_KEPT, Book
from tests.daemon.builders import a_fill
from tests.model.test_instrument import BTC

AMOUNT = st.decimals(min_value="0.00001", max_value="10", places=5)


@given(
    trades=st.lists(
        st.tuples(st.sampled_from(Side), AMOUNT, AMOUNT, st.sampled_from(["BTC", "USDT", "BNB"])), max_size=20
    )
)
def test_gateway_and_bot_see_the_same_position(trades: list[tuple[Side, Decimal, Decimal, str]]) -> None:
    """Whatever the fees are paid in, a reduce-only order is judged by the position the bot has."""
    gateway, bot = Book(), account_book.birth(Decimal(1000))
    for number, (side, quantity, fee, currency) in enumerate(trades):
        fill = a_fill(side, str(quantity), "100", fee=str(fee / 1000), fee_currency=currency)
        fill = msgspec.structs.replace(fill, trade_id=TradeId(str(number)))
        gateway.fold(fill, BTC)
        bot = account_book.after(bot, fill, BTC)
    assert gateway.positions.get((BotId("b"), Symbol("BTC/USDT")), Decimal(0)) == bot.position
    assert gateway.totals.get("BTC", Decimal(0)) == bot.position


def test_trades_are_forgotten_with_their_order_and_come_back_with_it() -> None:
    """Memory holds the trades of orders in memory; the ledger has the others."""
    book, fill = Book(), a_fill(Side.BUY, "1", "100")
    order = Order(
        client_order_id=fill.client_order_id,
        account_id=fill.account_id,
        bot_id=fill.bot_id,
        symbol=fill.symbol,
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=fill.quantity,
        status=OrderStatus.FILLED,
        created_ns=1,
        updated_ns=1,
    )
    book.put(order, 1)
    book.fold(fill, BTC)
    for number in range(ENDED_KEPT):
        book.put(msgspec.structs.replace(order, client_order_id=ClientOrderId(f"later-{number}")), 1)
    assert book.knows(fill.symbol, fill.trade_id)
    book.forget_ended()
    assert not book.knows(fill.symbol, fill.trade_id)
    book.recall(order, [(fill.symbol, fill.trade_id)], 1)
    assert book.knows(fill.symbol, fill.trade_id)
