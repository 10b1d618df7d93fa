"""What an endpoint is: a name, a price in weight, who may call it, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from algobot.simulator import refusals
from algobot.simulator.accounts import Account
from algobot.simulator.exchange import Market
from algobot.simulator.venue import Venue

Answer = Mapping[str, object] | list[object]


class Call(msgspec.Struct, frozen=True):
    """One request, its parameters as text, its account found when it needs one."""

    params: Mapping[str, str]
    account: Account | None = None
    as_of_ms: int | None = None  # what is read is answered as it was then: a replica lags
    inert: bool = False  # say that it is done, and do nothing

    @property
    def owner(self) -> Account:
        """The account of a signed call."""
        assert self.account is not None, "a public endpoint asked for the account"
        return self.account

    def text(self, name: str) -> str:
        """Return a mandatory parameter. Raises Refusal."""
        value = self.params.get(name, "")
        if not value:
            raise refusals.missing(name)
        return value

    def number(self, name: str) -> int | None:
        """Return an optional whole number, None when absent. Raises Refusal."""
        value = self.params.get(name, "")
        if not value:
            return None
        if not value.lstrip("-").isdigit() or len(value) > 20:
            raise refusals.illegal(name, "^[0-9]{1,20}$")
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """Return the `limit` parameter, at most `most`. Raises Refusal."""
        value = self.number("limit")
        if value is None:
            return default
        if value < 1:
            raise refusals.Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(value, most)

    def market(self, venue: Venue) -> Market:
        """Return the market of the mandatory `symbol`. Raises Refusal."""
        return venue.market(self.text("symbol"))


Security = Literal["none", "key", "signed"]


class Endpoint(msgspec.Struct, frozen=True):
    """`engine` endpoints act on the book, where recvWindow is checked a second time."""

    run: Callable[[Venue, Call], Answer]
    weight: int = 1
    security: Security = "none"
    engine: bool = False
    places: bool = False  # counts against the limit of new orders
