"""Orders off the book without the daemon: one account, canceled until the venue itself shows none.

Proof: two looks at least 2 s apart, both after the last order that was under way when the gate closed can have
arrived. A cancel's answer proves nothing, a look that fails proves nothing, and a venue that is down is asked again
for as long as it takes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import structlog

from algobot.errors import AlgobotError, VenueRateLimited
from algobot.latch import Latch
from algobot.model import AccountId, BotId, ClientOrderId, VenueOrder
from algobot.venues.port import Account
from daemon.guard.report import Swept

AT_ONCE: Final = 8
APART_S: Final = 2.0
SKEW_S: Final = 1.0  # between our clock and the venue's
OPEN_S: Final = 60.0  # a venue's library takes seconds to load, more on a busy machine
CALL_S: Final = 10.0
AGAIN_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
NOTE_EVERY_S: Final = 30.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("guard.sweep")
Ours = Callable[[ClientOrderId], bool]
IsOf = Callable[[ClientOrderId, BotId], bool]


class Sweep:
    """One account. `wanted` says which latches cover it now; `run` ends when it is proved empty, or none is left."""

    def __init__(
        self,
        account_id: AccountId,
        connect: Callable[[], Awaitable[Account]],
        *,
        ours: Ours,
        is_of: IsOf,
        on_change: Callable[[Swept], None],
        valid_s: float,
    ) -> None:
        self.account_id = account_id
        self._connect = connect
        self._ours = ours
        self._is_of = is_of
        self._on_change = on_change
        self._valid_s = valid_s
        self._latches: list[Latch] = []
        self._closed_s: float | None = None  # since when nothing new was sent (monotonic); None: the gate is open
        self._first_clean_s: float | None = None
        self._asked: set[ClientOrderId] = set()
        self._noted: tuple[str, float] = ("", 0.0)
        self._account: Account | None = None
        self._opened = False
        self.swept = Swept(account_id)

    def want(self, latches: list[Latch], closed_s: float | None) -> None:
        """Take what covers the account from now on; what was proved under other latches is proved no more."""
        if (latches, closed_s) != (self._latches, self._closed_s):
            self._latches, self._closed_s = latches, closed_s
            self._first_clean_s = None
            self._tell(safe=False, reason="looking")

    async def run(self) -> None:
        """Cancel and look until proved; a failure of any kind is waited out."""
        pause_s = AGAIN_S
        try:
            while self._latches and not self.swept.safe:
                try:
                    with anyio.fail_after(OPEN_S):
                        account = await self._ready()
                    with anyio.fail_after(CALL_S):
                        seen = await account.open_orders()
                    pause_s = AGAIN_S
                    await anyio.sleep(await self._act(account, seen))
                except (AlgobotError, TimeoutError) as error:
                    await anyio.sleep(self._failed(error, pause_s))
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await self._let_go()

    async def _ready(self) -> Account:
        """Return the adapter; one that will not open (its key may do too much) may still cancel."""
        if self._account is None:
            self._account = await self._connect()
        if not self._opened:
            try:
                await self._account.open()
                self._opened = True
            except AlgobotError as error:
                self._note(f"opening: {error.message}")
        return self._account

    async def _act(self, account: Account, seen: list[VenueOrder]) -> float:
        """Judge one look; return how long to wait before the next."""
        meant = [order for order in seen if self._covers(order.client_order_id)]
        foreign = sum(not self._ours(order.client_order_id) for order in seen)
        looks, left = self.swept.looks + 1, sorted(order.client_order_id for order in meant)
        self.swept = Swept(self.account_id, False, len(self._asked), looks, left, foreign, "canceling")
        if meant:
            self._first_clean_s = None
            again = self._asked.issuperset(left)
            self._asked.update(left)
            self._tell(safe=False, reason="open at the venue; canceling")
            await self._cancel(account, meant)
            return AGAIN_S if again else 0.0
        return self._clean()

    def _clean(self) -> float:
        now_s = time.monotonic()
        if self._closed_s is None:
            self._tell(safe=False, reason="none open, but the gate is not closed")
            return AGAIN_S
        late_s = self._closed_s + self._late_s() - now_s
        if late_s > 0:
            self._tell(safe=False, reason=f"none open; an order on its way could still arrive for {late_s:.1f} s")
            return min(late_s, APART_S)
        if self._first_clean_s is None:
            self._first_clean_s = now_s
        if now_s - self._first_clean_s >= APART_S:
            self._tell(safe=True, reason="")
            return 0.0
        self._tell(safe=False, reason="none open; looking once more")
        return APART_S - (now_s - self._first_clean_s)

    def _late_s(self) -> float:
        assert self._account is not None
        return self._account.facts.validity.settled_after_ns(int(self._valid_s * 1e9)) / 1e9 + SKEW_S

    def _covers(self, client_order_id: ClientOrderId) -> bool:
        for latch in self._latches:
            if latch.scope == "bot":
                if self._ours(client_order_id) and self._is_of(client_order_id, BotId(latch.target)):
                    return True
            elif latch.foreign or self._ours(client_order_id):
                return True
        return False

    async def _cancel(self, account: Account, orders: list[VenueOrder]) -> None:
        limiter = anyio.CapacityLimiter(AT_ONCE)

        async def one(order: VenueOrder) -> None:
            async with limiter:
                try:
                    with anyio.fail_after(CALL_S):
                        await account.cancel(order.symbol, order.client_order_id, order.venue_order_id)
                except VenueRateLimited as error:
                    await anyio.sleep(min(error.retry_after_ns / 1e9, LONGEST_PAUSE_S))
                except (AlgobotError, TimeoutError):
                    pass  # the next look tells

        async with anyio.create_task_group() as tasks:
            for order in orders:
                tasks.start_soon(one, order)

    def _failed(self, error: Exception, pause_s: float) -> float:
        """Say that the venue does not answer, and return how long to leave it alone."""
        self._first_clean_s = None
        told = error.message if isinstance(error, AlgobotError) else "no answer in time"
        self._tell(safe=False, reason=f"the venue cannot be asked: {told}; trying again")
        self._note(told)
        if isinstance(error, VenueRateLimited):
            return max(error.retry_after_ns / 1e9, pause_s)
        return pause_s

    def _note(self, told: str) -> None:
        before, at_s = self._noted
        if told != before or time.monotonic() - at_s > NOTE_EVERY_S:
            self._noted = (told, time.monotonic())
            log.warning("guard.venue_failed", account_id=self.account_id, message=told)

    def _tell(self, *, safe: bool, reason: str) -> None:
        now = self.swept
        self.swept = Swept(self.account_id, safe, len(self._asked), now.looks, now.left, now.foreign, reason)
        self._on_change(self.swept)

    async def _let_go(self) -> None:
        account, self._account, self._opened = self._account, None, False
        if account is not None:
            with anyio.CancelScope(shield=True):
                await account.close()
