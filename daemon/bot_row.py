"""A bot as those who watch see it."""

from __future__ import annotations

from decimal import Decimal

from algobot.model import BotSpec, BotState
from algobot.protocol.rows import BotRow
from daemon.account_book import Book
from daemon.bot import Bot
from daemon.bot_ports import Memory


def row_of(bot: Bot, *, simulated: bool = False) -> BotRow:
    """Return a running bot's row: exact cash and position, the rest at its last mark."""
    return _row(
        bot.spec,
        bot.memory,
        bot.holding.book,
        state=bot.state,
        mark=bot.mark,
        reason=bot.reason,
        orders=bot.orders,
        orders_open=bot.open_orders,
        last_bar_ns=bot.holding.session.last_bar_ns,
        data_recv_ns=bot.data_recv_ns,
        bar_ns=bot.bar_ns,
        simulated=simulated,
    )


def row_at_rest(
    spec: BotSpec,
    memory: Memory,
    book: Book,
    *,
    state: BotState,
    reason: str,
    mark: float,
    bar_ns: int,
    simulated: bool = False,
) -> BotRow:
    """Return the row of a bot that does not run: what it owns, at the feed's mark."""
    last_bar_ns = memory.checkpoint.bar_close_ns if memory.checkpoint is not None else 0
    return _row(
        spec,
        memory,
        book,
        state=state,
        mark=mark,
        reason=reason,
        orders=memory.orders,
        orders_open=memory.slate.open_orders,
        last_bar_ns=last_bar_ns,
        data_recv_ns=0,
        bar_ns=bar_ns,
        simulated=simulated,
    )


def _row(
    spec: BotSpec,
    memory: Memory,
    book: Book,
    *,
    state: BotState,
    mark: float,
    reason: str,
    orders: int,
    orders_open: int,
    last_bar_ns: int,
    data_recv_ns: int,
    bar_ns: int,
    simulated: bool,
) -> BotRow:
    record = memory.record
    at = mark or (float(book.entry_price) if book.position else 0.0)
    equity = book.equity(at)
    capital = float(book.capital)
    last = record.last_decision
    return BotRow(
        bot_id=spec.bot_id,
        state=state,
        mode=spec.mode,
        strategy=spec.strategy,
        symbol=spec.symbol,
        timeframe=spec.timeframe,
        account_id=spec.account_id,
        capital=spec.capital,
        cash=book.cash,
        position=book.position,
        entry_price=float(book.entry_price),
        mark=at,
        equity=equity,
        pnl_day=equity - record.day_start,
        pnl_total=equity - capital,
        return_fraction=equity / capital - 1.0 if book.capital > Decimal(0) else 0.0,
        sharpe=record.sharpe(bar_ns),
        drawdown_fraction=max(record.drawdown, 0.0),
        orders_open=orders_open,
        orders=orders,
        fills=book.fills,
        trades=book.trades,
        last_decision=last.decision,
        last_reason=last.reason,
        last_decision_ns=last.ts_ns,
        last_bar_ns=last_bar_ns,
        data_recv_ns=data_recv_ns,
        started_ns=memory.started_ns,
        restarts=memory.restarts,
        reason=reason,
        simulated=simulated,
    )
