"""An instrument and its market rules: the only place that converts between decimals, lots and ticks."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec

from algobot.model.ids import Symbol
from algobot.model.orders import Side


class Instrument(msgspec.Struct, frozen=True):
    """What can be traded, with the steps the venue accepts.

    `tick` is the step of a price in quote units, `lot` the step of a quantity in base units. A zero bound is no bound.
    """

    symbol: Symbol  # unified, "BTC/USDT"
    venue_symbol: str  # the venue's, "BTCUSDT"
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = Decimal(0)
    max_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    maker_fee: Decimal = Decimal("0.001")  # a fraction of notional
    taker_fee: Decimal = Decimal("0.001")

    def to_lots(self, quantity: Decimal) -> int:
        """Return the whole lots in `quantity`, rounded toward zero: never more than was meant."""
        return int(quantity / self.lot)

    def to_quantity(self, lots: int) -> Decimal:
        """Return `lots` in base units, exactly."""
        return self.lot * lots

    def to_ticks(self, price: float | Decimal) -> int:
        """Return the tick nearest to `price`."""
        return int((as_decimal(price) / self.tick).to_integral_value(ROUND_HALF_EVEN))

    def to_price(self, ticks: int) -> Decimal:
        """Return `ticks` in quote units, exactly."""
        return self.tick * ticks

    def limit_ticks(self, price: float | Decimal, side: Side) -> int:
        """Return the tick at or on the safe side of `price`: a buy never pays more, a sell never takes less."""
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return int((as_decimal(price) / self.tick).to_integral_value(rounding))

    def refusal(self, quantity: Decimal, price: Decimal) -> str:
        """Return why the venue would refuse this size at this price, or "" when it would not."""
        if quantity <= 0:
            return f"quantity {quantity} is not positive"
        if quantity % self.lot:
            return f"quantity {quantity} is not a multiple of the lot {self.lot}"
        if self.min_quantity and quantity < self.min_quantity:
            return f"quantity {quantity} is below the least {self.min_quantity}"
        if self.max_quantity and quantity > self.max_quantity:
            return f"quantity {quantity} is above the most {self.max_quantity}"
        if self.min_notional and quantity * price < self.min_notional:
            return f"notional {quantity * price} is below the least {self.min_notional}"
        return ""

    def is_dust(self, quantity: Decimal, price: Decimal) -> bool:
        """Return whether so little cannot be sold: less than a lot, or below the venue's least at this price."""
        whole = abs(self.to_quantity(self.to_lots(quantity)))
        return whole == 0 or whole < self.min_quantity or whole * price < self.min_notional


def as_decimal(value: float | Decimal) -> Decimal:
    """Return the shortest decimal that reads back as `value` (0.1 is 0.1, not its binary neighbour)."""
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))
