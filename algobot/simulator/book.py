"""A limit order book in ticks and lots: best price first, and at one price whoever came first.

Pure: no clock, no accounts, no I/O. `update_id` grows by one with every change of a level, which is what the depth
streams count by.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Owner = TypeVar("Owner")


class Resting(Generic[Owner]):
    """Lots waiting at a price. `side` is +1 for a bid, -1 for an ask; `owner` is whatever the caller put there."""

    __slots__ = ("lots", "owner", "price", "side")

    def __init__(self, side: int, price: int, lots: int, owner: Owner) -> None:
        self.side = side
        self.price = price
        self.lots = lots
        self.owner = owner


class Ladder(Generic[Owner]):
    """One side of a book. Keys are `side * price`, so the best is always the greatest."""

    __slots__ = ("_keys", "_levels", "_totals", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self._keys: list[int] = []
        self._levels: dict[int, dict[int, Resting[Owner]]] = {}
        self._totals: dict[int, int] = {}

    @property
    def best(self) -> int | None:
        """The best price, or None when nobody rests here."""
        return self.side * self._keys[-1] if self._keys else None

    def total(self, price: int) -> int:
        """Return the lots waiting at `price`."""
        return self._totals.get(price * self.side, 0)

    def add(self, resting: Resting[Owner]) -> None:
        """Queue behind everybody at the same price."""
        key = resting.price * self.side
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = {}
            self._totals[key] = 0
            insort(self._keys, key)
        level[id(resting)] = resting
        self._totals[key] += resting.lots

    def remove(self, resting: Resting[Owner]) -> bool:
        """Take a resting order out; returns whether it was there."""
        key = resting.price * self.side
        level = self._levels.get(key)
        if level is None or level.pop(id(resting), None) is None:
            return False
        self._totals[key] -= resting.lots
        if not level:
            self._drop(key)
        return True

    def take(self, resting: Resting[Owner], lots: int) -> None:
        """Reduce a resting order by `lots`, dropping it when nothing is left."""
        key = resting.price * self.side
        resting.lots -= lots
        self._totals[key] -= lots
        if not resting.lots:
            level = self._levels[key]
            del level[id(resting)]
            if not level:
                self._drop(key)

    def queue(self) -> Iterator[Resting[Owner]]:
        """Yield who would be hit, in order. The book must not change meanwhile."""
        for key in reversed(self._keys):
            yield from self._levels[key].values()

    def first(self) -> Resting[Owner] | None:
        """Return who is hit next."""
        return next(iter(self._levels[self._keys[-1]].values())) if self._keys else None

    def depth(self, limit: int) -> list[tuple[int, int]]:
        """Return up to `limit` (price, lots), best first."""
        side, totals = self.side, self._totals
        return [(key * side, totals[key]) for key in self._keys[: -limit - 1 : -1]]

    def _drop(self, key: int) -> None:
        del self._levels[key], self._totals[key]
        del self._keys[bisect_left(self._keys, key)]


class Watcher:
    """The prices that changed since they were last read, per side: what a depth stream sends."""

    __slots__ = ("changed", "since")

    def __init__(self, update_id: int) -> None:
        self.since = update_id
        self.changed: set[tuple[int, int]] = set()


class Book(Generic[Owner]):
    """Both sides of one market."""

    def __init__(self) -> None:
        self.bids: Ladder[Owner] = Ladder(1)
        self.asks: Ladder[Owner] = Ladder(-1)
        self.update_id = 1
        self._watchers: list[Watcher] = []

    def side(self, side: int) -> Ladder[Owner]:
        """Return the ladder where orders of `side` rest."""
        return self.bids if side > 0 else self.asks

    def watch(self) -> Watcher:
        """Return a watcher of changes from now on."""
        watcher = Watcher(self.update_id)
        self._watchers.append(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """Stop recording for `watcher`."""
        self._watchers.remove(watcher)

    def add(self, resting: Resting[Owner]) -> None:
        """Let an order rest. The caller has matched it first: a book is never crossed."""
        self.side(resting.side).add(resting)
        self._touch(resting.side, resting.price)

    def remove(self, resting: Resting[Owner]) -> bool:
        """Take an order out; returns whether it was there."""
        if not self.side(resting.side).remove(resting):
            return False
        self._touch(resting.side, resting.price)
        return True

    def crosses(self, side: int, price: int) -> bool:
        """Return whether an order of `side` at `price` would trade at once."""
        best = self.side(-side).best
        return best is not None and side * price >= side * best

    def match(self, side: int, lots: int, limit: int | None) -> Iterator[tuple[Resting[Owner], int]]:
        """Yield (who was hit, lots), best price first and oldest first, until `lots` are done or `limit` ends it.

        Every yielded trade is at the resting order's price and has already been taken out of the book.
        """
        ladder = self.side(-side)
        while lots > 0:
            resting = ladder.first()
            if resting is None or (limit is not None and side * resting.price > side * limit):
                return
            done = min(lots, resting.lots)
            lots -= done
            ladder.take(resting, done)
            self._touch(-side, resting.price)
            yield resting, done

    def reach(
        self, side: int, limit: int | None, skip: Callable[[Owner], bool] | None = None
    ) -> Iterator[Resting[Owner]]:
        """Yield, in order, whom an order of `side` within `limit` could hit, without those whose owner is skipped."""
        for resting in self.side(-side).queue():
            if limit is not None and side * resting.price > side * limit:
                return
            if skip is None or not skip(resting.owner):
                yield resting

    def cost_of(self, side: int, lots: int, skip: Callable[[Owner], bool] | None = None) -> tuple[int, int]:
        """Return (lots that would trade, sum of price times lots) of a market order."""
        done = cost = 0
        for resting in self.reach(side, None, skip):
            take = min(lots - done, resting.lots)
            done += take
            cost += take * resting.price
            if done == lots:
                break
        return done, cost

    def lots_for(self, side: int, budget: int, skip: Callable[[Owner], bool] | None = None) -> int:
        """Return the most lots whose sum of price times lots stays within `budget`."""
        lots = 0
        for resting in self.reach(side, None, skip):
            take = min(resting.lots, budget // resting.price)
            lots += take
            budget -= take * resting.price
            if take < resting.lots:
                break
        return lots

    def _touch(self, side: int, price: int) -> None:
        self.update_id += 1
        for watcher in self._watchers:
            watcher.changed.add((side, price))
