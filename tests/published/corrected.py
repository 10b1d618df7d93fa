"""The same rows by the real engine: decided at the close, filled at the next open, stops within the bar."""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

import numpy as np

from algobot.errors import DataError
from algobot.kernel.session import Settings
from algobot.market.store import Series, read_bars
from algobot.research.backtest import Outcome, run
from algobot.research.metrics import Assumptions
from algobot.strategies import registry
from tests.conftest import DATA
from tests.published.bars import SPANS_NS, aligned
from tests.published.original import FEE, SLIPPAGE, Account
from tests.published.table import Entry

LOT: Final = 1e-8  # base units: sizes are as good as free, as in the original
TAX: Final = 0.30
RISK_FREE: Final = 0.05
FIRST_NS: Final = 1_638_489_600 * 10**9  # 2021-12-03, where the published bars begin


class Hold(NamedTuple):
    """What buying one symbol at the first close and holding it earned."""

    symbol: str
    return_pct: float


def corrected(entry: Entry) -> Outcome:
    """Return what the real engine makes of an entry, without the last bar of its data, which is unfinished."""
    bars = aligned(entry.symbols, entry.span)[:, :-1]
    symbols = sorted(entry.symbols)
    return _run(
        entry,
        [
            Series(symbol, SPANS_NS[entry.span], np.ascontiguousarray(row))
            for symbol, row in zip(symbols, bars, strict=True)
        ],
    )


def before(entry: Entry) -> tuple[list[Series], Outcome | None]:
    """Return the years before the published ones, which no search had seen: what there is of them, and the result."""
    series = []
    for symbol in sorted(entry.symbols):
        path = DATA / f"BINANCE_{symbol}_USDT_{entry.span}.parquet"
        with contextlib.suppress(DataError):  # no such file, or none of its bars so early
            series.append(read_bars(path, symbol=symbol, end_ns=FIRST_NS))
    return series, _run(entry, series) if series else None


def _run(entry: Entry, series: list[Series]) -> Outcome:
    assumed = Assumptions(risk_free_fraction=RISK_FREE, tax_fraction=TAX)
    return run(registry.load(entry.strategy), entry.params, series, settings_of(entry.account), assumed=assumed)


def settings_of(account: Account) -> Settings:
    """Return the original's risk settings as an account's here."""
    return Settings(
        lot=LOT,
        tick=0.0,
        maker_fee=FEE,
        taker_fee=FEE,
        capital=account.capital,
        position_fraction=account.max_position,
        slippage=SLIPPAGE,
        max_position_fraction=account.max_position,
        max_drawdown_fraction=account.max_drawdown,
        risk_per_trade_fraction=account.risk_per_trade,
        max_heat_fraction=account.heat,
        warning_drawdown_fraction=account.warning,
        warning_multiplier=account.warning_multiplier,
        critical_drawdown_fraction=account.critical,
        critical_multiplier=account.critical_multiplier,
        max_losses=account.max_losses,
        losses_multiplier=account.losses_multiplier,
        max_positions=account.max_positions,
    )


def held(entry: Entry) -> list[Hold]:
    """Return what each symbol of an entry earned by itself over the same bars."""
    bars = aligned(entry.symbols, entry.span)[:, :-1]
    return [
        Hold(symbol, 100.0 * (row["close"][-1] / row["close"][0] - 1.0))
        for symbol, row in zip(sorted(entry.symbols), bars, strict=True)
    ]
