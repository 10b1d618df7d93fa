"""Every indicator that TA-Lib has is TA-Lib's: on random bars, on rough ones, and on real ones where there are any."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import talib

from algobot.market.store import read_bars
from tests.kernel.indicators import catalogue, over, rough_bars
from tests.kernel.markets import random_bars

SETS = ((14, 5, 3), (2, 3, 2), (50, 20, 9))


class Oracle(NamedTuple):
    """TA-Lib's answer, from when on it counts, and how far apart near 0 two values may be and still be the same."""

    values: Callable[..., tuple[np.ndarray, ...]]  # of the columns and the three periods
    near: float = 0.0
    of_price: float = 0.0
    fades: bool = False  # TA-Lib begins otherwise: the last part is compared
    moves: Callable[..., np.ndarray] | None = (
        None  # where it moves; elsewhere TA-Lib's value is rounding and nothing else
    )


H, L, C, V = "high", "low", "close", "volume"
HLC = (H, L, C)
PRICE = 1e-11  # of the price
UNIT = 1e-9  # of values up to 100


def index_moves(m: Columns, p: int, q: int, s: int) -> np.ndarray:
    """Whether the index was not all but constant in any of the windows that the bar's %D is the mean of."""
    rsi = talib.RSI(m[C], p)
    flat = np.nan_to_num(talib.MAX(rsi, q) - talib.MIN(rsi, q)) < 1e-6 if q > 1 else np.ones(len(rsi), bool)
    return talib.SUM(flat.astype(float), s) == 0.0


def typical_moves(m: Columns, p: int, q: int, s: int) -> np.ndarray:
    """Whether the typical price is far enough from its mean for a quotient with that distance in it."""
    price = talib.TYPPRICE(*m[HLC])
    return abs(price - talib.SMA(price, p)) > 1e-6 * price


def no_near_ties(m: Columns, p: int, q: int, s: int) -> np.ndarray:
    """Whether no typical price of the window is another than the one before by rounding alone."""
    exact = np.abs(np.diff(talib.TYPPRICE(*m[HLC]), prepend=np.nan)) > 1e-12 * m[C]
    still = np.append(False, np.all([m[key][1:] == m[key][:-1] for key in HLC], axis=0))
    return talib.SUM((~exact & ~still).astype(float), p) == 0.0


