"""What indicators cost: `python -m tests.bench.indicators [--values 1000000] [--rounds 15] [--most-ratio 1.5]`.

Each indicator's step in a compiled loop, its record in memory as in the engine, against TA-Lib's function over the same
values in the same run: nanoseconds of processor time a value, the best round of each after a first one that is not
counted, in turns. The values are a random market of 131,072 bars over and over; the loop reads its records, which stay
in the cache (the engine has read a bar before a strategy sees it), and TA-Lib the whole columns one after another.

`alone` is one series: each step waits for the last one's record to come back from memory, some 3 ns that a function
which keeps its sums in registers does not know. `beside` is eight series bar by bar, as the engine folds a portfolio:
those waits overlap, as they do with the rest of a strategy, and what is left is the work and the way to eight records.
The ratio is that of the quicker loop.

The last line is one JSON object; exit code 1 if a ratio is above `--most-ratio`, or above its own in `LIMITS`: a few of
TA-Lib's functions are so little work on whole columns that a step, which keeps a ring as well, cannot come as near.
Every name above `--most-ratio` is marked and listed, whatever its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import talib

from algobot.kernel.jit import kernel
from tests.kernel.indicators import RUNS, Indicator, catalogue
from tests.kernel.markets import random_bars

SERIES: Final = 8
MARKET: Final = 1 << 17  # bars
P: Final = 14
Q: Final = 5
S: Final = 3

LIMITS: Final = {
    "momentum": 3.0,  # one subtraction of two columns, several at once: 0.5 ns; a ring is read and written instead
    "wma": 2.2,  # 1.55 at best: two sums kept in registers, against a ring added up once every `P` values
    "kama": 1.8,  # 1.44 at best, more on a machine that is shared
    "slope": 1.8,  # 1.31 at best
}

H, L, C, V = "high", "low", "close", "volume"
ORACLES: dict[str, tuple[Callable[..., object], tuple[str, ...], tuple[float, ...]]] = {
    "sma": (talib.SMA, (C,), (P,)),
    "ema": (talib.EMA, (C,), (P,)),
    "wma": (talib.WMA, (C,), (P,)),
    "dema": (talib.DEMA, (C,), (P,)),
    "tema": (talib.TEMA, (C,), (P,)),
    "kama": (talib.KAMA, (C,), (P,)),
    "total": (talib.SUM, (V,), (P,)),
    "stdev": (talib.STDDEV, (C,), (P,)),
    "bollinger": (talib.BBANDS, (C,), (P, 2.0, 2.0)),
    "slope": (talib.LINEARREG_SLOPE, (C,), (P,)),
    "macd": (talib.MACD, (C,), (Q, P, S)),
    "rsi": (talib.RSI, (C,), (P,)),
    "stoch_rsi": (talib.STOCHRSI, (C,), (P, Q, S)),
    "momentum": (talib.MOM, (C,), (P,)),
    "roc": (talib.ROC, (C,), (P,)),
    "true_range": (talib.TRANGE, (H, L, C), ()),
    "atr": (talib.ATR, (H, L, C), (P,)),
    "natr": (talib.NATR, (H, L, C), (P,)),
    "adx": (talib.ADX, (H, L, C), (P,)),
    "cci": (talib.CCI, (H, L, C), (P,)),
    "stochastic_fast": (talib.STOCHF, (H, L, C), (P, S, 0)),
    "stochastic": (talib.STOCH, (H, L, C), (P, S, 0, Q, 0)),
    "williams_r": (talib.WILLR, (H, L, C), (P,)),
    "aroon": (talib.AROON, (H, L), (P,)),
    "parabolic_sar": (talib.SAR, (H, L), (0.02, 0.2)),
    "obv": (talib.OBV, (C, V), ()),
    "accumulation": (talib.AD, (H, L, C, V), ()),
    "mfi": (talib.MFI, (H, L, C, V), (P,)),
}


@kernel
def beside_1(step, states, values, params, out):
    """Step through several series bar by bar: one number each."""
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            out[i, k, 0] = step(states[k], values[i, k], *params)


@kernel
def beside_2(step, states, values, params, out):
    """Step through several series bar by bar: two numbers."""
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            out[i, k, 0], out[i, k, 1] = step(states[k], values[i, k], *params)


@kernel
def beside_3(step, states, values, params, out):
    """Step through several series bar by bar: three numbers."""
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            out[i, k, 0], out[i, k, 1], out[i, k, 2] = step(states[k], values[i, k], *params)


BESIDE = {1: beside_1, 2: beside_2, 3: beside_3}


class Cost(NamedTuple):
    """Nanoseconds a value."""

    name: str
    alone: float
    beside: float
    talib: float

    @property
    def ratio(self) -> float:
        """How often TA-Lib's time the quicker loop takes."""
        return min(self.alone, self.beside) / self.talib


