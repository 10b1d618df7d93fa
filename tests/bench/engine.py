"""What the engine costs: `python -m tests.bench.engine [--bars 1000000] [--rounds 7] [--most-ratio 10]`.

Each strategy over a random walk, in nanoseconds a bar (the best round), against a loop written by hand that does the
crossover's job and no other. Then what one call of a session costs, and what warming a process costs once compiled.
The last line is one JSON object; exit code 1 if the ratio is above `--most-ratio`, or the two do not agree.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

import numba
import numpy as np

from algobot.kernel import engine
from algobot.kernel import records as r
from algobot.kernel.dispatch import raw
from algobot.kernel.session import Session
from algobot.kernel.settings import write_settings
from algobot.market.store import Series
from algobot.model import Param
from algobot.research.backtest import run
from algobot.strategies import registry
from tests.kernel.markets import model_bars, plain, random_bars

DAY_NS: Final = 86_400 * 10**9


STOPPED: Final[dict[str, Param]] = {"stop_atr": 2.0, "target_atr": 3.0}


@numba.njit  # type: ignore[untyped-decorator]
def by_hand(  # type: ignore[no-untyped-def]
    bars,
    fills,
    curve,
    stop_atr: float,
    target_atr: float,
) -> int:
    """The crossover's whole job fused into one loop: rings, ATR, next-open fills, stop, target, sizes, peak and day."""
    quick, late = np.zeros(20), np.zeros(50)
    cash, lots, queued, count, lot = 1e9, 0, 0, 0, 0.001
    fast, slow, atr, last, peak, day, day_start, equity = 0.0, 0.0, 0.0, 0.0, 1e9, 0, 1e9, 1e9
    stop, target, stopped, wanted = 0.0, 0.0, False, False
    for t in range(len(bars)):
        bar = bars[t]
        if not day <= bar.open_ns < day + DAY_NS:
            day, day_start = bar.open_ns // DAY_NS * DAY_NS, equity
        ended = False
        if queued != 0:
            if queued > 0:
                queued = min(queued, math.floor(cash / (bar.open * lot)))
            fill = fills[count]
            fill.ts_ns, fill.side, fill.lots, fill.price = bar.open_ns, np.sign(queued), abs(queued), bar.open
            cash -= queued * lot * bar.open
            lots, queued, count = lots + queued, 0, count + 1
        price = 0.0
        if lots > 0 and stop > 0.0 and bar.low <= stop:
            price = min(stop, bar.open)
        elif lots > 0 and target > 0.0 and bar.high >= target:
            price = max(target, bar.open)
        if price > 0.0:
            fill = fills[count]
            fill.ts_ns, fill.side, fill.lots, fill.price = bar.close_ns, -1, lots, price
            cash += lots * lot * price
            lots, count, ended = 0, count + 1, True
        equity = cash + lots * lot * bar.close
        peak = max(peak, equity)
        fast += bar.close - quick[t % 20]
        slow += bar.close - late[t % 50]
        quick[t % 20], late[t % 50] = bar.close, bar.close
        reach = max(bar.high - bar.low, abs(bar.high - last), abs(bar.low - last))
        if t > 14:
            atr = (atr * 13 + reach) * (1.0 / 14)
        elif t > 0:
            atr += reach / 14
        last = bar.close
        rising = t >= 49 and fast / 20 > slow / 50
        stopped = rising and (stopped or (ended and wanted))
        wanted = rising and not stopped
        if wanted and lots == 0 and equity > peak * 0.0 and equity > day_start * 0.0 and atr > 0.0:
            queued = math.floor(min(0.2 * equity, equity, cash) / (bar.close * lot))
            stop = bar.close - stop_atr * atr if stop_atr > 0.0 else 0.0
            target = bar.close + target_atr * atr if target_atr > 0.0 else 0.0
        elif not wanted and lots > 0:
            queued = -lots
        curve[t] = equity
    return count


