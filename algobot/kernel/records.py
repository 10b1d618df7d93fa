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
    kind=int64,
    side=int64,
    lots=int64,  # what is left of it, once it is sized
    amount=float64,  # how it is to be sized, see `sizing`
    sizing=int64,
    price=float64,  # its limit; of a stop or take-profit that becomes a limit order, the limit it then has
    trigger=float64,  # of a stop, take-profit or trailing stop
    trail=float64,  # of a trailing stop: its distance from the best price since it was placed
    tag=int64,
    force=int64,  # time in force
    expires_ns=int64,  # GOOD_TILL: canceled by the first bar that opens at or after it
    post_only=int64,
    reduce_only=int64,
    group=int64,  # orders of one group cancel each other: the first to fill stays; 0 is none
    since_ns=int64,  # when the venue has it: asked at a bar's close, plus the latency
    serial=int64,  # its number in the journal
    triggered=int64,  # a stop-limit that has become a limit order
    age=int64,  # bars it has waited
)
EMPTY, MARKET, LIMIT, STOP, CANCEL, STOP_LIMIT, TAKE_PROFIT, TRAILING = range(8)
GOOD, IMMEDIATE, ALL_OR_NONE, GOOD_TILL = range(4)  # until canceled; the rest canceled at once; fill or kill; a time
LOTS, QUANTITY, OF_EQUITY, BY_RISK = range(4)  # `lots` as given; base units; a fraction of equity; what risk allows

# Why an order was sent. A strategy's own tags start at OWN_TAGS.
NO_TAG, ENTRY, EXIT, STOPPED, TARGET, TRAILED, CLOSED, LIQUIDATED = range(8)
TAGS: Final = ("", "entry", "exit", "stop", "target", "trail", "close", "liquidation")
OWN_TAGS: Final = 16

ASKS: Final = 20  # orders one bar may ask for
TIERS: Final = 8  # steps of an exchange's fees
FEE_DAYS: Final = 30  # over which it counts what was traded
WAITING: Final = 48  # orders that may rest at once
VALUES: Final = 6  # numbers that may explain a decision
SHARED: Final = 4  # numbers that one strategy's symbols of one account have in common

# What a strategy says on one bar, and what it has resting: the `orders` that `on_bar` is given.
ORDERS: Final = record(
    asked=int64,
    unheard=int64,  # asked for beyond `ASKS`
    wish=int64,  # NO_WISH, HOLD_SIDE (only a change of side trades) or REBALANCE
    exposure=float64,  # the position it wants, -1 to 1 of the bot's size
    score=float64,  # weighs the size of what opens; 1 unless said
    protects=int64,
    stop=float64,
    target=float64,
    trail=float64,
    brackets=int64,
    stop_distance=float64,  # from the entry price, whatever that will be; 0 is none
    target_distance=float64,
    target_fraction=float64,  # of the entry price, added to the distance
    ratchet=float64,  # a stop that only ever moves towards the price; 0 is none
    reason=int64,
    values=(float64, VALUES),
    shared=(float64, SHARED),
    waits=int64,
    asks=(ORDER, ASKS),
    waiting=(ORDER, WAITING),
)
NO_WISH, HOLD_SIDE, REBALANCE = 0, 1, 2

POSITION: Final = record(
    lots=int64,  # signed: short is negative
    side=int64,  # the sign of `lots`
    quantity=float64,  # signed, base units
    average=float64,  # entry price
    stop=float64,  # protective prices; 0 is none
    target=float64,
    trail=float64,  # distance from the best price since the entry
    extreme=float64,  # that best price
    liquidation=float64,  # where the venue closes it by force; 0 is never
    risk=float64,  # quote units: what its stop may lose, when it was opened
    opened_ns=int64,
    entries=int64,  # positions opened so far
    closes=int64,  # positions closed so far
    realised=float64,  # before fees
    fees=float64,
    funding=float64,  # received so far; negative is paid
    within=int64,  # opened within the present bar, not at its open
    equity=float64,  # the account's at this bar's marks
    peak=float64,  # the highest of it so far
    cash=float64,  # the account's
)

