"""The records the kernel works on: fixed size, aligned, all a session is made of.

A record is a numpy structured type whose fields are read and written as attributes, compiled and interpreted alike.
Money is in quote units, sizes are whole lots, times are UTC nanoseconds.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Rec: TypeAlias = Any  # one record: its fields are attributes, which no type checker can follow
Records: TypeAlias = npt.NDArray[Any]  # an array of records

float64: Final = np.dtype(np.float64)
int64: Final = np.dtype(np.int64)

Field: TypeAlias = "np.dtype[Any] | tuple[np.dtype[Any], int]"


def record(**fields: Field) -> np.dtype[Any]:
    """Return the aligned layout of these fields: a type, another record, or `(type, count)` for a row of them.

    Only int64 and float64: narrower numbers overflow where the same source interpreted would not.

    Raises:
        ValueError: another type, or a name that numpy's records use themselves (`sum`, `mean`, `size` …).
    """
    for name, field in fields.items():
        if hasattr(np.record, name):
            raise ValueError(f"a record cannot have a field named {name!r}: numpy's records use it; choose another")
        kind = field[0] if isinstance(field, tuple) else field
        if kind not in (int64, float64) and kind.names is None:
            raise ValueError(f"field {name!r} is {kind}: a record holds int64, float64 and records")
    formats = [(field[0], (field[1],)) if isinstance(field, tuple) else field for field in fields.values()]
    layout = np.dtype({"names": list(fields), "formats": formats}, align=True)
    return np.dtype((np.record, layout))


BAR: Final = record(
    open_ns=int64, close_ns=int64, open=float64, high=float64, low=float64, close=float64, volume=float64
)

# An order, waiting or just asked for.
ORDER: Final = record(
    lots=int64,
    price=float64,
    tag=int64,
    kind=int64,
    side=int64,
    ioc=int64,
    reduce_only=int64,
    age=int64,  # bars it has waited
)
EMPTY, MARKET, LIMIT, STOP, CANCEL = 0, 1, 2, 3, 4

# Why an order was sent. A strategy's own tags start at OWN_TAGS.
NO_TAG, ENTRY, EXIT, STOPPED, TARGET, TRAILED, CLOSED = range(7)
TAGS: Final = ("", "entry", "exit", "stop", "target", "trail", "close")
OWN_TAGS: Final = 16

ASKS: Final = 8  # orders one bar may ask for
WAITING: Final = 16  # orders that may rest at once
VALUES: Final = 6  # numbers that may explain a decision

# What a strategy says on one bar: the `orders` that `on_bar` is given.
ORDERS: Final = record(
    asked=int64,
    asks=(ORDER, ASKS),
    exposure=float64,  # the position it wants, -1 to 1 of the bot's size
    wish=int64,  # NO_WISH, HOLD_SIDE (only a change of side trades) or REBALANCE
    protects=int64,
    stop=float64,
    target=float64,
    trail=float64,
    reason=int64,
    values=(float64, VALUES),
)
NO_WISH, HOLD_SIDE, REBALANCE = 0, 1, 2

POSITION: Final = record(
    lots=int64,  # signed: short is negative
    side=int64,  # the sign of `lots`
    average=float64,  # entry price
    stop=float64,  # protective prices; 0 is none
    target=float64,
    trail=float64,  # distance from the best price since the entry
    extreme=float64,  # that best price
    opened_ns=int64,
    entries=int64,  # positions opened so far
    realised=float64,  # before fees
    fees=float64,
    within=int64,  # opened within the present bar, not at its open
)

# One symbol of an account.
SLOT: Final = record(
    position=POSITION,
    orders=ORDERS,
    mark=float64,
    pending=int64,  # lots on their way at a venue, signed
    waits=int64,
    waiting=(ORDER, WAITING),
    plan_stop=float64,  # protection of the next position
    plan_target=float64,
    plan_trail=float64,
    refusal=int64,  # why the last wish was cut: see `risk`
)

ACCOUNT: Final = record(
    cash=float64,
    equity=float64,  # at the last marks
    peak=float64,
    day_ns=int64,  # midnight UTC of the present day
    day_start=float64,  # equity
    bar_ns=int64,  # the close of the last bar folded
    bars=int64,
    filled=int64,  # fills written by the last call
    mode=int64,
    may_open=int64,
)
FOLD, LIVE, PAPER = 0, 1, 2  # the modes: no trading; orders go to a venue; orders wait here and fill here

SETTINGS: Final = record(
    lot=float64,
    tick=float64,
    maker_fee=float64,
    taker_fee=float64,
    slippage=float64,
    capital=float64,
    position_fraction=float64,
    allow_short=int64,
    max_position_fraction=float64,
    max_drawdown_fraction=float64,
    max_daily_loss_fraction=float64,
    max_order_notional=float64,
)

FILL: Final = record(
    ts_ns=int64,
    symbol=int64,  # the index of the slot
    side=int64,
    lots=int64,
    price=float64,
    fee=float64,
    tag=int64,
    is_maker=int64,
    realised=float64,  # by this fill, before fees
)
