"""`sum(bots) + external == venue`, in exact decimals, currency by currency.

Balances and trades cannot be read in one instant. A look takes the ledger's sums, then the balances, then sweeps the
trades: whatever the balances showed, it was the ledger as it stood before or after one of the trades found meanwhile.
When one of these cuts matches, the account is proved, however busily it trades. When none does in several looks and
the same difference runs through all of them, it is drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from algobot.errors import Refused, StoreError, VenueError, VenueRateLimited
from algobot.protocol.requests import Reconciled
from algobot.protocol.rows import BalanceRow, PositionRow
from algobot.venues.port import Balance
from daemon.gateway.book import Delta
from daemon.gateway.budget import Priority
from daemon.gateway.context import Context
from daemon.gateway.gate import DRIFT
from daemon.gateway.looks import Looks
from daemon.store import Adjustment, AuditRow

ZERO: Final = Decimal(0)
LOOKS: Final = 2  # that must agree before drift is drift
LOOKS_MOST: Final = 10  # after so many without a proof the smallest difference is drift
BASELINE: Final = "baseline"
Drift = frozenset[tuple[str, Decimal]]


class Cut(NamedTuple):
    """The ledger at one instant, held against the balances."""

    bots: dict[str, Decimal]
    drift: Drift


class Reconciler:
    """Compares one account with its venue."""

    def __init__(self, context: Context, looks: Looks) -> None:
        self.reconciled_ns = 0
        self.checked_ns = 0
        self.rows: list[PositionRow] = []
        self.balance_rows: list[BalanceRow] = []
        self._on = context
        self._looks = looks
        self._external: dict[str, Decimal] = {}
        self._based = False
        self._suspects: frozenset[Drift] = frozenset()
        self._suspected_ns = 0
        self._count = 0

    async def load(self) -> None:
        """Read what was booked as external."""
        self._external = {}
        adjustments = await self._on.store.reads.adjustments(self._on.account_id)
        self._based = any(row.kind == BASELINE for row in adjustments)
        for row in adjustments:
            self._external[row.currency] = self._external.get(row.currency, ZERO) + row.amount

    @property
    def drift(self) -> list[PositionRow]:
        """The rows that do not add up."""
        return [row for row in self.rows if row.drift]

    @property
    def suspicious(self) -> bool:
        """Whether the last look did not add up: look again soon."""
        return self._count > 0

    async def check(self) -> bool | None:
        """Look once: True it adds up, False it is drift, None nothing is proved yet (look again)."""
        cuts, balances = await self._cuts()
        if not cuts:
            return None
        if not self._based:
            if len(cuts) > 1:
                return None
            await self._book_baseline(cuts[0].bots, balances)
            cuts = [self._cut(cuts[0].bots, balances)]
        proved = next((cut for cut in cuts if not cut.drift), None)
        if proved is not None:
            self._prove(proved, balances)
            return True
        return await self._suspect(cuts, balances)

    async def accept(self, reason: str, by: str) -> Reconciled:
        """Book the drift as external, audited.

        Raises:
            Refused: there is none, or the account trades too much to tell it.
            StoreError: the database takes no writes.
        """
        cuts, balances = await self._cuts()
        if len(cuts) != 1:
            hint = "pause the account's bots or try again"
            raise Refused(f"account {self._on.account_id} cannot be compared just now", hint=hint)
        if not cuts[0].drift:
            self._prove(cuts[0], balances)
            raise Refused(f"account {self._on.account_id} has no drift to accept", hint="nothing needs to be done")
        await self._book(cuts[0].drift, "accept", reason, by)
        self._prove(self._cut(cuts[0].bots, balances), balances)
        notes = [f"{currency}: {amount} booked as external" for currency, amount in sorted(cuts[0].drift)]
        return Reconciled(ok=True, positions=self.rows, notes=notes)

    def report(self, *, outcome: bool | None) -> Reconciled:
        """Return the last comparison as an answer."""
        if outcome is None:
            notes = ["not proved yet: the venue could not be read, or a difference is being looked at again"]
        else:
            notes = [f"{row.currency}: drift {row.drift}" for row in self.drift]
        return Reconciled(ok=outcome is True, positions=self.rows, notes=notes)

    def show(self, balances: Mapping[str, Balance]) -> None:
        """Keep what the venue says for the screens."""
        now_ns = self._on.clock.wall_ns()
        shown = {row.currency: row for row in self.balance_rows}
        for currency, balance in balances.items():
            shown[currency] = BalanceRow(self._on.account_id, currency, balance.free, balance.locked, now_ns)
        self.balance_rows = sorted(shown.values(), key=lambda row: row.currency)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _cuts(self) -> tuple[list[Cut], Mapping[str, Balance]]:
        """Read balances between two states of the ledger; return every state they may have shown."""
        book = self._on.book
        before, count = dict(book.totals), book.fills
        symbols = book.active_symbols(self._on.clock.monotonic_ns(), int(self._on.cadence.overlap_s * 1e9))
        await self._on.budget.take(Priority.QUERY)
        try:
            balances = await self._on.account.balances()
        except VenueError as error:
            if isinstance(error, VenueRateLimited):
                self._on.budget.pause(error.retry_after_ns)
            return [], {}
        self.show(balances)
        if not await self._looks.trades(symbols | self._on.live_symbols()):
            return [], {}
        new = book.fills - count
        deltas = sorted(list(book.deltas)[len(book.deltas) - new :]) if new else []
        return [self._cut(bots, balances) for bots in _prefixes(before, deltas)], balances

    def _cut(self, bots: dict[str, Decimal], balances: Mapping[str, Balance]) -> Cut:
        drift: set[tuple[str, Decimal]] = set()
        for currency in bots.keys() | self._external.keys() | balances.keys():
            venue = balances[currency].total if currency in balances else ZERO
            difference = venue - bots.get(currency, ZERO) - self._external.get(currency, ZERO)
            if difference:
                drift.add((currency, difference))
        return Cut(bots, frozenset(drift))

    async def _book_baseline(self, bots: dict[str, Decimal], balances: Mapping[str, Balance]) -> None:
        reason = "held when the account was first seen"
        if self._on.settings.base_external:
            held = {currency: balance.total - bots.get(currency, ZERO) for currency, balance in balances.items()}
        else:
            held, reason = {}, "nothing: base_external is off"
        rows = frozenset((currency, amount) for currency, amount in held.items() if amount)
        await self._book(rows or frozenset({("", ZERO)}), BASELINE, reason, "reconciler")
        self._based = True

    async def _book(self, amounts: Drift, kind: str, reason: str, by: str) -> None:
        now_ns, account_id = self._on.clock.wall_ns(), self._on.account_id
        rows = [
            Adjustment(account_id, currency, amount, kind, reason, by, now_ns) for currency, amount in sorted(amounts)
        ]
        told = ", ".join(f"{row.amount} {row.currency}" for row in rows)
        await self._on.store.commit(*rows, AuditRow(now_ns, by, f"reconcile.{kind}", f"{account_id}: {told}", reason))
        for row in rows:
            if row.currency:
                self._external[row.currency] = self._external.get(row.currency, ZERO) + row.amount

    async def _suspect(self, cuts: list[Cut], balances: Mapping[str, Balance]) -> bool | None:
        """Hold a difference against the earlier looks; judge it once it has stood long enough."""
        now_ns = self._on.clock.monotonic_ns()
        drifts = frozenset(cut.drift for cut in cuts)
        common = self._suspects & drifts
        if not self._count:
            self._suspected_ns = now_ns
        elif not common:
            self._suspected_ns = now_ns if self._count < LOOKS_MOST else self._suspected_ns
        self._suspects = common or drifts
        self._count += 1
        stood = self._on.age_s(self._suspected_ns) >= self._on.cadence.settle_s
        if self._count < LOOKS or not stood or (len(self._suspects) > 1 and self._count < LOOKS_MOST):
            return None
        drift = min(self._suspects, key=lambda drift: (sum(abs(amount) for _, amount in drift), sorted(drift)))
        cut = next(cut for cut in cuts if cut.drift == drift)
        if all(abs(amount) <= self._on.settings.limits.dust for _, amount in drift):
            try:
                await self._book(drift, "dust", "rounding at the venue", "reconciler")
            except StoreError:
                return None
            self._prove(self._cut(cut.bots, balances), balances)
            return True
        self._convict(cut, balances)
        return False

    def _prove(self, cut: Cut, balances: Mapping[str, Balance]) -> None:
        self._suspects, self._count = frozenset(), 0
        self.reconciled_ns = self._on.clock.wall_ns()
        self._keep(cut, balances)
        self._on.gate.resolved(DRIFT)

    def _convict(self, cut: Cut, balances: Mapping[str, Balance]) -> None:
        self._keep(cut, balances)
        told = ", ".join(f"{amount} {currency}" for currency, amount in sorted(cut.drift))
        hint = f"find out why, then `algobot ctl reconcile accept {self._on.account_id} --reason …`"
        if DRIFT not in self._on.gate.problems:
            self._on.alarm("account.drifted", f"account {self._on.account_id} differs from its venue by {told}", hint)
        self._on.gate.trouble(DRIFT, f"the venue holds {told} that the ledger cannot explain; {hint}")

    def _keep(self, cut: Cut, balances: Mapping[str, Balance]) -> None:
        self.checked_ns = self._on.clock.wall_ns()
        drift = dict(cut.drift)
        currencies = {name for name in cut.bots.keys() | self._external.keys() | balances.keys() if name}
        rows = [
            PositionRow(
                account_id=self._on.account_id,
                currency=currency,
                bots=cut.bots.get(currency, ZERO),
                external=self._external.get(currency, ZERO),
                venue=balances[currency].total if currency in balances else ZERO,
                drift=drift.get(currency, ZERO),
                checked_ns=self.checked_ns,
            )
            for currency in sorted(currencies)
        ]
        self.rows = [row for row in rows if row.bots or row.external or row.venue]
        self._on.publisher.positions_changed(self._on.account_id, self.rows, self.balance_rows)


def _prefixes(before: dict[str, Decimal], deltas: list[Delta]) -> list[dict[str, Decimal]]:
    """Return the sums before any of the changes, after the first, after the second …"""
    states = [before]
    for delta in deltas:
        after = dict(states[-1])
        for currency, change in delta.changes:
            after[currency] = after.get(currency, ZERO) + change
        states.append(after)
    return states
