"""Everything the daemon's rooms have to say, as numbered events; and the newest orders and fills, kept for views."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

import structlog

from algobot.model import LIVE, AccountId, BotId, ClientOrderId, Fill, Order
from algobot.protocol.events import (
    AccountChanged,
    AlarmRaised,
    BarClosed,
    BotAdded,
    BotChanged,
    BotRemoved,
    DaemonStopping,
    DecisionMade,
    FeedChanged,
    FillRecorded,
    HaltsChanged,
    OrderChanged,
    PositionsChanged,
)
from algobot.protocol.rows import AccountRow, BalanceRow, BotRow, DecisionRow, FeedRow, HaltRow, PositionRow
from daemon.hub import Hub

KEPT: Final = 5000
log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon")


class Recent:
    """The newest orders and fills; `whole` while none had to be let go."""

    def __init__(self) -> None:
        self._orders: OrderedDict[ClientOrderId, Order] = OrderedDict()
        self._fills: deque[Fill] = deque(maxlen=KEPT)
        self.whole = True

    def load(self, orders: list[Order], fills: list[Fill]) -> None:
        """Take up what an earlier life left, both newest first."""
        for order in reversed(orders):
            self._orders[order.client_order_id] = order
        self._fills.extend(reversed(fills))
        self.whole = len(orders) < KEPT and len(fills) < KEPT

    def put_order(self, order: Order) -> None:
        """Keep an order as it now is."""
        self._orders[order.client_order_id] = order
        if len(self._orders) > KEPT:
            self._orders.popitem(last=False)
            self.whole = False

    def put_fill(self, fill: Fill) -> None:
        """Keep a fill."""
        self.whole = self.whole and len(self._fills) < KEPT
        self._fills.append(fill)

    def orders(self, *, bot_id: BotId | None = None, open_only: bool = False, limit: int = 200) -> list[Order]:
        """Return orders, newest first."""
        found: list[Order] = []
        for order in reversed(self._orders.values()):
            if len(found) >= limit:
                break
            if bot_id in (None, order.bot_id) and (not open_only or order.status in LIVE):
                found.append(order)
        return found

    def fills(self, *, bot_id: BotId | None = None, limit: int = 200) -> list[Fill]:
        """Return fills, newest first."""
        found: list[Fill] = []
        for fill in reversed(self._fills):
            if len(found) >= limit:
                break
            if bot_id in (None, fill.bot_id):
                found.append(fill)
        return found


class Announcer:
    """The daemon's `Publisher`: what it is told becomes an event of the Hub. Never blocks, never raises."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.recent = Recent()

    def order_changed(self, order: Order) -> None:
        """As the port promises."""
        self.recent.put_order(order)
        self.hub.publish(OrderChanged(0, 0, order))

    def fill_recorded(self, fill: Fill) -> None:
        """As the port promises."""
        self.recent.put_fill(fill)
        self.hub.publish(FillRecorded(0, 0, fill))

    def account_changed(self, row: AccountRow) -> None:
        """As the port promises."""
        self.hub.publish(AccountChanged(0, 0, row))

    def positions_changed(
        self, account_id: AccountId, positions: list[PositionRow], balances: list[BalanceRow]
    ) -> None:
        """As the port promises."""
        self.hub.publish(PositionsChanged(0, 0, account_id, positions, balances))

    def halts_changed(self, halts: list[HaltRow]) -> None:
        """As the port promises."""
        self.hub.publish(HaltsChanged(0, 0, halts))

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """As the port promises; the log has it too."""
        fields = {key: value for key, value in (("bot_id", bot_id), ("account_id", account_id)) if value}
        log.error(alarm, message=message, hint=hint, **fields)
        self.hub.publish(AlarmRaised(0, 0, alarm, message, hint, bot_id, account_id))

    def bot_added(self, row: BotRow) -> None:
        """There is a new bot."""
        self.hub.publish(BotAdded(0, 0, row))

    def bot_changed(self, row: BotRow) -> None:
        """A bot's row changed."""
        self.hub.publish(BotChanged(0, 0, row))

    def bot_removed(self, bot_id: BotId) -> None:
        """A bot is gone."""
        self.hub.publish(BotRemoved(0, 0, bot_id))

    def decided(self, bot_id: BotId, row: DecisionRow) -> None:
        """A bot decided something."""
        self.hub.publish(DecisionMade(0, 0, bot_id, row))

    def bar_closed(self, bot_id: BotId, close_ns: int, close: float, equity: float) -> None:
        """A bot folded a bar."""
        self.hub.publish(BarClosed(0, 0, bot_id, close_ns, close, equity))

    def feed_changed(self, row: FeedRow) -> None:
        """A market stream changed."""
        self.hub.publish(FeedChanged(0, 0, row))

    def stopping(self, reason: str) -> None:
        """The daemon goes down on purpose."""
        self.hub.publish(DaemonStopping(0, 0, reason))
