"""A venue's wish to wait, kept by everything that shares the address: until it is over nothing is sent at all.

Whoever asks within a ban prolongs it. Budgets keep callers away; this is the last door, which none can walk around.
"""

from __future__ import annotations

import time

from algobot.errors import VenueError, VenueRateLimited
from algobot.venues.kinds import Kind


class Wait:
    """Until when one venue wants to hear nothing of us."""

    def __init__(self) -> None:
        self._until_ns = 0  # monotonic

    def heed(self, error: VenueError) -> None:
        """Take what an answer said, if it asks to wait."""
        if isinstance(error, VenueRateLimited):
            self._until_ns = max(self._until_ns, time.monotonic_ns() + error.retry_after_ns)

    def check(self, adapter: str) -> None:
        """Return when it is over.

        Raises:
            VenueRateLimited: it is not; nothing was sent.
        """
        left_ns = self._until_ns - time.monotonic_ns()
        if left_ns > 0:
            told = f"{adapter}: the venue asks to wait {left_ns / 1e9:.1f} s more; nothing was sent"
            raise VenueRateLimited(told, retry_after_ns=left_ns, hint="wait", kind=Kind.RATE.value)
