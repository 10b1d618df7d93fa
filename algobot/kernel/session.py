"""The kernel as the daemon sees it: one strategy on one symbol, one bar at a time.

A paper bot calls `step`, which is the backtest's own loop over one bar. A live bot calls `decide` and sends what comes
back, `apply_fill` for what the venue reports, and `protect` with each price. Both call `warm` for history.
Calls are synchronous, take microseconds, and never keep a reference to what they were given.

A bar that is not finite, not positive, or whose high and low do not enclose it raises `DataError` before anything
changes. A bar at or before the last one folded changes nothing (it was seen already) and returns nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from algobot.errors import CheckpointMismatch, DataError
from algobot.kernel import engine, risk
from algobot.kernel import records as r
from algobot.kernel.dispatch import raw
from algobot.kernel.filling import FILLS_A_BAR
from algobot.kernel.records import Rec, Records
from algobot.kernel.settings import Settings, write_settings
from algobot.kernel.strategy import Strategy
from algobot.model import Bar, Param

Kind = Literal["market", "limit", "stop", "cancel", "stop_limit", "take_profit", "trailing"]
Word = Literal["long", "short", "flat", "keep"]
KINDS: Final[dict[int, Kind]] = {
    r.MARKET: "market",
    r.LIMIT: "limit",
    r.STOP: "stop",
    r.CANCEL: "cancel",
    r.STOP_LIMIT: "stop_limit",
    r.TAKE_PROFIT: "take_profit",
    r.TRAILING: "trailing",
}
_MAGIC: Final = b"AGB1"
_ORDERS_AT: Final = int(r.SLOT.fields["orders"][1])  # type: ignore[index]
_KEPT: Final = _ORDERS_AT + int(r.ORDERS.fields["asks"][1])  # type: ignore[index]
_WAITING_AT: Final = _ORDERS_AT + int(r.ORDERS.fields["waiting"][1])  # type: ignore[index]
_SHAPE: Final = f"{r.ACCOUNT.descr}{r.SLOT.descr}"


class Request(NamedTuple):
    """What a live bot should send. `side` is +1 or -1; a cancel names the tag of the orders to cancel, "" is all."""

    kind: Kind
    side: int
    lots: int
    price: float  # of a limit or stop; 0.0 for a market order
    tag: str  # "entry", "exit", "stop", "target", "trail" or the strategy's own
    reduce_only: bool = False
    immediate: bool = False


class SimFill(NamedTuple):
    """A fill of a paper bot; `realised` is by this fill, before fees."""

    ts_ns: int
    side: int
    lots: int
    price: float
    fee: float
    is_maker: bool
    tag: str
    realised: float = 0.0
    order: int = 0  # its number in the journal; 0 for what a stop or target did


class Decision(NamedTuple):
    """What the strategy said on the last bar, and why, with the numbers that caused it."""

    word: Word
    reason: str
    values: dict[str, float]


class _Fields:
    """Single fields of a session's records, each an array of one over the same memory.

    Python reads and writes these with every bar: so they cost a tenth of what looking each up by its name does.
    """

    __slots__ = (
        "bar_ns",
        "exposure",
        "filled",
        "lots",
        "may_open",
        "mode",
        "pending",
        "reason",
        "refusal",
        "values",
        "waits",
        "wish",
    )

    def __init__(self, accounts: Records, slots: Records) -> None:
        self.bar_ns = accounts["bar_ns"]
        self.filled = accounts["filled"]
        self.may_open = accounts["may_open"]
        self.mode = accounts["mode"]
        self.lots = slots["position"]["lots"]
        self.pending = slots["pending"]
        self.refusal = slots["refusal"]
        orders = slots["orders"]
        self.waits = orders["waits"]
        self.exposure = orders["exposure"]
        self.reason = orders["reason"]
        self.values = orders["values"]
        self.wish = orders["wish"]


class Session:
    """One strategy, one symbol: its state, its orders, its ledger."""

    __slots__ = (
        "_accounts",
        "_address",
        "_bars",
        "_curve",
        "_detail",
        "_fields",
        "_fills",
        "_funding",
        "_head",
        "_notes",
        "_params",
        "_settings",
        "_slots",
        "_spans",
        "_states",
        "layout",
        "params",
        "settings",
        "strategy",
    )

    def __init__(self, strategy: Strategy, params: Mapping[str, Param], settings: Settings) -> None:
        """Start flat with `settings.capital` in cash; compiles the strategy, or loads it, where that is not done yet.

        Raises:
            StrategyError: a parameter the strategy does not take, or a fold that cannot be compiled.
        """
        self.strategy = strategy
        self.params = strategy.params(params)
        self.layout = layout_of(strategy, self.params)
        self._head = _MAGIC + _digest(self.layout)
        self._address = strategy.address()
        self._params = raw(strategy.params_records(self.params))
        self._accounts = np.zeros(1, r.ACCOUNT)
        self._slots = np.zeros(1, r.SLOT)
        self._fields = _Fields(self._accounts, self._slots)
        self._states = raw(np.zeros(1, strategy.state))
        self._settings = np.zeros(1, r.SETTINGS)
        self._bars = np.zeros((1, 1), r.BAR)
        self._detail = np.zeros((1, 0), r.BAR)
        self._spans = np.zeros(0, np.int64)
        self._funding = np.zeros((1, 0))
        self._fills = np.zeros(FILLS_A_BAR, r.FILL)
        self._notes = np.zeros(0, r.NOTE)
        self._curve = np.zeros(1)
        for name in ("cash", "equity", "peak", "day_start"):
            self._accounts[name] = settings.capital
        self.change_settings(settings)

    # --- bars ------------------------------------------------------------------------------------------------------

    def warm(self, bar: Bar) -> None:
        """Fold `bar` without trading: history, or bars missed while away. What waits here stays untouched."""
        self._fold(bar, r.FOLD, may_open=False)

    def decide(
        self, bar: Bar, *, pending_lots: int = 0, may_open: bool = True, resting: Sequence[Request] = ()
    ) -> list[Request]:
        """Fold `bar` and return what to send, in order; `pending_lots` (signed) are on their way already.

        A wished exposure comes as market orders for the difference, the closing one apart from the opening one.
        The strategy sees `resting`, its limit orders at the venue, as a backtest's sees what waits.
        """
        check_bar(bar)
        if bar.close_ns <= self._fields.bar_ns[0]:
            return []
        self._fields.pending[0] = pending_lots
        self._show(resting)
        self._fold(bar, r.LIVE, may_open=may_open)
        orders = self._slots[0].orders
        return [self._request(ask) for ask in orders.asks[: orders.asked] if ask.kind != r.EMPTY]

    def step(self, bar: Bar, *, may_open: bool = True) -> list[SimFill]:
        """Fold `bar` as a backtest does and return what it filled; orders wait in here for the next bar.

        Without `may_open` nothing opens, orders that wait included; exits go on.
        """
        if not self._fold(bar, r.PAPER, may_open=may_open):
            return []
        return self._filled()

    # --- the position ----------------------------------------------------------------------------------------------

    def protect(self, price: float) -> Request | None:
        """Return the order that closes the position if `price` has reached its stop, trailing stop or target.

        It says so again for every such price until the position is closed: send only what is not on its way.
        """
        tag = engine.touched(self._slots, float(price))
        if tag == r.NO_TAG:
            return None
        lots = self.position_lots
        return Request("market", -1 if lots > 0 else 1, abs(lots), 0.0, r.TAGS[tag], reduce_only=True)

    def apply_fill(self, side: int, lots: int, price: float, fee: float, ts_ns: int = 0) -> None:
        """Book a venue's fill; `fee` in quote units, negative for a rebate."""
        how = (int(side), int(lots), float(price), float(fee), int(ts_ns))  # other types would compile once more
        engine.settle(self._accounts, self._slots, self._settings, *how)

    def set_position(self, lots: int) -> None:
        """Correct the position to `lots` without a trade: the floor of the exact quantity after fees in base."""
        engine.correct_lots(self._accounts, self._slots, float(self.settings.lot), int(lots))

    def close_now(self, price: float, ts_ns: int) -> SimFill | None:
        """Drop what waits and close the position at `price` (less slippage and fee), or return None when flat."""
        if not (math.isfinite(price) and price > 0):
            raise DataError(f"cannot close at the price {price}", hint="wait for a price")
        engine.close_position(
            self._accounts, self._slots, self._settings, self._fills, self._notes, float(price), int(ts_ns)
        )
        fills = self._filled()
        return fills[0] if fills else None

    def cancel_waiting(self) -> int:
        """Drop the orders that wait in here and return how many there were."""
        count = self.waits
        self._fields.waits[0] = 0
        return count

    def change_settings(self, settings: Settings) -> None:
        """Use these limits and fees from now on; `capital` only counts at the start."""
        self.settings = settings
        write_settings(self._settings, settings)

    # --- what can be seen ------------------------------------------------------------------------------------------

    @property
    def decision(self) -> Decision:
        """What the strategy said on the last bar; before the first bar it keeps, without a reason."""
        fields = self._fields
        reason, values = self.strategy.explain(int(fields.reason[0]), tuple(fields.values[0].tolist()))
        refusal = int(fields.refusal[0])
        if refusal:
            reason = f"{reason} ({risk.REFUSALS[refusal]})" if reason else risk.REFUSALS[refusal]
        return Decision(self._word(), reason, values)

    @property
    def position_lots(self) -> int:
        """Signed: short is negative."""
        return int(self._fields.lots[0])

    @property
    def average_price(self) -> float:
        """The entry price of the position, 0.0 when flat."""
        return float(self._slots["position"]["average"][0])

    @property
    def stop_price(self) -> float:
        """The fixed stop of the position, 0.0 for none."""
        return float(self._slots["position"]["stop"][0])

    @property
    def target_price(self) -> float:
        """The target of the position, 0.0 for none."""
        return float(self._slots["position"]["target"][0])

    @property
    def cash(self) -> float:
        """In quote units, after fees."""
        return float(self._accounts["cash"][0])

    @property
    def realised(self) -> float:
        """Closed profit and loss before fees."""
        return float(self._slots["position"]["realised"][0])

    @property
    def fees(self) -> float:
        """Paid so far."""
        return float(self._slots["position"]["fees"][0])

    @property
    def last_equity(self) -> float:
        """Equity at the close of the last bar."""
        return float(self._accounts["equity"][0])

    @property
    def day_start_equity(self) -> float:
        """Equity when the UTC day of the last bar began."""
        return float(self._accounts["day_start"][0])

    @property
    def day_start_ns(self) -> int:
        """Midnight UTC of the last bar's day."""
        return int(self._accounts["day_ns"][0])

    @property
    def last_bar_ns(self) -> int:
        """The close of the last bar folded, 0 before the first."""
        return int(self._fields.bar_ns[0])

    @property
    def bars(self) -> int:
        """How many bars were folded, warm-up included."""
        return int(self._accounts["bars"][0])

    @property
    def waits(self) -> int:
        """How many orders wait in here (paper), or were last shown as resting (live)."""
        return int(self._fields.waits[0])

    @property
    def waiting(self) -> list[Request]:
        """The orders that wait in here (paper), or were last shown as resting (live)."""
        return [self._request(order) for order in self._slots[0].orders.waiting[: self.waits]]

    def equity(self, mark: float) -> float:
        """Return cash and the position's value at `mark`."""
        return self.cash + self.position_lots * self.settings.lot * mark

    # --- checkpoints -----------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return all there is as bytes for `restore`; settings are not part of it, nor what was only asked for."""
        slot = self._slots.tobytes()
        waiting = slot[_WAITING_AT : _WAITING_AT + self.waits * r.ORDER.itemsize]
        return self._head + self._accounts.tobytes() + self._states.tobytes() + slot[:_KEPT] + waiting

    def restore(self, data: bytes) -> None:
        """Become what `snapshot` saw.

        Raises:
            CheckpointMismatch: bytes of another layout or length; nothing changed.
        """
        head = self._head
        least = len(head) + self._accounts.nbytes + self._states.nbytes + _KEPT
        waiting = len(data) - least
        hint = "the bot warms up afresh and takes its position from the ledger"
        if waiting < 0 or waiting % r.ORDER.itemsize or waiting > r.WAITING * r.ORDER.itemsize:
            raise CheckpointMismatch(f"a checkpoint of {len(data)} bytes, not {least} and its orders", hint=hint)
        if data[: len(head)] != head:
            raise CheckpointMismatch(f"a checkpoint that is not of {self.layout}", hint=hint)
        slot = np.zeros(1, r.SLOT)
        parts = (self._accounts, self._states, _bytes(slot)[:_KEPT], _bytes(slot)[_WAITING_AT : _WAITING_AT + waiting])
        at = len(head)
        for part in parts:
            _bytes(part)[:] = np.frombuffer(data, np.uint8, count=part.nbytes, offset=at)
            at += part.nbytes
        self._slots[:] = slot

    # --- inside ----------------------------------------------------------------------------------------------------

    def _show(self, resting: Sequence[Request]) -> None:
        """Let the strategy see these orders as what it has resting."""
        shown = resting[: r.WAITING]
        self._fields.waits[0] = len(shown)
        if not shown:
            return
        rows = self._slots["orders"]["waiting"][0, : len(shown)]
        rows[:] = np.zeros(1, r.ORDER)
        rows["kind"] = r.LIMIT
        for row, one in zip(rows, shown, strict=True):
            row["side"], row["lots"], row["price"] = one.side, one.lots, one.price
            row["tag"], row["reduce_only"] = tag_code(one.tag, self.strategy), one.reduce_only

    def _fold(self, bar: Bar, mode: int, *, may_open: bool) -> bool:
        """Run one bar through the engine; False when it was seen already."""
        check_bar(bar)
        fields = self._fields
        if bar.close_ns <= fields.bar_ns[0]:
            return False
        fields.mode[0] = mode
        fields.may_open[0] = may_open
        self._bars[0, 0] = (bar.open_ns, bar.close_ns, bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._simulate(self._bars)
        return True

    def _simulate(self, bars: Records) -> None:
        engine.simulate(
            self._address,
            self._accounts,
            self._slots,
            self._states,
            self._settings,
            self._params,
            bars,
            self._detail,
            self._spans,
            self._funding,
            self._fills,
            self._notes,
            self._curve,
            0,
        )

    def _filled(self) -> list[SimFill]:
        filled = int(self._fields.filled[0])
        return [sim_fill(row, self.strategy) for row in self._fills[:filled].tolist()] if filled else []

    def _request(self, ask: Rec) -> Request:
        return Request(
            KINDS[int(ask.kind)],
            int(ask.side),
            int(ask.lots),
            float(ask.price if ask.kind == r.LIMIT or ask.kind == r.STOP_LIMIT else ask.trigger),
            tag_word(int(ask.tag), self.strategy),
            bool(ask.reduce_only),
            bool(ask.force == r.IMMEDIATE),
        )

    def _word(self) -> Word:
        if self._fields.wish[0] == r.NO_WISH:
            return "keep"
        exposure = self._fields.exposure[0]
        if exposure > 0:
            return "long"
        return "short" if exposure < 0 and self.settings.allow_short else "flat"


def check_bar(bar: Bar) -> None:
    """Return if `bar` is one that can be traded on.

    Raises:
        DataError: a price or volume that no market has, or a bar that does not enclose its own prices.
    """
    low, high = bar.low, bar.high
    finite = math.isfinite(high) and math.isfinite(bar.volume)
    if finite and 0 < low <= bar.open <= high and low <= bar.close <= high and bar.volume >= 0:
        return
    raise DataError(
        f"bar at {bar.open_ns} is not one: open {bar.open} high {high} low {low} close {bar.close} volume {bar.volume}",
        hint="the source sent it so; it was not folded",
    )


def layout_of(strategy: Strategy, params: Iterable[object]) -> str:
    """Return what a checkpoint must agree with: strategy, parameters, records, sources."""
    shape = _digest(f"{_SHAPE}{strategy.state.descr}").hex()
    return f"{strategy.name}{tuple(params)!r} records {shape} source {strategy.source_hash}"


def tag_word(tag: int, strategy: Strategy) -> str:
    """Return the word of a tag."""
    if tag < len(r.TAGS):
        return r.TAGS[tag]
    return strategy.tags.get(tag, str(tag))


def tag_code(word: str, strategy: Strategy) -> int:
    """Return the tag of a word; NO_TAG for one that this strategy does not use."""
    if word in r.TAGS:
        return r.TAGS.index(word)
    return next((code for code, known in strategy.tags.items() if known == word), r.NO_TAG)


def sim_fill(row: tuple[int, int, int, int, float, float, int, int, float, int], strategy: Strategy) -> SimFill:
    """Return one row of the engine's fills in words."""
    ts_ns, _, side, lots, price, fee, tag, is_maker, realised, order = row
    return SimFill(ts_ns, side, lots, price, fee, bool(is_maker), tag_word(tag, strategy), realised, order)


def _bytes(rows: Records) -> Records:
    return rows.reshape(-1).view(np.uint8)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


__all__ = ["Decision", "Kind", "Request", "Session", "Settings", "SimFill", "Word", "layout_of", "sim_fill"]
