"""One bot's page as a fold: it starts from a `BotDetail` reply; every event about the bot gives the next one.

The reply and the events race on the wire, so every arm is idempotent by key (trade id, order id, bar time) rather than
by `seq`, which a `BotDetail` does not carry.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from algobot.model import Order
from algobot.protocol.events import AnyEvent, BarClosed, BotChanged, DecisionMade, FillRecorded, OrderChanged
from algobot.protocol.rows import BotDetail

POINTS_KEPT: Final = 500
ROWS_KEPT: Final = 300


def apply(detail: BotDetail, event: AnyEvent) -> BotDetail:
    """Return the page after `event`; an event of another bot, or one already in it, changes nothing."""
    bot_id = detail.row.bot_id
    match event:
        case BotChanged(row=row) if row.bot_id == bot_id:
            return replace(detail, row=row)
        case BarClosed() if event.bot_id == bot_id:
            return _with_bar(detail, event)
        case FillRecorded(fill=fill) if fill.bot_id == bot_id:
            if any(known.trade_id == fill.trade_id and known.symbol == fill.symbol for known in detail.fills):
                return detail
            return replace(detail, fills=[fill, *detail.fills][:ROWS_KEPT])
        case OrderChanged(order=order) if order.bot_id == bot_id:
            return replace(detail, orders=_with_order(detail.orders, order))
        case DecisionMade(decision=decision) if event.bot_id == bot_id:
            if detail.decisions and decision.ts_ns <= detail.decisions[0].ts_ns:
                return detail
            return replace(detail, decisions=[decision, *detail.decisions][:ROWS_KEPT])
        case _:
            return detail


def _with_bar(detail: BotDetail, event: BarClosed) -> BotDetail:
    if detail.prices and event.bar_ns <= detail.prices[-1][0]:
        return detail
    return replace(
        detail,
        prices=[*detail.prices, (event.bar_ns, event.close)][-POINTS_KEPT:],
        equity_curve=[*detail.equity_curve, (event.bar_ns, event.equity)][-POINTS_KEPT:],
    )


def _with_order(orders: list[Order], order: Order) -> list[Order]:
    for place, known in enumerate(orders):
        if known.client_order_id == order.client_order_id:
            return orders if order.updated_ns < known.updated_ns else [*orders[:place], order, *orders[place + 1 :]]
    return [order, *orders][:ROWS_KEPT]