def best(rounds: int, call: Callable[[], object]) -> float:
    """Return the seconds of the quickest of some calls, the first not counted."""
    call()
    taken = []
    for _ in range(rounds):
        start = time.process_time()  # a busy neighbour is not our cost
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def simulated(name: str, bars: np.ndarray, **chosen: Param) -> Callable[[], object]:  # type: ignore[type-arg]
    """Return a run of one strategy over all the bars, from fresh records."""
    strategy = registry.load(name)
    address, params = strategy.address(), raw(strategy.params_records(strategy.params(chosen)))
    settings = np.zeros(1, r.SETTINGS)
    write_settings(settings, plain(allow_short=True, capital=1e9))
    fills, notes, curve = np.zeros(len(bars) // 4 + 100, r.FILL), np.zeros(0, r.NOTE), np.zeros(len(bars))

    detail, spans, funding = np.zeros((1, 0), r.BAR), np.zeros(0, np.int64), np.zeros((1, 0))

    def once() -> None:
        accounts, slots, states = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), raw(np.zeros(1, strategy.state))
        for field in ("cash", "equity", "peak"):
            accounts[field] = 1e9
        accounts["mode"], accounts["may_open"] = r.PAPER, 1
        rows = (
            accounts,
            slots,
            states,
            settings,
            params,
            bars[np.newaxis],
            detail,
            spans,
            funding,
            fills,
            notes,
            curve,
        )
        done = engine.simulate(address, *rows, 0)
        assert done == len(bars)

    return once


def session_us(name: str) -> float:
    """Return the microseconds of one `step` of a session."""
    session = Session(registry.load(name), {}, plain())
    bars = model_bars(random_bars(5000))
    start = time.perf_counter()
    for bar in bars:
        session.step(bar)
    return (time.perf_counter() - start) / len(bars) * 1e6


def warm_seconds() -> float:
    """Return the seconds of a process that loads every strategy from the cache."""
    words = [sys.executable, "-m", "algobot.kernel.warm"]
    subprocess.run(words, check=True, capture_output=True)
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure, print, and say by the exit code whether the engine is still near a loop by hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most-ratio", type=float, default=10.0)
    words = parser.parse_args()
    bars = random_bars(words.bars, step=0.001)
    fills, curve = np.zeros(words.bars // 4 + 100, r.FILL), np.zeros(words.bars)
    ratios, by_hands = {}, {}
    for label, chosen in (("ma_crossover", {}), ("with stop, target", STOPPED)):
        how = (chosen.get("stop_atr", 0.0), chosen.get("target_atr", 0.0))
        outcome = run(registry.load("ma_crossover"), chosen, [Series("X", 60, bars)], plain(capital=1e9))
        count = by_hand(bars, fills, curve, *how)
        prices = [fill.price for fill in outcome.fills[0]]
        np.testing.assert_allclose(fills["price"][:count], prices, rtol=1e-9, err_msg="not the same job")
        np.testing.assert_allclose(curve, outcome.curve, rtol=1e-9)
        hand = best(words.rounds, lambda how=how: by_hand(bars, fills, curve, *how)) / words.bars * 1e9
        ours = best(words.rounds, simulated("ma_crossover", bars, **chosen)) / words.bars * 1e9
        by_hands[label], ratios[label] = hand, ours / hand
        print(f"{label:18} by hand {hand:6.1f} ns a bar, engine {ours:6.1f}: {ratios[label]:.1f} times")
    ns = {name: best(words.rounds, simulated(name, bars)) / words.bars * 1e9 for name in registry.BUILT_IN}
    for name, value in ns.items():
        print(f"{name:16} {value:8.1f} ns a bar   one session step {session_us(name):6.1f} µs")
    warm = warm_seconds()
    print(f"{'warm process':16} {warm:8.2f} s")
    print(json.dumps({"by_hand_ns": by_hands, "ns": ns, "ratio": ratios, "warm_seconds": warm}))
    return 0 if max(ratios.values()) <= words.most_ratio else 1


if __name__ == "__main__":
    sys.exit(main())
