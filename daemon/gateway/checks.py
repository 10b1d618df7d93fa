"""What an intent must pass before it becomes an order: pure questions with a reason for an answer, "" is yes."""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from typing import Final

import msgspec

from algobot.model import BotId, BotSpec, Instrument, Side, as_decimal
from daemon.gateway.settings import Limits
from daemon.messages import Intent

_SECOND_NS: Final = 1_000_000_000


def rounded(intent: Intent, instrument: Instrument) -> Intent:
    """Return the intent on whole lots and ticks: never more than was meant, never at a worse price."""
    quantity = instrument.to_quantity(instrument.to_lots(intent.quantity))
    price = intent.limit_price
    if price is not None:
        price = instrument.to_price(instrument.limit_ticks(price, intent.side))
    return msgspec.structs.replace(intent, quantity=quantity, limit_price=price)


def refusal(intent: Intent, instrument: Instrument, limits: Limits, *, spec: BotSpec | None, mark: float) -> str:
    """Return why a rounded intent may not be sent, or ""."""
    if not (math.isfinite(intent.reference_price) and intent.reference_price > 0):
        return f"reference price {intent.reference_price} is not a price"
    price = intent.limit_price if intent.limit_price is not None else as_decimal(intent.reference_price)
    return (
        instrument.refusal(intent.quantity, price)
        or _too_large(intent, price, limits, spec)
        or _off_the_market(intent, mark, limits.collar_fraction)
    )


def not_reducing(intent: Intent, position: Decimal) -> str:
    """Return why a reduce-only intent would do more than reduce the bot's position, or ""."""
    if not intent.reduce_only or (intent.side * position < 0 and intent.quantity <= abs(position)):
        return ""
    return f"reduce-only {intent.side.name.lower()} of {intent.quantity} does not reduce a position of {position}"


def _too_large(intent: Intent, price: Decimal, limits: Limits, spec: BotSpec | None) -> str:
    if intent.reduce_only:
        return ""
    notional = intent.quantity * price
    if limits.max_order_notional and notional > limits.max_order_notional:
        return f"notional {notional} is above the account's most {limits.max_order_notional}"
    most = spec.risk.max_order_notional if spec is not None else 0.0
    if most and notional > as_decimal(most):
        return f"notional {notional} is above the bot's most {most}"
    return ""


def _off_the_market(intent: Intent, mark: float, collar: float) -> str:
    if not collar or not mark > 0:
        return ""
    off = abs(intent.reference_price - mark) / mark
    if off > collar:
        return f"reference price {intent.reference_price} is {off:.1%} off the market at {mark}"
    if intent.limit_price is not None:
        through = (float(intent.limit_price) - mark) / mark * (1 if intent.side is Side.BUY else -1)
        if through > collar:
            return f"limit price {intent.limit_price} is {through:.1%} through the market at {mark}"
    return ""


class Breaker:
    """Counts refusals by bot; too many in too short a time break the circuit once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: dict[BotId, deque[int]] = {}

    def refused(self, bot_id: BotId, now_ns: int) -> bool:
        """Count a refusal; return whether the bot is to be paused for it (the count then begins anew)."""
        times = self._times.setdefault(bot_id, deque())
        times.append(now_ns)
        while times and now_ns - times[0] > self._limits.refusals_within_s * _SECOND_NS:
            times.popleft()
        if len(times) < self._limits.refusals:
            return False
        times.clear()
        return True
