"""What a bot holds, told twice and kept together: the kernel's session (floats, lots) and the exact book (decimals).

The session decides; the book is shown and reconciled. After every fill the session's lots are the floor of the book's
position, so that a fee paid in the base asset never makes the bot sell what it does not have; and none at all where
that is too little to be sold, so that such dust never keeps a strategy from its next entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from algobot.errors import CheckpointMismatch
from algobot.model import BotMode, BotSpec, ClientOrderId, Fill, Instrument, Side, TradeId, as_decimal
from daemon.account_book import Book, after, birth, fold
from daemon.messages import Checkpoint, FillArrived

if TYPE_CHECKING:
    from algobot.kernel.session import Session, Settings, SimFill


def settings_of(spec: BotSpec, instrument: Instrument) -> Settings:
    """Return the kernel's settings of a bot: its own limits, its instrument's steps and fees."""
    from algobot.kernel.session import Settings

    return Settings(
        lot=float(instrument.lot),
        tick=float(instrument.tick),
        maker_fee=float(instrument.maker_fee),
        taker_fee=float(instrument.taker_fee),
        capital=float(spec.capital),
        position_fraction=spec.position_fraction,
        allow_short=spec.allow_short,
        **msgspec.structs.asdict(spec.risk),
    )


class Holding:
    """Session and book of one bot."""

    __slots__ = ("book", "instrument", "ledger_seq", "session", "spec")

    def __init__(self, spec: BotSpec, instrument: Instrument, session: Session) -> None:
        self.spec = spec
        self.instrument = instrument
        self.session = session
        self.book: Book = birth(spec.capital)
        self.ledger_seq = 0

    def recall(self, checkpoint: Checkpoint | None, ledger: Iterable[FillArrived]) -> bool:
        """Become what checkpoint and ledger say; False when the checkpoint could not be used and history is needed.

        `ledger` is every fill the bot ever had, oldest first. The book folds all of them, the session those that
        the checkpoint has not seen: of a paper bot there are none, its fills and its checkpoint are written together.
        """
        fills = list(ledger)
        self.book = fold(birth(self.spec.capital), (one.fill for one in fills), self.instrument)
        known = self._restore(checkpoint)
        for one in fills:
            if not known or (self.spec.mode is BotMode.LIVE and one.ledger_seq > self.ledger_seq):
                self._tell_session(one.fill)
        self.ledger_seq = max([self.ledger_seq, *(one.ledger_seq for one in fills)])
        if fills and not (known and self.spec.mode is BotMode.PAPER):  # a backtest knows no dust: it trades on
            self._agree(fills[-1].fill.price)
        return known

    def reenter(self, checkpoint: Checkpoint | None, book: Book) -> bool:
        """Become what this process knew a moment ago (`checkpoint` and `book` belong together)."""
        known = self._restore(checkpoint)
        self.book = book
        return known

    def venue_fill(self, arrived: FillArrived) -> bool:
        """Book a fill of the ledger; False when it was booked before."""
        if arrived.ledger_seq <= self.ledger_seq:
            return False
        self.book = after(self.book, arrived.fill, self.instrument)
        self._tell_session(arrived.fill)
        self.ledger_seq = arrived.ledger_seq
        self._agree(arrived.fill.price)
        return True

    def paper_fill(self, done: SimFill, *, bar_close_ns: int, recv_ns: int) -> Fill:
        """Book a fill the session made by itself and return its row.

        Its trade id counts the bot's fills: made again after a crash it is the same, on a market replayed it is not.
        """
        trade_id = TradeId(f"{self.spec.bot_id}:{bar_close_ns}:{self.book.fills}")
        fill = Fill(
            trade_id=trade_id,
            account_id=self.spec.account_id,
            bot_id=self.spec.bot_id,
            client_order_id=ClientOrderId(f"paper:{trade_id}"),
            symbol=self.spec.symbol,
            side=Side(done.side),
            quantity=self.instrument.to_quantity(done.lots),
            price=as_decimal(done.price),
            fee=as_decimal(done.fee),
            fee_currency=self.instrument.quote,
            is_maker=done.is_maker,
            ts_event_ns=done.ts_ns,
            ts_recv_ns=recv_ns,
            tag=done.tag,
        )
        self.book = after(self.book, fill, self.instrument)
        return fill

    def checkpoint(self, now_ns: int, *, paused: bool, day_start: float, day_start_ns: int) -> Checkpoint:
        """Return what the bot needs to go on from here."""
        return Checkpoint(
            bot_id=self.spec.bot_id,
            bar_close_ns=self.session.last_bar_ns,
            ledger_seq=self.ledger_seq,
            session=self.session.snapshot(),
            layout=self.session.layout,
            written_ns=now_ns,
            paused=paused,
            day_start_equity=day_start,
            day_start_ns=day_start_ns,
        )

    def change_spec(self, spec: BotSpec) -> None:
        """Use these limits from now on; the capital stays what it was at birth."""
        self.spec = msgspec.structs.replace(spec, capital=self.spec.capital)
        self.session.change_settings(settings_of(self.spec, self.instrument))

    def _restore(self, checkpoint: Checkpoint | None) -> bool:
        if checkpoint is None or checkpoint.layout != self.session.layout:
            return False
        try:
            self.session.restore(checkpoint.session)
        except CheckpointMismatch:
            return False
        self.ledger_seq = checkpoint.ledger_seq
        return True

    def _tell_session(self, fill: Fill) -> None:
        lots = self.instrument.to_lots(fill.quantity)
        fee = fill.fee if fill.fee_currency == self.instrument.quote else Decimal(0)
        if lots:
            self.session.apply_fill(int(fill.side), lots, float(fill.price), float(fee), fill.ts_event_ns)

    def _agree(self, price: Decimal) -> None:
        held = self.book.position
        lots = 0 if self.instrument.is_dust(held, price) else self.instrument.to_lots(held)
        if lots != self.session.position_lots:
            self.session.set_position(lots)
