"""Hands of a paper bot: the kernel matches against real bars, its fills become rows with the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algobot.model import Bar, Fill, Quote
from daemon.bot_hands import Keep
from daemon.bot_ports import Outlets
from daemon.holding import Holding
from daemon.messages import FillArrived, OrderMoved

if TYPE_CHECKING:
    from algobot.kernel.session import SimFill


class PaperHands:
    """Fills exactly as a backtest on the same bars does; quotes only move the mark."""

    __slots__ = ("_holding", "_keep", "_out")

    def __init__(self, holding: Holding, outlets: Outlets, keep: Keep) -> None:
        self._holding = holding
        self._out = outlets
        self._keep = keep

    @property
    def note(self) -> str:
        """The decision says it all."""
        return ""

    @property
    def open_orders(self) -> int:
        """How many orders wait in the kernel."""
        return self._holding.session.waits

    @property
    def orders(self) -> int:
        """Every fill was an order of its own; those that wait come on top."""
        return self._holding.book.fills + self.open_orders

    def fold(self, bar: Bar, *, may_open: bool, may_reduce: bool) -> bool:
        """Step the kernel over the bar."""
        session = self._holding.session
        done = session.step(bar, may_open=may_open)
        if not done:
            return False
        self._keep(fills=tuple(self._row(one, bar.close_ns) for one in done))
        return True

    def protect(self, quote: Quote, *, may_reduce: bool) -> None:
        """Stops of a paper position are matched within bars, as in a backtest."""

    def hear(self, message: FillArrived | OrderMoved) -> str:
        """No gateway talks to a paper bot."""
        return ""

    def quiet(self, closing: str) -> bool:
        """Drop what waits."""
        self._holding.session.cancel_waiting()
        return True

    def close(self, tag: str, mark: float, *, may_reduce: bool) -> bool:
        """Close at the mark, now; without a mark there is nothing to close at yet."""
        holding = self._holding
        if holding.session.position_lots == 0:
            return True
        if not mark:
            return False
        now_ns = self._out.now_ns()
        done = holding.session.close_now(mark, now_ns)
        if done is not None:
            self._keep(fills=(self._row(done._replace(tag=tag), holding.session.last_bar_ns),))
        return True

    def _row(self, done: SimFill, bar_close_ns: int) -> Fill:
        return self._holding.paper_fill(done, bar_close_ns=bar_close_ns, recv_ns=self._out.now_ns())
