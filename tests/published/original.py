"""The original's engine: one bar at a time, all symbols, signals and fills on the same close.

1. Orders that rest fill at their limit. 2. Symbol by symbol: mark, test stop and target, else let the strategy trade at
the close. 3. The sum of the marks of step 2 and the cash of step 1 is the bar's equity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Rec, Records
from algobot.kernel.strategy import Strategy
from algobot.model import Param
from tests.published.book import Book, Deal, Held, Trade
from tests.published.conventions import Conventions
from tests.published.fold import Folds, Resting, Seen

SLIPPAGE: Final = 0.001
FEE: Final = 0.001


class Account(NamedTuple):
    """The original's risk settings, as fractions."""

    capital: float = 100_000.0
    risk_per_trade: float = 0.15
    max_positions: int = 5
    heat: float = 0.30
    max_position: float = 0.20
    max_drawdown: float = 0.20
    warning: float = 0.10
    warning_multiplier: float = 0.50
    critical: float = 0.15
    critical_multiplier: float = 0.25
    max_losses: int = 3
    losses_multiplier: float = 0.75


class Result(NamedTuple):
    """What a run gives, and what its conventions did."""

    curve: list[float]  # equity of each bar
    trades: list[Trade]
    overdrawn: int  # fills of resting orders that left cash negative
    dropped: int  # market buys without the cash

    @property
    def same_bar(self) -> int:
        """Trades that began and ended in one bar, so by a price that may have been before their entry's."""
        return sum(trade.entered == trade.left for trade in self.trades)


