"""All checks of one strategy, in the order in which a fault is best understood."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from algobot.errors import StrategyError
from algobot.kernel.records import Records
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import timeframe_ns
from algobot.research import backtest
from algobot.research.validation.check import compiled, extremes, floats, future, repeat, start
from algobot.research.validation.check.findings import Checked, Finding, ok, warning
from algobot.research.validation.check.market import SETTINGS, made_up
from algobot.research.validation.check.subject import Subject
from algobot.research.validation.check.traced import Trace, trace

_TIMEFRAMES: Final = ("1h", "15m", "5m", "1m", "4h", "1d")
_BARS: Final = (3000, 12_000)  # at least, at most
_ENOUGH_FILLS: Final = 20
_SPEED_BARS: Final = 50_000
_SLOW_NS: Final = 5_000

Watch = Callable[[str], None]


def examine(strategy: Strategy, bars: Records | None = None, watch: Watch = lambda step: None) -> Checked:
    """Return what was found of `strategy` on made-up bars, or on `bars`; what comes after a fatal fault is left out.

    Made-up bars are of the first timeframe on which it trades: one that waits for a session's opening range does
    nothing on daily bars.
    """
    begun = time.perf_counter()
    findings: list[Finding] = []
    watch("interpreted")
    subject, words = _first(strategy, bars)
    told = trace(compiled.short(subject), interpreted=True)  # before anything is compiled: what hangs can be stopped
    if not told.error and bars is None:
        better, words = _that_trades(subject, words)
        if better is not subject:
            subject, told = better, trace(compiled.short(better), interpreted=True)
    for finding in _steps(subject, told, watch):
        findings.append(finding)
        if finding.state == "failed" and finding.check in ("interpreted", "compiled"):
            break
    return Checked(strategy.name, strategy.file, words, time.perf_counter() - begun, findings)


def _steps(subject: Subject, told: Trace, watch: Watch) -> Iterator[Finding]:
    part = compiled.short(subject)
    yield compiled.interpreted(part, told)
    yield compiled.own_knowledge(subject, told)
    watch("compiled")
    yield compiled.compiled(part, told)
    for check in (future.future, start.warm_up, repeat.determinism, floats.float_stability, extremes.parameters):
        watch(check.__name__)
        yield check(subject)
    yield repeat.sizes(subject)
    yield _trades(subject)
    yield _speed(subject)


def _first(strategy: Strategy, bars: Records | None) -> tuple[Subject, str]:
    """Return the strategy on a person's bars or on made-up ones of an hour, and what these are."""
    if bars is not None:
        return Subject(strategy, bars[-_BARS[1] :].copy(), SETTINGS), f"{min(len(bars), _BARS[1]):,} bars of yours"
    return _made_up(strategy, _TIMEFRAMES[0])


def _made_up(strategy: Strategy, timeframe: str) -> tuple[Subject, str]:
    count = min(max(_BARS[0], 6 * Subject(strategy, np.zeros(0), SETTINGS).warmup), _BARS[1])
    return Subject(
        strategy, made_up(count, timeframe_ns(timeframe)), SETTINGS
    ), f"{count:,} made-up bars of {timeframe}"


def _that_trades(subject: Subject, words: str) -> tuple[Subject, str]:
    """Return the subject on bars of the first timeframe on which it trades enough, else on the one where most."""
    best = -1, subject, words
    for timeframe in _TIMEFRAMES:
        if timeframe != _TIMEFRAMES[0]:
            subject, words = _made_up(subject.strategy, timeframe)
        try:
            fills = len(subject.at_once(subject.bars).fills[0])
        except StrategyError:  # it does not compile: the checks will say so
            return subject, words
        if fills > best[0]:
            best = fills, subject, words
        if fills >= _ENOUGH_FILLS:
            break
    return best[1:]


def _trades(subject: Subject) -> Finding:
    fills = len(subject.at_once(subject.bars).fills[0])
    if fills == 0:
        return warning("trades", "it never traded on these bars: most checks say little; give --data", fills=0)
    if fills < _ENOUGH_FILLS:
        return warning("trades", f"only {fills} fills on these bars: the checks say little; give --data", fills=fills)
    return ok("trades", f"{fills:,} fills on these bars", fills=fills)


def _speed(subject: Subject) -> Finding:
    """Return the time a bar takes when it is only folded: the strategy and next to nothing else."""
    bars = np.tile(subject.bars, _SPEED_BARS // len(subject.bars) + 1)[:_SPEED_BARS]
    span_ns = int(subject.bars["close_ns"][0] - subject.bars["open_ns"][0])
    bars["open_ns"] = subject.bars["open_ns"][0] + np.arange(len(bars)) * span_ns
    bars["close_ns"] = bars["open_ns"] + span_ns
    series, last_ns = [Series("CHECK", span_ns, bars)], int(bars["close_ns"][-2])
    times = []
    for _ in range(3):
        begun = time.perf_counter_ns()
        backtest.run(subject.strategy, {}, series, subject.settings, trade_from_ns=last_ns)
        times.append(time.perf_counter_ns() - begun)
    each_ns = min(times) // len(bars)
    says = f"{each_ns:,} ns a bar"
    return (
        warning("speed", f"{says}: slow", bar_ns=each_ns) if each_ns > _SLOW_NS else ok("speed", says, bar_ns=each_ns)
    )
