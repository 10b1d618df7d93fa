"""How long after a submit the venue may still accept it, venue by venue, and what proves that it did not.

An order whose answer got lost is looked for only once it cannot appear any more. Where the venue lets a request say
until when it is valid that is soon; elsewhere a bound is assumed, and "absent" must be heard more often.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

MS_NS: Final = 1_000_000


class Validity(msgspec.Struct, frozen=True):
    """What a venue promises about late requests, and how much proof of absence it takes there."""

    how: str  # the venue's own name of it; "" where there is none
    shortest_ms: int = 1
    longest_ms: int = 5_000
    slack_ms: int = 0  # checked at the venue's door: what may pass between the door and the book
    bound_ms: int = 0  # where there is none: assumed to be the longest a request can be under way
    absences: int = 2  # "no such order" so often
    apart_ms: int = 2_000  # and at least so far apart

    def settled_after_ns(self, valid_ns: int) -> int:
        """Return how long after the send an order that is still absent can be taken for never accepted."""
        return (self.bound_ms * MS_NS if self.bound_ms else valid_ns) + self.slack_ms * MS_NS


NONE: Final = Validity(how="", bound_ms=60_000, absences=3, apart_ms=5_000)
VALIDITY: Final[Mapping[str, Validity]] = {
    "binance": Validity("recvWindow"),  # looked at again just before the matching engine
    "binanceus": Validity("recvWindow"),
    "binanceusdm": Validity("recvWindow"),
    "bybit": Validity("recv_window", slack_ms=2_000),
    "okx": Validity("expTime", slack_ms=1_000),
    "okxus": Validity("expTime", slack_ms=1_000),
    "myokx": Validity("expTime", slack_ms=1_000),
    # at least 2 s ahead when it arrives; the slack is half of the second that its clock is cut to
    "kraken": Validity("deadline", shortest_ms=2_500, slack_ms=1_000),
    "hyperliquid": Validity("expiresAfter", slack_ms=1_000),
    "deribit": Validity("valid_until"),
}


def validity_of(adapter: str) -> Validity:
    """Return what is known of the venue with ccxt id `adapter`; of an unknown one the most cautious."""
    return VALIDITY.get(adapter, NONE)


def window_params(adapter: str, valid_ms: int, venue_ms: int) -> dict[str, Any]:
    """Return the parameters of `create_order` for an order valid for `valid_ms` from venue time `venue_ms` on.

    Bybit's, OKX's and Hyperliquid's are no parameters of the order: `dialects` takes them out again and puts them
    where the venue wants them.
    """
    write = _PARAMS.get(adapter)
    return {} if write is None else write(valid_ms, venue_ms + valid_ms)


def _iso(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03d}Z"


_PARAMS: Final[Mapping[str, Callable[[int, int], dict[str, Any]]]] = {
    "binance": lambda ms, until: {"recvWindow": ms},
    "binanceus": lambda ms, until: {"recvWindow": ms},
    "binanceusdm": lambda ms, until: {"recvWindow": ms},
    "bybit": lambda ms, until: {"recvWindow": ms},
    "okx": lambda ms, until: {"expTime": str(until)},
    "okxus": lambda ms, until: {"expTime": str(until)},
    "myokx": lambda ms, until: {"expTime": str(until)},
    "kraken": lambda ms, until: {"deadline": _iso(until)},
    "hyperliquid": lambda ms, until: {"expiresAfter": until},
    "deribit": lambda ms, until: {"valid_until": until},
}
