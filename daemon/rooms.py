"""The rooms of one daemon, under one roof: what bots, screens and commands find their way by."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from algobot.model import AccountId
from daemon.announcer import Announcer
from daemon.feed import Feed
from daemon.ports import Clock, HaltBoard, Money
from daemon.pulse import Pulse
from daemon.store import Store
from daemon.strategies import Strategies


class Rooms(msgspec.Struct):
    """What the bots live among."""

    store: Store
    announcer: Announcer
    halts: HaltBoard
    strategies: Strategies
    clock: Clock
    pulse: Pulse
    feeds: dict[str, Feed]  # by venue
    money: dict[AccountId, Money]
    venues: Mapping[AccountId, str]  # where each account is
    simulated: frozenset[str] = frozenset()  # the venues where no real money moves

    def feed(self, account_id: AccountId) -> Feed:
        """Return the market data of an account's venue."""
        return self.feeds[self.venues[account_id]]
