"""Halting, canceling, flattening, comparing: for a bot, an account or all, and the truth about what was done."""

from __future__ import annotations

from typing import Final, Literal

import anyio

from algobot.errors import AlgobotError, NotFound, Refused
from algobot.model import LIVE, AccountId, BotId, BotMode, ClientOrderId
from algobot.protocol.requests import Done, Killed, Reconciled
from algobot.protocol.rows import HaltRow, PositionRow
from daemon.place import Place
from daemon.ports import Money, Swept
from daemon.rooms import Rooms
from daemon.roster import Roster

KILL_S: Final = 15.0
LOOK_S: Final = 0.02


class Emergency:
    """What the desk does with whole accounts at once."""

    def __init__(self, rooms: Rooms, roster: Roster) -> None:
        self._rooms = rooms
        self._roster = roster

    def halts(self) -> list[HaltRow]:
        """Return what is latched now."""
        return [HaltRow(*latch) for latch in self._rooms.halts.active()]

    def money(self, account_id: AccountId) -> Money:
        """Return an account's gateway. Raises NotFound."""
        if account_id not in self._rooms.money:
            known = ", ".join(sorted(self._rooms.money)) or "none"
            raise NotFound(f"there is no live account {account_id!r}", hint=f"live accounts: {known}")
        return self._rooms.money[account_id]

    def money_of_order(self, client_order_id: ClientOrderId) -> Money:
        """Return the gateway that has an order. Raises NotFound."""
        for money in self._rooms.money.values():
            if money.order(client_order_id) is not None:
                return money
        raise NotFound(f"there is no live order {client_order_id!r}", hint="`algobot ctl orders` lists them")

    def covered(self, bot_id: BotId | None, account_id: AccountId | None) -> list[Place]:
        """Return the places of one bot, of an account, or all. Raises NotFound."""
        if bot_id is not None:
            return [self._roster.place(bot_id)]
        if account_id is not None and account_id not in self._rooms.venues:
            raise NotFound(f"there is no account {account_id!r}", hint=f"accounts: {', '.join(self._rooms.venues)}")
        return [place for place in self._roster.places() if account_id in (None, place.spec.account_id)]

    async def wait_closed(self, places: list[Place], *, within_s: float) -> list[str]:
        """Return once these bots have closed what they were told to close; in words those that have not in time."""
        with anyio.move_on_after(within_s):
            while any(self._is_open(place) for place in places if not place.at_rest):  # noqa: ASYNC110
                await anyio.sleep(LOOK_S)
        return [self._words(place) for place in places if self._is_open(place)]

    def _is_open(self, place: Place) -> bool:
        """Return whether a bot still has to close, or does not run and holds what could be sold."""
        if place.joined:
            return place.mailbox.unheard > 0 or bool(place.memory.closing)
        return self._roster.holds(place.spec.bot_id)

    def _words(self, place: Place) -> str:
        row = self._roster.row(place.spec.bot_id)
        return f"{row.bot_id} is {row.state.value} and holds {row.position}{': ' + row.reason if row.reason else ''}"

    # --- comparing ------------------------------------------------------------------------------------------------

    async def reconcile(self, account_id: AccountId | None) -> Reconciled:
        """Compare one account, or all, with their venues now."""
        accounts = [self.money(account_id)] if account_id is not None else list(self._rooms.money.values())
        positions: list[PositionRow] = []
        notes: list[str] = []
        ok = True
        for money in accounts:
            done = await money.reconcile()
            ok = ok and done.ok
            positions += done.positions
            notes += done.notes
        if not accounts:
            notes.append("no account trades real money: there is nothing to compare")
        return Reconciled(ok, positions, notes)

    # --- the kill switch ------------------------------------------------------------------------------------------

    async def kill(
        self,
        mode: Literal["halt", "cancel", "flatten"],
        *,
        account_id: AccountId | None,
        bot_id: BotId | None,
        reason: str,
        by: str,
    ) -> Killed:
        """Latch first, then cancel, then close; and say what is left."""
        places = self.covered(bot_id, account_id)
        scope, target = _scope(bot_id, account_id)
        await self._rooms.halts.latch(scope, target, mode, reason=reason or f"killed by {by or 'a person'}", by=by)
        notes: list[str] = []
        asked, left, safe = 0, self._open_orders(bot_id, account_id), True
        if mode != "halt":
            swept = await self._cancel_all(bot_id, account_id)
            asked = sum(one.cancels_asked for one in swept)
            left = [order for one in swept for order in one.orders_left]
            safe = all(one.safe for one in swept)
            notes += [note for one in swept for note in one.notes]
        else:
            safe = not left
            notes += [f"{len(left)} orders stay open: mode halt cancels nothing"] if left else []
        if mode == "flatten":
            notes += [f"not flat: {words}" for words in await self.wait_closed(places, within_s=KILL_S)]
        return Killed(True, self.halts(), asked, left, safe, notes)

    async def unhalt(self, *, account_id: AccountId | None, bot_id: BotId | None, reason: str, by: str) -> Done:
        """Open a latch once its accounts agree with their venues."""
        if not reason.strip():
            raise Refused("an unhalt needs a reason", hint="say why it is safe: --reason TEXT")
        scope, target = _scope(bot_id, account_id)
        for money in self._money_of(bot_id, account_id):
            done = await money.reconcile()
            if not done.ok:
                text = "; ".join(done.notes) or "the ledger and the venue differ"
                hint = f"algobot ctl reconcile accept {money.account_id} --reason …, or wait and try again"
                raise Refused(f"account {money.account_id} is not clean: {text}", hint=hint)
        await self._rooms.halts.clear(scope, target, reason=reason, by=by)
        still = self.halts()
        more = f"; still halted: {', '.join(f'{h.scope} {h.target}'.strip() for h in still)}" if still else ""
        return Done(f"{' '.join((scope, target)).strip()} trades again{more}")

    async def _cancel_all(self, bot_id: BotId | None, account_id: AccountId | None) -> list[Swept]:
        """Cancel on all covered accounts at once; an account that cannot say is not safe."""
        swept: list[Swept] = []

        async def one(money: Money) -> None:
            try:
                swept.append(await money.cancel_all(bot_id=bot_id, deadline_s=KILL_S))
            except AlgobotError as error:
                left = [order.client_order_id for order in money.orders(bot_id)]
                swept.append(Swept(0, left, False, [f"account {money.account_id}: {error.message}"]))

        async with anyio.create_task_group() as group:
            for money in self._money_of(bot_id, account_id):
                group.start_soon(one, money)
        return swept

    def _money_of(self, bot_id: BotId | None, account_id: AccountId | None) -> list[Money]:
        if bot_id is not None:
            spec = self._roster.place(bot_id).spec
            account_id = spec.account_id
            if spec.mode is BotMode.PAPER:
                return []
        if account_id is None:
            return list(self._rooms.money.values())
        return [self._rooms.money[account_id]] if account_id in self._rooms.money else []

    def _open_orders(self, bot_id: BotId | None, account_id: AccountId | None) -> list[ClientOrderId]:
        orders = [order for money in self._money_of(bot_id, account_id) for order in money.orders(bot_id)]
        return [order.client_order_id for order in orders if order.status in LIVE]


def _scope(bot_id: BotId | None, account_id: AccountId | None) -> tuple[str, str]:
    if bot_id is not None:
        return "bot", bot_id
    return ("account", account_id) if account_id is not None else ("all", "")
