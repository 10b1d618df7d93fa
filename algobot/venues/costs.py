"""What a question costs at each venue, and how much may be spent: the law behind every "too many requests".

The unit is the venue's own: weight at Binance and Hyperliquid, points at Kraken, a request elsewhere. OKX and Bybit
limit each endpoint by itself; here one budget stands for them all, so that who keeps it never meets one of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

ENDPOINTS: Final = frozenset(
    {
        "submit",
        "cancel",
        "fetch_order",
        "open_orders",  # of one symbol
        "open_orders_all",
        "fills",
        "fills_of_order",
        "balances",
        "clock",
        "rules",
        "bars",
        "dead_man",
    }
)


class Limit(msgspec.Struct, frozen=True):
    """So many units in so many seconds."""

    units: int
    seconds: float

    @property
    def per_second(self) -> float:
        """The steady pace it allows."""
        return self.units / self.seconds


class Costs(msgspec.Struct, frozen=True):
    """One venue's prices."""

    budget: Limit
    orders: tuple[Limit, ...] = ()  # of submits alone, by count, besides the budget
    prices: Mapping[str, int] = {}
    usual: int = 1  # what is not in `prices`
    shared_by_address: bool = True  # of the address, so of all accounts and strangers behind it; else of the account

    def of(self, endpoint: str) -> int:
        """Return the price of a call. Raises KeyError for what is no endpoint."""
        if endpoint not in ENDPOINTS:
            raise KeyError(endpoint)
        return self.prices.get(endpoint, self.usual)


_BINANCE: Final = Costs(  # API documentation, "Request weight"; it says what is spent in X-MBX-USED-WEIGHT-1M
    budget=Limit(6_000, 60),
    orders=(Limit(100, 10), Limit(200_000, 86_400)),
    prices={
        "fetch_order": 4,
        "open_orders": 6,
        "open_orders_all": 80,
        "fills": 20,
        "fills_of_order": 5,
        "balances": 20,
        "rules": 20,
        "bars": 2,
    },
)
_USD_M: Final = Costs(
    budget=Limit(2_400, 60),
    orders=(Limit(300, 10), Limit(1_200, 60)),
    prices={"open_orders_all": 40, "fills": 5, "fills_of_order": 5, "balances": 5, "bars": 5, "dead_man": 10},
)
_BYBIT: Final = Costs(budget=Limit(50, 1), orders=(Limit(20, 1),), prices={"fetch_order": 2})  # two lists
_OKX: Final = Costs(  # each endpoint has a pace of its own: the unit is a request of the quickest
    budget=Limit(60, 2),
    orders=(Limit(60, 2),),
    prices={"fills": 6, "balances": 6, "clock": 6, "rules": 3, "bars": 2, "dead_man": 30},
    shared_by_address=False,
)
_KRAKEN: Final = Costs(  # a counter that decays by 0.33 a second (starter 15, intermediate 20): points of a call
    budget=Limit(15, 45),
    orders=(Limit(60, 60),),
    prices={"submit": 0, "cancel": 0, "fetch_order": 2, "fills": 2, "fills_of_order": 2, "clock": 0, "rules": 0},
    shared_by_address=False,
)
_HYPERLIQUID: Final = Costs(  # weights: 1 for an action, 2 for light questions, 20 for the others
    budget=Limit(1_200, 60),
    prices={"submit": 1, "cancel": 1, "dead_man": 1, "fetch_order": 2, "balances": 2},
    usual=20,
)
_DERIBIT: Final = Costs(  # 500 credits a question out of 50,000 that refill by 10,000 a second; orders by themselves
    budget=Limit(20, 1),
    orders=(Limit(5, 1),),
    prices={"fetch_order": 2},
    shared_by_address=False,
)
CAUTIOUS: Final = Costs(budget=Limit(60, 60))
COSTS: Final[Mapping[str, Costs]] = {
    "binance": _BINANCE,
    "binanceus": _BINANCE,
    "binanceusdm": _USD_M,
    "bybit": _BYBIT,
    "okx": _OKX,
    "okxus": _OKX,
    "myokx": _OKX,
    "kraken": _KRAKEN,
    "hyperliquid": _HYPERLIQUID,
    "deribit": _DERIBIT,
}


def costs_of(adapter: str) -> Costs:
    """Return the prices of the venue with ccxt id `adapter`; of an unknown one a request a second."""
    return COSTS.get(adapter, CAUTIOUS)
