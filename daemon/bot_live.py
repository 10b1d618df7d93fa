"""Hands of a live bot: decisions become intents, fills come back from the ledger.

What is on its way counts as if it were there, so that nothing is asked for twice. An exit that was refused is tried
again after a pause that doubles; too many refusals pause the bot.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from algobot.model import Bar, OrderStatus, OrderType, Quote, Side, TimeInForce
from daemon.bot_hands import Keep
from daemon.bot_ports import Memory, Outlets
from daemon.holding import Holding
from daemon.messages import Cancel, CancelBot, FillArrived, Intent, OrderMoved

if TYPE_CHECKING:
    from algobot.kernel.session import Request

REFUSALS_MOST: Final = 5
REFUSALS_WINDOW_NS: Final = 60_000_000_000
EXIT_PAUSE_NS: Final = 1_000_000_000
EXIT_PAUSE_MOST_NS: Final = 30_000_000_000
CANCEL_AGAIN_NS: Final = 2_000_000_000


class LiveHands:
    """Sends intents to the account's gateway and books what comes of them."""

    __slots__ = (
        "_cancel_asked_ns",
        "_exit_from_ns",
        "_exit_pause_ns",
        "_holding",
        "_keep",
        "_memory",
        "_out",
        "_refusals",
        "note",
    )

    def __init__(self, holding: Holding, memory: Memory, outlets: Outlets, keep: Keep) -> None:
        self.note = ""
        self._holding = holding
        self._memory = memory
        self._out = outlets
        self._keep = keep
        self._refusals: deque[int] = deque()
        self._exit_from_ns = 0
        self._exit_pause_ns = EXIT_PAUSE_NS
        self._cancel_asked_ns = 0

    @property
    def open_orders(self) -> int:
        """How many orders may still fill."""
        return self._memory.slate.open_orders

    @property
    def orders(self) -> int:
        """How many orders there ever were."""
        return self._memory.orders

    # --- deciding -------------------------------------------------------------------------------------------------

    def fold(self, bar: Bar, *, may_open: bool, may_reduce: bool) -> bool:
        """Let the strategy decide on the bar and send what it wants."""
        pending = self._holding.instrument.to_lots(self._memory.slate.pending())
        resting = self._resting()
        requests = self._holding.session.decide(bar, pending_lots=pending, may_open=may_open, resting=resting)
        self.note = ""
        if requests and not may_reduce:
            self.note = "nothing was sent: its account takes no orders now"
            requests = []
        self._cancel(requests)
        intents = tuple(intent for request in requests if (intent := self._intent(request, bar.close)) is not None)
        if not intents:
            return False
        self._send(intents)
        return True

    def protect(self, quote: Quote, *, may_reduce: bool) -> None:
        """Leave at market once the side we would trade at has reached stop or target; once, until it is answered."""
        held = self._holding.book.position
        if not held or not may_reduce:
            return
        request = self._holding.session.protect(quote.bid if held > 0 else quote.ask)
        if request is None or self._out.monotonic_ns() < self._exit_from_ns:
            return
        if not self._memory.slate.pending_on(Side(request.side)):
            intent = self._intent(request, quote.bid if held > 0 else quote.ask)
            if intent is not None:
                self._send((intent,))

    # --- hearing --------------------------------------------------------------------------------------------------

    def hear(self, message: FillArrived | OrderMoved) -> str:
        """Book a fill, or note how an order stands; five refusals in a minute are a reason to pause."""
        memory = self._memory
        if isinstance(message, FillArrived):
            if self._holding.venue_fill(message):
                memory.slate = memory.slate.book(message.fill)
                self._exit_pause_ns = EXIT_PAUSE_NS
            return ""
        order = message.order
        memory.slate = memory.slate.move(order)
        if order.status is not OrderStatus.REJECTED:
            return ""
        self.note = f"order refused: {order.reason}"
        now_ns = self._out.monotonic_ns()
        self._exit_from_ns = now_ns + self._exit_pause_ns
        self._exit_pause_ns = min(EXIT_PAUSE_MOST_NS, 2 * self._exit_pause_ns)
        self._refusals.append(now_ns)
        while now_ns - self._refusals[0] > REFUSALS_WINDOW_NS:
            self._refusals.popleft()
        if len(self._refusals) < REFUSALS_MOST:
            return ""
        self._refusals.clear()
        return f"{REFUSALS_MOST} orders refused within 60 s, the last: {order.reason}"

    # --- leaving --------------------------------------------------------------------------------------------------

    def quiet(self, closing: str) -> bool:
        """Ask for cancels, again every two seconds, until nothing is on its way."""
        slate = self._memory.slate
        if not slate.open_orders:
            return not slate.pending()
        others = [intent.tag for intent in slate.told] + [one.order.tag for one in slate.tracked.values()]
        now_ns = self._out.monotonic_ns()
        if any(tag != closing for tag in others) and now_ns - self._cancel_asked_ns >= CANCEL_AGAIN_NS:
            self._cancel_asked_ns = now_ns
            self._out.cancel(CancelBot(self._holding.spec.bot_id, closing or "stop"))
        return False

    def close(self, tag: str, mark: float, *, may_reduce: bool) -> bool:
        """Send one market order for the whole position; what is too small to sell stays, and is said."""
        lots = self._holding.session.position_lots
        if lots == 0:
            return True
        if not mark or not may_reduce or self._out.monotonic_ns() < self._exit_from_ns:
            return False
        intent = self._market(-1 if lots > 0 else 1, abs(lots), mark, tag)
        if intent is None:
            self._out.note("warning", "position.too_small", f"it keeps {self._holding.book.position}: {self.note}")
            return True
        self._send((intent,))
        return False

    # --- inside ---------------------------------------------------------------------------------------------------

    def _resting(self) -> list[Request]:
        """Return its limit orders at the venue, in the kernel's words."""
        from algobot.kernel.session import Request

        to_lots = self._holding.instrument.to_lots
        return [
            Request("limit", int(one.side), to_lots(left), float(one.limit_price or 0), one.tag, one.reduce_only)
            for one, left in self._memory.slate.resting()
        ]

    def _send(self, intents: tuple[Intent, ...]) -> None:
        memory = self._memory
        memory.slate = memory.slate.tell(intents)
        memory.orders += len(intents)
        self._keep(intents=intents)

    def _cancel(self, requests: list[Request]) -> None:
        for request in requests:
            if request.kind == "cancel":
                for one in self._memory.slate.tracked.values():
                    if request.tag in ("", one.order.tag):
                        self._out.cancel(Cancel(one.order.client_order_id, "strategy"))

    def _intent(self, request: Request, price: float) -> Intent | None:
        """Return the request as an intent, or None where it is none or the venue would refuse it."""
        match request.kind:
            case "cancel":
                return None
            case "market":
                intent = self._market(request.side, request.lots, price, request.tag)
                return intent
            case "limit":
                return self._limit(request, price)
            case "stop" | "stop_limit" | "take_profit" | "trailing":
                self.note = "resting stop orders are not sent to a venue: a strategy protects its position instead"
                self._out.note("warning", "order.not_sent", self.note)
                return None

    def _market(self, side: int, lots: int, price: float, tag: str) -> Intent | None:
        return self._made(OrderType.MARKET, Side(side), lots, price, tag, None, TimeInForce.GTC)

    def _limit(self, request: Request, price: float) -> Intent | None:
        side = Side(request.side)
        instrument = self._holding.instrument
        limit = instrument.to_price(instrument.limit_ticks(request.price, side))
        force = TimeInForce.IOC if request.immediate else TimeInForce.GTC
        return self._made(OrderType.LIMIT, side, request.lots, price, request.tag, limit, force)

    def _made(
        self, kind: OrderType, side: Side, lots: int, price: float, tag: str, limit: Decimal | None, force: TimeInForce
    ) -> Intent | None:
        holding = self._holding
        quantity = holding.instrument.to_quantity(lots)
        if reason := holding.instrument.refusal(quantity, limit or Decimal(repr(price))):
            self.note = f"not sent: {reason}"
            return None
        return Intent(
            bot_id=holding.spec.bot_id,
            account_id=holding.spec.account_id,
            symbol=holding.spec.symbol,
            side=side,
            type=kind,
            quantity=quantity,
            reference_price=price,
            limit_price=limit,
            time_in_force=force,
            reduce_only=holding.book.position * side < 0 and lots <= abs(holding.session.position_lots),
            tag=tag,
        )
