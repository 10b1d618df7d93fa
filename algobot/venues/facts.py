"""What is known of a venue before anybody asks it: late requests, ids, dead-man timer, what each question costs."""

from __future__ import annotations

import msgspec

from algobot.venues.costs import Costs, costs_of
from algobot.venues.dead_man import DeadMan, dead_man_of
from algobot.venues.validity import Validity, validity_of


class VenueFacts(msgspec.Struct, frozen=True):
    """One venue's, by its adapter."""

    adapter: str
    validity: Validity
    dead_man: DeadMan | None  # None: there is no timer that would cover our orders
    costs: Costs

    def cost(self, endpoint: str) -> int:
        """Return what one call of a port's method costs of the venue's budget (`costs.ENDPOINTS`)."""
        return self.costs.of(endpoint)


def facts_of(adapter: str) -> VenueFacts:
    """Return what is known of the venue with ccxt id `adapter`; of an unknown one the most cautious."""
    return VenueFacts(
        adapter=adapter,
        validity=validity_of(adapter),
        dead_man=dead_man_of(adapter),
        costs=costs_of(adapter),
    )
