"""The engine's records for one account and its symbols: made once, used for any number of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from algobot.kernel import engine
from algobot.kernel import records as r
from algobot.kernel.dispatch import raw
from algobot.kernel.filling import FILLS_A_BAR
from algobot.kernel.journal import NOTES_A_BAR
from algobot.kernel.records import Records
from algobot.kernel.settings import Settings, write_settings
from algobot.kernel.strategy import Strategy
from algobot.research.tape import Detail

_FILLS: Final = 4096  # taken over in pieces of at most this many
_NOTES: Final = 16384
_NO_DETAIL: Final = Detail(np.zeros((1, 0), r.BAR), np.zeros(0, np.int64), 0)


def _nothing(rows: Records) -> None:
    """Take rows that nobody wants."""


class Desk:
    """One account, where one thread at a time runs one set of parameters after the other."""

    def __init__(
        self,
        strategy: Strategy,
        settings: Settings,
        symbols: int,
        *,
        detail: Detail = _NO_DETAIL,
        journal: bool = False,
    ) -> None:
        """Take the memory; compiles the strategy, or loads it, where that is not done yet.

        With `detail` the orders of the traded bars meet those finer bars; with `journal` all orders are noted.

        Raises:
            StrategyError: the strategy cannot be compiled.
        """
        self._strategy = strategy
        self._capital = settings.capital
        self._address = strategy.address()
        self._accounts = np.zeros(1, r.ACCOUNT)
        self._slots = np.zeros(symbols, r.SLOT)
        self._states = raw(np.zeros(symbols, strategy.state))
        self._settings = np.zeros(symbols, r.SETTINGS)
        write_settings(self._settings, settings)
        most = symbols * (detail.most() if settings.participation_fraction > 0.0 else 1)
        self._fills = np.zeros(max(_FILLS, 2 * most * FILLS_A_BAR), r.FILL)
        self._notes = np.zeros(max(_NOTES, 2 * most * NOTES_A_BAR) if journal else 0, r.NOTE)
        self._detail = detail
        self._spot = np.zeros((symbols, 0))

    def open(self, params: Any) -> None:
        """Begin a run with these `Params`: flat, the capital in cash, nothing remembered."""
        self._params = raw(self._strategy.params_records(params, len(self._slots)))
        for rows in (self._accounts, self._slots, self._states):
            rows.view(np.uint8).fill(0)
        for name in ("cash", "equity", "peak", "day_start"):
            self._accounts[name] = self._capital
        self._accounts["may_open"] = 1

    @property
    def ambiguous(self) -> int:
        """Bars so far in which the path of the price decided which of two fills came first."""
        return int(self._accounts["ambiguous"][0])

    @property
    def lacking(self) -> int:
        """Bars of a symbol without finer ones, where such were given."""
        return self._detail.lacking

    @property
    def funding(self) -> float:
        """Received so far by all positions, in quote units; negative is paid."""
        return float(self._slots["position"]["funding"].sum())

    def fold(
        self,
        bars: Records,
        mode: int,
        curve: Records,
        take: Callable[[Records], None],
        note: Callable[[Records], None] = _nothing,
        *,
        funding: Records | None = None,
    ) -> None:
        """Run `bars[symbol, t]` in this mode; `curve[t]` gets the equity after it, `take` and `note` rows by pieces."""
        self._accounts["mode"] = mode
        due = self._spot if funding is None else funding
        detail = self._detail if mode == r.PAPER else _NO_DETAIL
        t = 0
        while t < bars.shape[1]:
            t = engine.simulate(
                self._address,
                self._accounts,
                self._slots,
                self._states,
                self._settings,
                self._params,
                bars,
                detail.bars,
                detail.spans,
                due,
                self._fills,
                self._notes,
                curve,
                t,
            )
            take(self._fills[: self._accounts["filled"][0]])
            note(self._notes[: self._accounts["noted"][0]])
