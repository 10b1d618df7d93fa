# mypy: disable-error-code="no-any-return"
"""The orders' journal: a row for everything that becomes of an order.

Every order asked for has a number of its account, the refused ones too. An array without room switches the journal off.
"""

from __future__ import annotations

from typing import Final

from algobot.kernel import records as r
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec
from algobot.kernel.risk import REFUSALS
from algobot.kernel.rows import next_note

# Why, beside the risk rules' own reasons, which are counted from 0.
BY_STRATEGY, GROUPED, NOTHING_LEFT, NOT_WHOLE, NOT_AT_ONCE, WOULD_TAKE, NO_ROOM, TOO_MANY, NO_ORDER = range(32, 41)
OWN_WHYS: Final = (
    "canceled by the strategy",
    "another order of its group filled",
    "no position left to reduce",
    "could not fill whole",
    "could not fill at once",
    "would have taken",
    "as many orders as can wait",
    "more orders than one bar may ask for",
    "no side, no size or no price",
)
NOTES_A_BAR: Final = 2 * r.ASKS + 4 * r.WAITING  # rows at most, by symbol and bar matched


def why_word(code: int) -> str:
    """Return the words of a reason, "" for none."""
    return OWN_WHYS[code - BY_STRATEGY] if code >= BY_STRATEGY else REFUSALS[code]


@kernel
def note(
    account: Rec,
    order: Rec,
    event: int,
    why: int,
    lots: int,
    price: float,
    ts_ns: int,
) -> None:
    """Write down what became of `lots` of an order."""
    if account.noted >= account.notes_room:
        return
    row = next_note(account)
    row.ts_ns = ts_ns
    row.symbol = account.symbol
    row.order = order.serial
    row.event = event
    row.why = why
    row.kind = order.kind
    row.side = order.side
    row.lots = lots
    row.price = price
    row.trigger = order.trigger
    row.tag = order.tag


@kernel
def drop(account: Rec, order: Rec, event: int, why: int, ts_ns: int) -> None:
    """End an order, and say why."""
    note(account, order, event, why, order.lots, order.price, ts_ns)
    order.kind = r.EMPTY
