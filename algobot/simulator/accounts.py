"""Who holds what: balances in units, free and locked, and the fee each account pays."""

from __future__ import annotations

from collections import defaultdict, deque
from copy import copy
from typing import Final

PPM: Final = 1_000_000
PAST: Final = 2000  # changes of balance that are remembered


class Account:
    """One set of keys and its balances. Every change keeps free and locked at or above zero."""

    def __init__(self, name: str, key: str, secret: str, *, maker_ppm: int = 1000, taker_ppm: int = 1000) -> None:
        self.name = name
        self.key = key
        self.secret = secret
        self.maker_ppm = maker_ppm
        self.taker_ppm = taker_ppm
        self.fee_in_quote = False
        self.can_withdraw = False
        self.updated_ms = 0
        self.free: defaultdict[str, int] = defaultdict(int)
        self.locked: defaultdict[str, int] = defaultdict(int)
        self._past: deque[tuple[int, dict[str, int], dict[str, int]]] = deque(maxlen=PAST)

    def remember(self, ms: int) -> None:
        """Keep the balances as they are now, for those who will look from behind."""
        self._past.append((ms, dict(self.free), dict(self.locked)))

    def as_of(self, ms: int) -> Account:
        """Return the account with the balances it had at a time, or with the oldest remembered."""
        known = [state for state in self._past if state[0] <= ms] or list(self._past)[:1]
        if not known:
            return self
        then = copy(self)
        then.updated_ms, then.free, then.locked = (
            known[-1][0],
            defaultdict(int, known[-1][1]),
            defaultdict(int, known[-1][2]),
        )
        return then

    def assets(self) -> list[str]:
        """Return every asset ever held, sorted."""
        return sorted({*self.free, *self.locked})

    def lock(self, asset: str, units: int) -> bool:
        """Move units from free to locked; False, and nothing moved, when there are too few."""
        if self.free[asset] < units:
            return False
        self.free[asset] -= units
        self.locked[asset] += units
        return True

    def unlock(self, asset: str, units: int) -> None:
        """Move units back from locked to free."""
        assert 0 <= units <= self.locked[asset], f"unlocking {units} {asset} of {self.locked[asset]}"
        self.locked[asset] -= units
        self.free[asset] += units

    def spend(self, asset: str, units: int) -> None:
        """Pay out of what is locked."""
        assert 0 <= units <= self.locked[asset], f"spending {units} {asset} of {self.locked[asset]} locked"
        self.locked[asset] -= units

    def receive(self, asset: str, units: int) -> None:
        """Add to what is free."""
        self.free[asset] += units


class House:
    """The background's side of every trade: the market maker and the fee box. It never runs out; it is only counted."""

    def __init__(self) -> None:
        self.maker: defaultdict[str, int] = defaultdict(int)
        self.fees: defaultdict[str, int] = defaultdict(int)


def total_of(accounts: list[Account], house: House) -> dict[str, int]:
    """Return, per asset, what everybody holds together: trading never changes it."""
    total: defaultdict[str, int] = defaultdict(int)
    for account in accounts:
        for holding in (account.free, account.locked):
            for asset, units in holding.items():
                total[asset] += units
    for box in (house.maker, house.fees):
        for asset, units in box.items():
            total[asset] += units
    return dict(total)
