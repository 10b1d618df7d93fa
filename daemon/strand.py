"""One stream of a venue's market data and what is known of it."""

from __future__ import annotations

import anyio

from algobot.model import Symbol
from algobot.venues.port import Subscription
from daemon.bar_building import BarBuilding


class Strand:
    """One stream and what it carries; the feed keeps it."""

    def __init__(self, subscriptions: set[Subscription]) -> None:
        self.subscriptions = subscriptions
        self.scope = anyio.CancelScope()
        self.life = anyio.CancelScope()  # of the present connection
        self.building = BarBuilding()  # of the present connection
        self.connected = False
        self.seen_s = 0.0  # when its last event came
        self.events = 0

    @property
    def symbols(self) -> set[Symbol]:
        """What it carries, by symbol."""
        return {subscription.symbol for subscription in self.subscriptions}
