"""Who asked how much: request weight per minute and address, orders per ten seconds and account."""

from __future__ import annotations

from collections import deque
from typing import Final

from algobot.simulator import refusals

MINUTE_MS: Final = 60_000
TOLERATED: Final = 10  # refusals in one minute before an address is banned
BAN_MS: Final = 120_000


class WeightBudget:
    """The weight one address used this minute; who goes on after the refusals is banned."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.since_ms = 0  # when it was last told to wait, or banned
        self._minute = 0
        self._refused = 0
        self._wait_until_ms = 0
        self._wait_ban_ms = 0
        self._banned_until_ms = 0

    def sentence(self, wait_ms: int, ban_ms: int, ms: int, *, banned: bool) -> None:
        """Tell the address to wait, and ban it for `ban_ms` if it does not, or at once."""
        self.since_ms, self._wait_until_ms, self._wait_ban_ms = ms, ms + wait_ms, ban_ms
        if banned:
            self._banned_until_ms = ms + wait_ms

    def shut_until_ms(self, ms: int) -> int:
        """Return until when no request is allowed, 0 when they are."""
        until_ms = max(self._wait_until_ms, self._banned_until_ms)
        return until_ms if ms < until_ms else 0

    def charge(self, weight: int, ms: int) -> None:
        """Count a request. Raises Refusal (429, then 418)."""
        if ms < self._wait_until_ms and ms >= self._banned_until_ms:
            self._banned_until_ms = ms + self._wait_ban_ms
        if ms < self._banned_until_ms:
            raise refusals.banned(self._banned_until_ms, -(-(self._banned_until_ms - ms) // 1000))
        if ms // MINUTE_MS != self._minute:
            self._minute = ms // MINUTE_MS
            self.used = self._refused = 0
        self.used += weight
        if self.used > self.limit:
            self._refused += 1
            if self._refused > TOLERATED:
                self.since_ms, self._banned_until_ms = ms, ms + BAN_MS
                raise refusals.banned(self._banned_until_ms, BAN_MS // 1000)
            raise refusals.too_much_weight(self.limit, (MINUTE_MS - ms % MINUTE_MS) // 1000 + 1)


class OrderBudget:
    """The orders one account sent in the last ten seconds."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.day = 0
        self._sent: deque[int] = deque()

    def charge(self, ms: int) -> None:
        """Count a new order. Raises Refusal (429)."""
        if self.count(ms) >= self.limit:
            raise refusals.too_many_orders(self.limit, "10 SECOND")
        self._sent.append(ms)
        self.day += 1

    def count(self, ms: int) -> int:
        """Return the orders of the last ten seconds."""
        while self._sent and self._sent[0] <= ms - 10_000:
            self._sent.popleft()
        return len(self._sent)
