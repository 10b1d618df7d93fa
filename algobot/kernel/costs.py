# mypy: disable-error-code="no-any-return"
"""What a fill costs beyond its price: how far a market order moves it, and the fee.

The slip of a market, stop or protective order is a sum of parts, each off at 0:
- `slippage`: a fixed fraction of the price;
- `spread_share`: of half the bar's range over its open, since a wide bar is traded at a wide spread;
- `impact_linear` and `impact_sqrt`: times the order's share of the bar's volume, and times its square root. The square
  root is the law found for large orders at every market looked at (Tóth et al., Anomalous price impact, 2011); the
  linear one is Kyle's (1985). A bar without volume counts as one that the order makes up alone.
"""

from __future__ import annotations

import math

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec


@kernel
def slip(setting: Rec, bar: Rec, lots: int) -> float:
    """Return the fraction of the price that an order of `lots` loses in this bar."""
    fraction = setting.slippage
    if setting.spread_share > 0.0:
        fraction += setting.spread_share * 0.5 * (bar.high - bar.low) / bar.open
    if setting.impact_linear > 0.0 or setting.impact_sqrt > 0.0:
        share = 1.0
        if bar.volume > 0.0:
            share = min(lots * setting.lot / bar.volume, 1.0)
        fraction += setting.impact_linear * share + setting.impact_sqrt * math.sqrt(share)
    return fraction


@kernel
def slipped(price: float, side: int, fraction: float) -> float:
    """Return `price` worse by `fraction` for this side; a sale never below nothing."""
    return max(price * (1.0 + side * fraction), 0.0)
