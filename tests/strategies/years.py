"""Every built-in strategy with its defaults over years of real bars; `python -m tests.strategies.years` prints tables.

Long only, on spot, 95 % of equity in one coin at a time, 0.1 % fee and 0.05 % slippage a side: nothing was chosen by
looking at the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import click
import numpy as np

from algobot.kernel.session import Settings
from algobot.market.store import read_bars
from algobot.research.backtest import Outcome, run
from algobot.strategies import registry
from tests.conftest import DATA

COINS: Final = ("BTC", "ETH", "SOL", "BNB", "XRP")
TIMEFRAMES: Final = ("1d", "1h")
FROM: Final = datetime(2022, 1, 1, tzinfo=UTC)
SPOT: Final = Settings(
    lot=1e-5,
    tick=0.0,
    maker_fee=0.001,
    taker_fee=0.001,
    slippage=0.0005,
    capital=10_000.0,
    position_fraction=0.95,
)


def over_years(name: str, timeframe: str, file: Callable[[str], Path]) -> dict[str, Outcome]:
    """Return what a strategy did on each coin since `FROM`; the bars before only warm it up."""
    from_ns = int(FROM.timestamp()) * 10**9
    outcomes = {}
    for coin in COINS:
        series = read_bars(file(f"BINANCE_{coin}_USDT_{timeframe}"))
        outcomes[coin] = run(registry.load(name), {}, [series], SPOT, trade_from_ns=from_ns)
    return outcomes


def drawdown(curve: np.ndarray) -> float:
    """Return the deepest fall from a peak, as a fraction."""
    return float((1.0 - curve / np.maximum.accumulate(curve)).max())


def table(timeframe: str) -> str:
    """Return what each strategy earned, as a Markdown table, buy and hold below."""
    lines = [
        f"| {timeframe} | " + " | ".join(COINS) + " | trades | in the market | deepest fall |",
        "|---|" + "---:|" * (len(COINS) + 3),
    ]
    outcomes: dict[str, Outcome] = {}
    for name in sorted(registry.BUILT_IN):
        outcomes = over_years(name, timeframe, lambda file: DATA / f"{file}.parquet")
        earned = [f"{one.metrics.return_fraction:+.0%}" for one in outcomes.values()]
        trades = sum(one.metrics.trades for one in outcomes.values())
        time = median(one.metrics.time_in_market_fraction for one in outcomes.values())
        fall = median(one.metrics.max_drawdown_fraction for one in outcomes.values())
        lines.append(f"| {name} | {' | '.join(earned)} | {trades} | {time:.0%} | {abs(fall):.0%} |")
    held = [f"{one.hold[-1] / one.hold[0] - 1.0:+.0%}" for one in outcomes.values()]
    fall = median(drawdown(one.hold) for one in outcomes.values())
    lines.append(f"| *buy and hold* | {' | '.join(held)} | | 100% | {abs(fall):.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    for each in TIMEFRAMES:
        click.echo(table(each) + "\n")
