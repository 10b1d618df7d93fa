"""The market maker: a ladder of real orders around the reference price, renewed whenever that moves."""

from __future__ import annotations

from random import Random

from algobot.simulator.book import Resting
from algobot.simulator.exchange import Exchange, Market
from algobot.simulator.orders import Order
from algobot.simulator.units import UNIT


class Maker:
    """Quotes one market. Its sizes are drawn once from the seed, so a quiet book does not flicker."""

    def __init__(
        self, exchange: Exchange, market: Market, *, spread_bps: float, depth_quote: float, levels: int, random: Random
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._half = spread_bps / 20_000
        self._sizes = [depth_quote * (1 + 0.5 * i) * random.uniform(0.5, 1.5) for i in range(2 * levels)]
        self._levels = levels
        self._resting: list[Resting[Order | None]] = []

    def pull(self) -> None:
        """Take every quote out of the book."""
        book = self._market.book
        for resting in self._resting:
            book.remove(resting)
        self._resting.clear()

    def quote(self, price: int, ms: int) -> None:
        """Quote both sides around `price` (ticks); what crosses an account's order trades with it."""
        rules = self._market.rules
        half = max(1, round(price * self._half))
        gap = max(1, half // 2)
        value_of_lot = max(1, rules.notional(price, 1)) / UNIT
        for level in range(self._levels):
            for i, side in ((2 * level, 1), (2 * level + 1, -1)):
                at = price - side * (half + level * gap)
                lots = max(1, int(self._sizes[i] / value_of_lot))
                if at >= 1:
                    resting = self._exchange.quote(self._market, side, at, lots, ms)
                    if resting is not None:
                        self._resting.append(resting)
