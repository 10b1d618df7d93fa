"""The published table (2026-01-09, 100,000 at the start, all history) and the settings that made each row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from algobot.model import Param
from tests.published.original import Account
from tests.published.score import Row

ALL: Final = ("BNB", "BTC", "ETH", "SOL", "XRP")


class Entry(NamedTuple):
    """One row and what made it; parameters not named have the strategy's defaults."""

    strategy: str
    span: str
    symbols: tuple[str, ...]
    params: Mapping[str, Param]
    account: Account
    published: Row
    of_original: Mapping[str, Param] = MappingProxyType({})  # what its engine made of them
    note: str = ""


TABLE: Final[Mapping[str, Entry]] = {
    "quick_flip": Entry(
        "quick_flip",
        "1d",
        ALL,
        {"range_bars": 20, "stop_atr": 1.0, "target_atr": 6.0, "min_range_pct": 0.0, "body_ratio": 0.0},
        Account(),
        Row(1.08, 2.00, 166.08, 116.31, 56.55, 145, 13.54, 2.73),
    ),
    "momentum_scalper": Entry(
        "momentum_scalper",
        "1d",
        ALL,
        {
            "ema_fast": 13,
            "use_macd": False,
            "stop_atr_multiple": 1.5,
            "target_atr_multiple": 4.0,
            "trailing_atr_multiple": 1.0,
            "max_hold_bars": 30,
            "cooldown_bars": 0,
        },
        Account(
            risk_per_trade=0.10,
            heat=0.40,
            max_position=0.25,
            max_drawdown=0.25,
            warning=0.12,
            warning_multiplier=0.70,
            critical=0.20,
            critical_multiplier=0.50,
            max_losses=5,
            losses_multiplier=0.85,
        ),
        Row(0.55, 0.77, 104.13, 72.95, 45.65, 276, 24.69, 1.41),
    ),
    "range_breakout": Entry(
        "range_breakout",
        "1d",
        ALL,
        {"stop_atr": 1.0, "target_atr": 5.0, "trailing_atr": 1.5, "min_adx": 0.0, "trend_ema": 0},
        Account(),
        Row(0.71, 1.09, 92.74, 64.92, 48.28, 116, 15.93, 2.44),
    ),
    "volatility_regime_4h": Entry(
        "volatility_regime",
        "4h",
        ("BTC", "ETH", "SOL"),
        {
            "ema_fast": 13,
            "ema_slow": 34,
            "adx_threshold": 20.0,
            "stop_atr_multiple": 3.5,
            "target_atr_multiple": 9.0,
        },
        Account(risk_per_trade=0.03, heat=0.40, max_position=0.25, max_drawdown=0.25),
        Row(-0.36, 0.94, 92.25, 64.59, 54.09, 281, 18.50, 1.72),
    ),
    "volatility_regime": Entry(
        "volatility_regime",
        "1d",
        ("BNB", "BTC", "SOL"),
        {"adx_threshold": 20.0, "stop_atr_multiple": 3.0, "target_atr_multiple": 6.0},
        Account(),
        Row(0.35, 0.76, 42.38, 29.66, 52.00, 50, 11.92, 2.04),
    ),
    "regime_grid": Entry(
        "regime_grid",
        "1d",
        ("BTC", "ETH", "SOL"),
        {"adx_sideways": 35.0, "volatility_kill": 0.25},
        Account(),
        Row(0.42, 0.44, 80.19, 58.92, 83.02, 53, 35.16, 83.21),
        {"pause_hours": 1e6},  # its pause is by the wall clock: it lasts for the rest of a backtest
        "bit-sensitive; its settings were found by search",
    ),
}