class Original:
    """One run."""

    def __init__(
        self,
        strategy: Strategy,
        params: Mapping[str, Param],
        account: Account,
        bars: Records,
        how: Conventions = Conventions(),  # noqa: B008 - a frozen tuple
    ) -> None:
        self._bars = bars
        self._how = how
        self._account = account
        self._folds = Folds(strategy, params, len(bars))
        self._book = Book(account.capital, len(bars), how)
        self._resting: list[list[Resting]] = [[] for _ in bars]
        self._brackets: list[list[tuple[float, float, float]]] = [[] for _ in bars]
        self._capital = self._peak = account.capital  # of the last mark
        self._overdrawn = self._dropped = 0

    def run(self) -> Result:
        """Return what comes of all bars."""
        curve = [self._bar(t) for t in range(self._bars.shape[1])]
        last = self._bars.shape[1] - 1
        self._book.close_all([float(row[last].close) for row in self._bars], FEE, last)
        return Result(curve, self._book.trades, self._overdrawn, self._dropped)

    def _bar(self, t: int) -> float:
        for symbol in range(len(self._bars)):
            self._fill_resting(symbol, self._bars[symbol, t], t)
        total = self._book.cash
        for symbol in range(len(self._bars)):
            bar = self._bars[symbol, t]
            held = self._book.position(symbol)
            if held is not None:
                total += self._worth(held, bar)
            orders = self._ask(symbol, bar, held, total, t)
            self._brackets[symbol].append(
                (float(orders.stop_distance), float(orders.target_distance), float(orders.target_fraction))
            )
            if held is not None and self._exits(symbol, held, bar, float(orders.ratchet), t):
                self._folds.take_back(symbol)
            else:
                self._folds.keep()
                self._execute(symbol, held, bar, orders, t)
        self._capital = total
        self._peak = max(self._peak, total)
        return total

    def _worth(self, held: Held, bar: Rec) -> float:
        side = 1 if self._how.shorts_are_assets else held.side
        return side * held.quantity * float(bar.close)

    def _fill_resting(self, symbol: int, bar: Rec, t: int) -> None:
        keep = []
        for order in self._resting[symbol]:
            if bar.low <= order.price if order.side > 0 else bar.high >= order.price:
                fee = order.price * order.quantity * FEE
                done = self._book.fill(symbol, Deal(order.side, order.quantity, order.price, fee, t))
                if done.before is not None and (done.closed or done.turned):
                    self._book.record(symbol, done.before, order.price, FEE, t)
                self._overdrawn += self._book.cash < 0.0
            else:
                keep.append(order)
        self._resting[symbol] = keep

    def _ask(self, symbol: int, bar: Rec, held: Held | None, total: float, t: int) -> Rec:
        if not self._how.partial_equity:
            later = range(symbol + 1, len(self._bars))
            others = ((self._book.position(k), self._bars[k, t]) for k in later)
            total += sum(self._worth(held, bar) for held, bar in others if held is not None)
        seen = Seen(
            held.side * held.quantity if held else 0.0,
            held.average if held else 0.0,
            self._book.closes[symbol],
            total,
            self._peak,
            self._book.cash,
        )
        return self._folds.ask(symbol, bar, seen, self._resting[symbol])

    # --- exits -----------------------------------------------------------------------------------------------------

    def _exits(self, symbol: int, held: Held, bar: Rec, follows: float, t: int) -> bool:
        """Close the position at its stop or target, and return whether that was so."""
        book, side = self._book, held.side
        if symbol not in book.levels:
            book.levels[symbol] = self._levels(symbol, held)
        if follows > 0.0:
            book.trails[symbol] = max(book.trails.get(symbol, follows), follows)
        first_stop, target = book.levels[symbol]
        stop = book.trails.get(symbol, first_stop)
        open_, close = float(bar.open), float(bar.close)
        stopped = (close - stop) * side <= 0.0
        reached = ((float(bar.high) if side > 0 else float(bar.low)) - target) * side >= 0.0
        if held.last == t and not self._how.target_within_the_entry_bar:
            reached = False
        if not (stopped or reached):
            return False
        trigger = target if reached else stop
        worse = min(open_, trigger) if side > 0 else max(open_, trigger)
        better = max(open_, trigger) if side > 0 else min(open_, trigger)
        if reached:
            price = worse if self._how.target_fills_at_the_open else better
        else:
            price = worse if self._how.stop_fills_at_its_price else close
        price *= 1.0 - side * SLIPPAGE
        done = book.fill(symbol, Deal(-side, held.quantity, price, price * held.quantity * FEE, t))
        if done.before is not None and (done.closed or done.turned):
            book.record(symbol, done.before, price, FEE, t)
        if done.closed:
            book.held.pop(symbol, None)
        return True

    def _levels(self, symbol: int, held: Held) -> tuple[float, float]:
        """Return stop and target from the bar of the first entry and the average price."""
        stop_distance, target_distance, fraction = self._brackets[symbol][held.entered]
        further = target_distance + held.average * fraction
        return held.average - held.side * stop_distance, held.average + held.side * further

    # --- what the strategy wants -----------------------------------------------------------------------------------

    def _execute(self, symbol: int, held: Held | None, bar: Rec, orders: Rec, t: int) -> None:
        close = float(bar.close)
        if orders.wish != r.NO_WISH:
            wanted = int(np.sign(orders.exposure))
            if held is None and wanted != 0:
                quantity = self._entry_size(symbol, wanted, close, float(orders.score))
                self._market(symbol, wanted, quantity, close, t)
            elif held is not None and wanted == 0:
                self._market(symbol, -held.side, held.quantity, close, t)
        for i in range(orders.asked):
            ask = orders.asks[i]
            side, quantity = int(ask.side), float(ask.amount)
            if held is None:
                quantity = self._entry_size(symbol, side, close, float(orders.score))
            if quantity > 0.0:
                self._resting[symbol].append(Resting(side, quantity, float(ask.price), t))

    def _market(self, symbol: int, side: int, quantity: float, close: float, t: int) -> None:
        price = close * (1.0 + side * SLIPPAGE)
        if quantity <= 0.0:
            return
        if side > 0 and self._book.cash < price * quantity + price * quantity * FEE:
            self._dropped += 1
            return
        done = self._book.fill(symbol, Deal(side, quantity, price, price * quantity * FEE, t))
        if done.before is not None and done.closed:
            self._book.record(symbol, done.before, price, FEE, t)

    def _entry_size(self, symbol: int, side: int, close: float, score: float) -> float:
        """Return how much an entry may be, 0.0 for nothing."""
        rules, capital = self._account, self._capital
        fallen = (self._peak - capital) / self._peak
        if fallen >= rules.max_drawdown or self._book.open_positions() >= rules.max_positions:
            return 0.0
        risk = capital * rules.risk_per_trade * score
        if fallen >= rules.critical:
            risk *= rules.critical_multiplier
        elif fallen >= rules.warning:
            risk *= rules.warning_multiplier
        if self._book.losses >= rules.max_losses:
            risk *= rules.losses_multiplier
        distance = abs(close - (close - side * self._brackets[symbol][-1][0]))
        if not distance > 0.0:
            return 0.0
        size = risk / distance
        if size * close > capital * rules.max_position:
            size = capital * rules.max_position / close
        if risk > capital * rules.heat:
            size = min(size, capital * rules.heat / distance)
        return size