class Columns(dict):
    """The columns of a market as TA-Lib wants them; `m[HLC]` is three of them."""

    def __missing__(self, key: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        return tuple(self[name] for name in key)


ORACLES: dict[str, Oracle] = {
    "sma": Oracle(lambda m, p, q, s: (talib.SMA(m[C], p),)),
    "total": Oracle(lambda m, p, q, s: (talib.SUM(m[V], p),), near=1e-12),
    "stdev": Oracle(lambda m, p, q, s: (talib.STDDEV(m[C], p),), of_price=1e-7),
    "bollinger": Oracle(lambda m, p, q, s: talib.BBANDS(m[C], p, 2.0, 2.0)[::-1], of_price=1e-7),
    "donchian": Oracle(lambda m, p, q, s: (talib.MAX(m[H], p), talib.MIN(m[L], p))),
    "wma": Oracle(lambda m, p, q, s: (talib.WMA(m[C], p),)),
    "slope": Oracle(lambda m, p, q, s: (talib.LINEARREG_SLOPE(m[C], p),), of_price=PRICE),
    "ema": Oracle(lambda m, p, q, s: (talib.EMA(m[C], p),), fades=True),
    "dema": Oracle(lambda m, p, q, s: (talib.DEMA(m[C], p),), fades=True),
    "tema": Oracle(lambda m, p, q, s: (talib.TEMA(m[C], p),), fades=True),
    "kama": Oracle(lambda m, p, q, s: (talib.KAMA(m[C], p),)),
    "macd": Oracle(lambda m, p, q, s: talib.MACD(m[C], q, p, s), of_price=PRICE, fades=True),
    "rsi": Oracle(lambda m, p, q, s: (talib.RSI(m[C], p),), near=UNIT),
    "true_range": Oracle(lambda m, p, q, s: (talib.TRANGE(*m[HLC]),)),
    "atr": Oracle(lambda m, p, q, s: (talib.ATR(*m[HLC], p),)),
    "natr": Oracle(lambda m, p, q, s: (talib.NATR(*m[HLC], p),)),
    "adx": Oracle(
        lambda m, p, q, s: (talib.ADX(*m[HLC], p), talib.PLUS_DI(*m[HLC], p), talib.MINUS_DI(*m[HLC], p)), near=UNIT
    ),
    "momentum": Oracle(lambda m, p, q, s: (talib.MOM(m[C], p),)),
    "roc": Oracle(lambda m, p, q, s: (talib.ROC(m[C], p),)),
    "cci": Oracle(lambda m, p, q, s: (talib.CCI(*m[HLC], p),), near=UNIT, moves=typical_moves),
    "stochastic_fast": Oracle(lambda m, p, q, s: talib.STOCHF(*m[HLC], p, s, 0), near=UNIT),
    "stochastic": Oracle(lambda m, p, q, s: talib.STOCH(*m[HLC], p, s, 0, q, 0), near=UNIT),
    "stoch_rsi": Oracle(lambda m, p, q, s: talib.STOCHRSI(m[C], p, q, s, 0), near=UNIT, moves=index_moves),
    "williams_r": Oracle(lambda m, p, q, s: (talib.WILLR(*m[HLC], p),), near=UNIT),
    "aroon": Oracle(lambda m, p, q, s: (*talib.AROON(m[H], m[L], p)[::-1], talib.AROONOSC(m[H], m[L], p)), near=UNIT),
    "parabolic_sar": Oracle(lambda m, p, q, s: (talib.SAR(m[H], m[L], 0.02, 0.2),)),
    "obv": Oracle(lambda m, p, q, s: (talib.OBV(m[C], m[V]),), near=1e-9),
    "accumulation": Oracle(lambda m, p, q, s: (talib.AD(*m[HLC], m[V]),), near=1e-9),
    "mfi": Oracle(lambda m, p, q, s: (talib.MFI(*m[HLC], m[V], p),), near=UNIT, moves=no_near_ties),
}


def compare(name: str, market: np.ndarray, periods: tuple[int, int, int]) -> None:
    """Undefined at the same places, and else the same to 1e-9."""
    indicator, oracle = catalogue(*periods)[name], ORACLES[name]
    columns = Columns({key: np.ascontiguousarray(market[key]) for key in (H, L, C, V)})
    ours = over(indicator, market)
    for column, theirs in zip(ours.T, oracle.values(columns, *periods), strict=True):
        from_here = 0
        if oracle.fades:
            from_here = 40 * max(periods)
        else:
            np.testing.assert_array_equal(np.isnan(column), np.isnan(theirs))
        known = np.arange(len(market)) >= np.flatnonzero(~np.isnan(theirs))[0] + from_here
        if oracle.moves is not None:
            known &= oracle.moves(columns, *periods)
        assert known.any()
        excess = abs(column - theirs)[known] - 1e-9 * abs(theirs[known])
        excess -= oracle.near + oracle.of_price * columns[C][known]
        worst = int(excess.argmax())
        where = np.flatnonzero(known)[worst]
        assert excess[worst] <= 0, (name, periods, where, column[where], theirs[where])


@pytest.mark.parametrize("name", ORACLES)
def test_on_random_bars_it_is_talibs(name):
    """A plain random walk."""
    for periods in SETS:
        compare(name, random_bars(5000), periods)


@pytest.mark.parametrize("name", ORACLES)
def test_on_rough_bars_it_is_talibs(name):
    """Constant stretches, no volume, no range, gaps and jumps."""
    for periods in SETS:
        for seed in (1, 2, 3):
            compare(name, rough_bars(4000, seed), periods)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(
    "file", ["BINANCE_BTC_USDT_1h", "BINANCE_XRP_USDT_1d", "BINANCE_SOL_USDT_5m", "BITFINEX_BTC_USD_1m"]
)
def test_on_real_bars_it_is_talibs(name, file, real_file):
    """Dear coins and cheap ones, days and minutes, gaps included."""
    market = read_bars(real_file(file)).bars[:30_000]
    for periods in SETS:
        compare(name, market, periods)
