"""The loss limits of whole accounts: what all live bots of one lost together trips its kill switch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Final

import anyio

from algobot.config import AccountSection
from algobot.model import AccountId, BotMode
from algobot.protocol.rows import BotRow
from daemon.ports import HaltBoard

LOOK_S: Final = 1.0
DAY_S: Final = 86_400


class Losses:
    """Watches every account that has a limit; `run` is its task.

    Once tripped, and cleared by a person, what was lost until then counts no more: another such loss trips again.
    """

    def __init__(
        self,
        accounts: Mapping[AccountId, AccountSection],
        rows: Callable[[], list[BotRow]],
        halts: HaltBoard,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._limited = {name: one for name, one in accounts.items() if one.max_daily_loss or one.max_drawdown}
        self._rows = rows
        self._halts = halts
        self._now_s = now_s
        self._day = 0
        self._forgiven: dict[AccountId, float] = {}
        self._peaks: dict[AccountId, tuple[frozenset[str], float]] = {}  # of the common profit of these bots

    async def run(self) -> None:
        """Look every second until canceled."""
        while self._limited:
            await self.look()
            await anyio.sleep(LOOK_S)

    async def look(self) -> None:
        """Judge every limited account once."""
        day = int(self._now_s() // DAY_S)
        if day != self._day:
            self._day, self._forgiven = day, {}
        rows = [row for row in self._rows() if row.mode is BotMode.LIVE]
        for account_id, section in self._limited.items():
            mine = [row for row in rows if row.account_id == account_id]
            if any(row.position and not row.mark for row in mine):
                continue  # without a price nobody knows what was lost
            if reason := self._exceeded(account_id, section, mine):
                await self._halts.latch("account", account_id, section.on_loss, reason=reason, by="loss limit")

    def _exceeded(self, account_id: AccountId, section: AccountSection, rows: list[BotRow]) -> str:
        """Return which limit is exceeded, in words, or ""."""
        today, total = math.fsum(row.pnl_day for row in rows), math.fsum(row.pnl_total for row in rows)
        if not (math.isfinite(today) and math.isfinite(total)):
            return ""
        bots = frozenset(row.bot_id for row in rows)
        known, peak = self._peaks.get(account_id, (bots, total))
        peak = max(peak, total) if known == bots else total  # other bots have another profit: it is no fall
        self._peaks[account_id] = bots, peak
        reason = ""
        lost, fallen = self._forgiven.get(account_id, 0.0) - today, peak - total
        if section.max_daily_loss and lost >= section.max_daily_loss:
            reason = f"lost {lost:,.2f} today, the limit is {section.max_daily_loss:,f}"
        elif section.max_drawdown and fallen >= section.max_drawdown:
            reason = f"fell {fallen:,.2f} from its peak, the limit is {section.max_drawdown:,f}"
        if reason:
            self._forgiven[account_id] = today
            self._peaks[account_id] = bots, total
        return reason
