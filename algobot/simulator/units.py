"""Money as integers: one unit is a hundred-millionth of an asset, so every sum here is exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

UNIT: Final = 10**8


def to_units(amount: Decimal | str) -> int:
    """Return `amount` in units; raises ValueError when it is finer than one unit or no finite number."""
    value = Decimal(amount) if isinstance(amount, str) else amount
    if not value.is_finite():
        raise ValueError(f"not a finite amount: {amount}")
    scaled = value * UNIT
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"finer than 1e-8: {amount}")
    return whole


def show(units: int) -> str:
    """Return units as the venue writes them: eight decimals, no exponent."""
    if units < 0:
        return "-" + show(-units)
    whole, rest = divmod(units, UNIT)
    return f"{whole}.{rest:08d}"


def show_float(value: float) -> str:
    """Return a recorded float so that reading it back gives the same bits, with eight decimals where that suffices."""
    text = f"{value:.8f}"
    return text if float(text) == value else format(Decimal(repr(value)), "f")