def best(rounds: int, calls: list[Callable[[], object]]) -> list[float]:
    """Return the seconds of the quickest of some calls of each, in turns, the first turn not counted."""
    taken: list[list[float]] = [[] for _ in calls]
    for round_number in range(rounds + 1):
        for call, times in zip(calls, taken, strict=True):
            start = time.thread_time()
            call()
            if round_number > 0:
                times.append(time.thread_time() - start)
    return [min(times) for times in taken]


def measure(name: str, indicator: Indicator, market: np.ndarray, count: int, rounds: int) -> Cost:
    """Return what one indicator costs in both loops, and what TA-Lib's function does."""
    width = len(indicator.first)
    laps = count // len(market)
    values = market if indicator.takes == "bar" else np.ascontiguousarray(market[indicator.takes])
    by_bar = values.reshape(-1, SERIES)
    function, columns, params = ORACLES[name]
    arrays = [np.tile(market[column], laps) for column in columns]
    out = np.zeros((count, width))

    def alone() -> None:
        states = np.zeros(1, indicator.layout)
        for part in out.reshape(laps, -1, width):
            RUNS[width](indicator.step, states, values, indicator.params, part)

    def beside() -> None:
        states = np.zeros(SERIES, indicator.layout)
        for part in out.reshape(laps, -1, SERIES, width):
            BESIDE[width](indicator.step, states, by_bar, indicator.params, part)

    seconds = best(rounds, [alone, beside, lambda: function(*arrays, *params)])
    return Cost(name, *(1e9 * s / count for s in seconds))


def main() -> int:
    """Measure, print, and say by the exit code whether every step keeps up with TA-Lib."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--most-ratio", type=float, default=1.5)
    parser.add_argument("--only", default="", help="names, comma-separated")
    words = parser.parse_args()
    market = random_bars(MARKET, step=0.001)
    count = -(-words.values // MARKET) * MARKET
    print(f"{'ns a value':18} {'alone':>7} {'beside':>7} {'TA-Lib':>7} {'ratio':>7}")
    costs = []
    for name in words.only.split(",") if words.only else ORACLES:
        cost = measure(name, catalogue(P, Q, S)[name], market, count, words.rounds)
        costs.append(cost)
        mark = "" if cost.ratio <= words.most_ratio else "  above"
        print(f"{name:18} {cost.alone:7.2f} {cost.beside:7.2f} {cost.talib:7.2f} {cost.ratio:6.2f}x{mark}", flush=True)
    summary = {
        "values": count,
        "ratio": {cost.name: round(cost.ratio, 3) for cost in costs},
        "ratio_alone": {cost.name: round(cost.alone / cost.talib, 3) for cost in costs},
        "ratio_beside": {cost.name: round(cost.beside / cost.talib, 3) for cost in costs},
        "talib_ns": {cost.name: round(cost.talib, 3) for cost in costs},
        "above": [cost.name for cost in costs if cost.ratio > words.most_ratio],
    }
    print(json.dumps(summary))
    return 0 if all(cost.ratio <= LIMITS.get(cost.name, words.most_ratio) for cost in costs) else 1


if __name__ == "__main__":
    sys.exit(main())
