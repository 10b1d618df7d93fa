"""What an account may do and what a market costs: the settings of a run or a bot, and their records in the engine."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

from algobot.errors import UsageError
from algobot.kernel import records as r
from algobot.kernel.records import Records

Path = Literal["worst", "ohlc", "adaptive"]
PATHS: Final[tuple[Path, ...]] = get_args(Path)  # by their codes


class FeeTier(NamedTuple):
    """One step of a venue's fees."""

    notional: float  # quote units traded in 30 days
    maker_fee: float
    taker_fee: float


class Settings(NamedTuple):
    """The account's and the instrument's side of a bot. Fractions as in `model.RiskSpec`; 0 turns a limit off."""

    lot: float  # base units
    tick: float  # quote units; 0 leaves prices as they are
    maker_fee: float  # a fraction of notional, in quote
    taker_fee: float
    capital: float  # quote units
    position_fraction: float = 0.2  # an entry's size, of equity
    allow_short: bool = False
    slippage: float = 0.0  # a fraction of price, for market and stop orders filled here
    max_position_fraction: float = 1.0
    max_drawdown_fraction: float = 0.0
    max_daily_loss_fraction: float = 0.0
    max_order_notional: float = 0.0
    risk_per_trade_fraction: float = 0.0
    max_heat_fraction: float = 0.0
    warning_drawdown_fraction: float = 0.0
    warning_multiplier: float = 0.5
    critical_drawdown_fraction: float = 0.0
    critical_multiplier: float = 0.25
    max_losses: int = 0
    losses_multiplier: float = 0.75
    cooldown_bars: int = 0
    max_positions: int = 0  # open at a time, of all symbols of the account
    spread_share: float = 0.0  # see `kernel.costs`
    impact_linear: float = 0.0
    impact_sqrt: float = 0.0
    leverage: float = 0.0  # 0 is spot; see `kernel.perpetual`
    maintenance_fraction: float = 0.005
    liquidation_fee: float = 0.0  # beside the taker fee
    path: Path = "worst"  # which way a price goes within a bar
    participation_fraction: float = 0.0  # of a bar's volume that may be ours; 0 is all of it
    latency_ns: int = 0  # from the close that asks until the order is at the venue
    sell_next_day: bool = False  # what is bought may be sold from the next UTC day on
    fee_tiers: tuple[FeeTier, ...] = ()  # the fees from a notional of 30 days on, rising; the plain ones before that


def write_settings(rows: Records, settings: Settings) -> None:
    """Write settings into the engine's records of them.

    Raises:
        UsageError: more fee tiers than there is room for, or not rising.
    """
    tiers = settings.fee_tiers
    if len(tiers) > r.TIERS or any(a[0] >= b[0] for a, b in pairwise(tiers)):
        raise UsageError(f"fee tiers {tiers} cannot be used", hint=f"at most {r.TIERS}, each from a larger notional on")
    values = settings._asdict() | {"path": PATHS.index(settings.path), "tiers": len(tiers)}
    del values["fee_tiers"]
    for name, value in values.items():
        rows[name] = value
    for i, tier in enumerate(tiers):
        rows["tier_notional"][:, i], rows["tier_maker"][:, i], rows["tier_taker"][:, i] = tier
