"""A bot's virtual sub-account, exact: a pure fold over its fills, in decimals.

Cash and position are sums and products of the venue's own digits, so they are exact; the average entry price and the
realised profit divide and are rounded at 40 digits. A fee in the quote currency leaves the cash, one in the base
currency leaves the position, one in a third currency is only counted: it is paid from what the account holds besides.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

import msgspec

from algobot.model import Fill, Instrument

ZERO = Decimal(0)
DIGITS = 40


class Book(msgspec.Struct, frozen=True):
    """What one bot owns and what became of it, after some of its fills."""

    capital: Decimal
    cash: Decimal
    position: Decimal = ZERO  # base units, negative is short
    entry_price: Decimal = ZERO  # average, of what is open; 0 when flat
    realised: Decimal = ZERO  # of what was closed, before fees in the quote currency
    fees: Decimal = ZERO  # paid, in quote units (base fees at their fill's price)
    fees_elsewhere: dict[str, Decimal] = {}  # paid in third currencies
    fills: int = 0
    trades: int = 0  # closed round trips

    def equity(self, mark: float) -> float:
        """Return cash and position at `mark`."""
        return float(self.cash) + float(self.position) * mark


def birth(capital: Decimal) -> Book:
    """Return the book of a bot that has not traded yet."""
    return Book(capital=capital, cash=capital)


def fold(book: Book, fills: Iterable[Fill], instrument: Instrument) -> Book:
    """Return the book after `fills`, each applied once and in order."""
    for fill in fills:
        book = after(book, fill, instrument)
    return book


def after(book: Book, fill: Fill, instrument: Instrument) -> Book:
    """Return the book after one more fill."""
    with localcontext(prec=DIGITS):
        change = fill.side * fill.quantity
        base_fee = fill.fee if fill.fee_currency == instrument.base else ZERO
        quote_fee = fill.fee if fill.fee_currency == instrument.quote else ZERO
        elsewhere = book.fees_elsewhere
        if fill.fee_currency not in (instrument.base, instrument.quote) and fill.fee:
            elsewhere = {**elsewhere, fill.fee_currency: elsewhere.get(fill.fee_currency, ZERO) + fill.fee}
        position = book.position + change - base_fee
        closed = _closed(book.position, change)
        flat = abs(position) < instrument.lot
        return Book(
            capital=book.capital,
            cash=book.cash - change * fill.price - quote_fee,
            position=position,
            entry_price=ZERO if flat else _entry(book, change, fill.price),
            realised=book.realised + closed * (fill.price - book.entry_price) * _sign(book.position),
            fees=book.fees + quote_fee + base_fee * fill.price,
            fees_elsewhere=elsewhere,
            fills=book.fills + 1,
            trades=book.trades + (1 if closed and (flat or _sign(position) != _sign(book.position)) else 0),
        )


def _closed(position: Decimal, change: Decimal) -> Decimal:
    """Return how much of `position` a change of the other sign closes."""
    return min(abs(position), abs(change)) if _sign(position) * _sign(change) < 0 else ZERO


def _entry(book: Book, change: Decimal, price: Decimal) -> Decimal:
    """Return the average entry price after `change` at `price`: moved by what opens, kept by what closes."""
    if _sign(book.position) * _sign(change) >= 0:
        held = abs(book.position)
        return (book.entry_price * held + price * abs(change)) / (held + abs(change))
    return price if abs(change) > abs(book.position) else book.entry_price


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)