# One symbol of an account.
SLOT: Final = record(
    position=POSITION,
    mark=float64,
    worth=float64,  # quote units: the position at its mark or last fill; negative when short
    margin=float64,  # quote units: what it ties up
    pending=int64,  # lots on their way at a venue, signed
    plan_stop=float64,  # protection of the next position
    plan_target=float64,
    plan_trail=float64,
    plan_stop_distance=float64,  # or from its entry price
    plan_target_distance=float64,
    plan_target_fraction=float64,
    won=float64,  # realised by the present position so far, after fees
    refusal=int64,  # why the last wish was cut: see `risk`
    cooling=int64,  # bars until it may open again
    committed=int64,  # it has a position, or orders that may open one
    planned=float64,  # quote units: what the stops of entries on their way may lose, where heat is limited
    room=int64,  # lots that the volume of the present bar still lets fill
    locked=int64,  # lots bought on the day `locked_ns`, where they cannot be sold before the next
    locked_ns=int64,
    unsure=int64,  # the path of the present bar decides which of two fills comes first
    orders=ORDERS,
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
    noted=int64,  # rows of the journal written by the last call
    fills_at=int64,  # where those go, while the engine runs: see `rows`
    notes_at=int64,
    notes_room=int64,
    symbol=int64,  # the slot at work
    orders=int64,  # orders placed so far
    ambiguous=int64,  # bars so far whose path decided which of two fills came first
    losses=int64,  # closed positions in a row that lost
    held=int64,  # positions open now
    committed=int64,  # symbols with a position, or with orders that may open one
    heat=float64,  # quote units: what the stops of all open positions may lose
    planned=float64,  # quote units: the same of entries on their way
    worth=float64,  # quote units: all positions, each at its mark or last fill
    margin=float64,  # quote units: what they tie up
    keep=float64,  # quote units: what they must keep of equity
    mode=int64,
    may_open=int64,
    traded_day=int64,  # the last day in `traded`, counted from 1970
    traded=(float64, FEE_DAYS),  # notional by day, a ring; kept where fees have tiers
    shared=(float64, SHARED),
)
FOLD, LIVE, PAPER = 0, 1, 2  # the modes: no trading; orders go to a venue; orders wait here and fill here

# An instrument and an account's rules for it. Fractions; 0 turns a limit off unless said otherwise.
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
    risk_per_trade_fraction=float64,  # sizes an entry by the distance of its stop
    max_positions=int64,
    max_heat_fraction=float64,
    warning_drawdown_fraction=float64,  # from here on sizes are multiplied by …
    warning_multiplier=float64,
    critical_drawdown_fraction=float64,
    critical_multiplier=float64,
    max_losses=int64,  # in a row; from then on sizes are multiplied by …
    losses_multiplier=float64,
    cooldown_bars=int64,  # after a position closed with a loss
    spread_share=float64,  # what a market order loses beside `slippage`: see `costs`
    impact_linear=float64,
    impact_sqrt=float64,
    leverage=float64,  # 0 is spot: see `perpetual`
    maintenance_fraction=float64,
    liquidation_fee=float64,
    path=int64,  # WORST, OHLC or ADAPTIVE
    participation_fraction=float64,  # of a bar's volume that may be ours; 0 is all of it
    latency_ns=int64,  # from the close that asks until the order is at the venue
    sell_next_day=int64,  # what is bought may be sold from the next UTC day on
    tiers=int64,  # how many of these there are: from a notional of 30 days on, these fees
    tier_notional=(float64, TIERS),
    tier_maker=(float64, TIERS),
    tier_taker=(float64, TIERS),
)
WORST, OHLC, ADAPTIVE = 0, 1, 2  # which way the price went within a bar: see `matching` and `path`

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
    order=int64,  # its number in the journal, 0 for what the engine did itself
)

# What became of an order.
NOTE: Final = record(
    ts_ns=int64,
    symbol=int64,
    order=int64,  # its number
    event=int64,
    why=int64,  # of a refusal, a cut or a cancellation: see `risk`
    kind=int64,
    side=int64,
    lots=int64,
    price=float64,
    trigger=float64,
    tag=int64,
)
PLACED, FILLED, CANCELED, EXPIRED, REFUSED, TRIGGERED = range(6)
EVENTS: Final = ("placed", "filled", "canceled", "expired", "refused", "triggered")
