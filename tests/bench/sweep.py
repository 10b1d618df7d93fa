"""What a search costs: `python -m tests.bench sweep [--sets 100] [--bars 100000] [--rounds 5] [--least-mbars 60]`.

Many parameter sets of the crossover with an ATR stop and target over a random walk, on one thread and on two, in
million bars a second (the best round), against the engine alone; then a year of one-minute bars of five symbols on
one account with risk rules, run and measured like `algobot backtest` does. Seconds of processor time stand beside
those of the clock: on a machine that is busy only they compare. The last line is one JSON object; exit code 1 if two
threads are below `--least-mbars` or `--least-scaling`, or the portfolio takes more than `--most-s`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from algobot.kernel import records as r
from algobot.kernel.session import Settings
from algobot.market.store import Series
from algobot.research import backtest
from algobot.research.desk import Desk
from algobot.research.search.sweep import Sweep
from algobot.research.tape import tape
from algobot.strategies import registry
from tests.kernel.markets import plain, random_bars

MINUTE_NS = 60 * 10**9
YEAR_BARS = 525_600
SYMBOLS = 5
RULES = plain(
    taker_fee=0.0005,
    slippage=0.0001,
    position_fraction=0.2,
    max_position_fraction=0.25,
    max_drawdown_fraction=0.2,
    max_daily_loss_fraction=0.05,
    max_heat_fraction=0.1,
    max_positions=4,
    warning_drawdown_fraction=0.1,
    critical_drawdown_fraction=0.15,
    max_losses=5,
    cooldown_bars=10,
)


class Cost(NamedTuple):
    """Seconds of the quickest round, by the clock and of processors."""

    wall_s: float
    cpu_s: float


def best(rounds: int, call: Callable[[], object]) -> Cost:
    """Return what the quickest of some calls took, the first not counted."""
    call()
    taken = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        taken.append(Cost(time.perf_counter() - wall, time.process_time() - cpu))
    return Cost(min(one.wall_s for one in taken), min(one.cpu_s for one in taken))


def sets(count: int) -> list[Any]:
    """Return different parameters of the crossover, with stop and target."""
    strategy = registry.load("ma_crossover")
    return [
        strategy.params({"fast": 5 + at % 20, "slow": 30 + at, "stop_atr": 2.0, "target_atr": 3.0})
        for at in range(count)
    ]


def engine_alone(settings: Settings, bars: Series, params: Any) -> Callable[[], object]:
    """Return a run that measures nothing."""
    desk, some = Desk(registry.load("ma_crossover"), settings, 1), tape([bars])
    curve = some.close_ns.astype(float)

    def once() -> None:
        desk.open(params)
        desk.fold(some.bars, r.PAPER, curve, lambda fills: None)

    return once


def portfolio(rounds: int) -> Cost:
    """Return what a year of minutes of five symbols with risk rules costs."""
    series = [Series(f"S{at}", MINUTE_NS, random_bars(YEAR_BARS, at, step=0.001, start=100.0)) for at in range(SYMBOLS)]
    strategy = registry.load("ma_crossover")
    params = {"fast": 60, "slow": 240, "stop_atr": 5.0, "target_atr": 10.0}
    outcome = backtest.run(strategy, params, series, RULES)
    assert outcome.metrics.trades > 1000, outcome.metrics.trades
    return best(rounds, lambda: backtest.run(strategy, params, series, RULES))


def main() -> int:
    """Measure, print, and say by the exit code whether a search is as quick as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--least-mbars", type=float, default=60.0)
    parser.add_argument("--least-scaling", type=float, default=1.7)
    parser.add_argument("--most-s", type=float, default=2.0)
    words = parser.parse_args()
    bars, settings = Series("X", MINUTE_NS, random_bars(words.bars, step=0.001)), plain(taker_fee=0.001)
    jobs, total = sets(words.sets), words.sets * words.bars
    alone = best(words.rounds, engine_alone(settings, bars, jobs[0]))
    found = {}
    for threads in (1, 2):
        sweep = Sweep(registry.load("ma_crossover"), settings, tape([bars]), threads)
        found[threads] = best(words.rounds, lambda sweep=sweep: sweep.run(jobs))  # type: ignore[misc]
    year = portfolio(min(words.rounds, 3))
    print(f"{'':28} {'Mbars/s':>9} {'clock':>9} {'processor':>10}")
    for name, count, cost in (
        ("engine alone, one set", words.bars, alone),
        ("one thread", total, found[1]),
        ("two threads", total, found[2]),
        (f"{SYMBOLS} symbols, a year of 1m", SYMBOLS * YEAR_BARS, year),
    ):
        print(f"{name:28} {count / cost.wall_s / 1e6:9.1f} {cost.wall_s:8.3f}s {cost.cpu_s:9.3f}s")
    summary = {
        "mbars_per_s": round(total / found[2].wall_s / 1e6, 2),
        "mbars_per_s_one_thread": round(total / found[1].wall_s / 1e6, 2),
        "mbars_per_processor_s": round(total / found[1].cpu_s / 1e6, 2),
        "scaling": round(found[1].wall_s / found[2].wall_s, 3),
        "scaling_of_processor_time": round(2 * found[1].cpu_s / found[2].cpu_s, 3),
        "ratio_to_engine": round(found[1].cpu_s / words.sets / alone.cpu_s, 3),
        "portfolio_s": round(year.wall_s, 3),
        "portfolio_processor_s": round(year.cpu_s, 3),
    }
    print(json.dumps(summary))
    quick = summary["mbars_per_s"] >= words.least_mbars and summary["scaling"] >= words.least_scaling
    return 0 if quick and year.wall_s <= words.most_s else 1


if __name__ == "__main__":
    sys.exit(main())
