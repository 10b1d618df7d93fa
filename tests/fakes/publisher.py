"""A publisher that remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field

from algobot.model import AccountId, Fill, Order
from algobot.protocol.rows import AccountRow, BalanceRow, HaltRow, PositionRow


@dataclass
class FakePublisher:
    """`daemon.ports.Publisher`, kept in lists."""

    orders: list[Order] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    accounts: list[AccountRow] = field(default_factory=list)
    positions: list[PositionRow] = field(default_factory=list)
    halts: list[HaltRow] = field(default_factory=list)
    alarms: list[tuple[str, str]] = field(default_factory=list)

    def order_changed(self, order: Order) -> None:
        """As the port promises."""
        self.orders.append(order)

    def fill_recorded(self, fill: Fill) -> None:
        """As the port promises."""
        self.fills.append(fill)

    def account_changed(self, row: AccountRow) -> None:
        """As the port promises."""
        self.accounts.append(row)

    def positions_changed(
        self, account_id: AccountId, positions: list[PositionRow], balances: list[BalanceRow]
    ) -> None:
        """As the port promises."""
        self.positions = positions

    def halts_changed(self, halts: list[HaltRow]) -> None:
        """As the port promises."""
        self.halts = halts

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """As the port promises."""
        self.alarms.append((alarm, message))
