"""Do all parameters work that it says may be used? Each at both ends of its range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from algobot.errors import AlgobotError, StrategyError
from algobot.kernel.session import Session
from algobot.kernel.strategy import ParamInfo
from algobot.model import Bar, Param
from algobot.research.validation.check.findings import Finding, failed, ok, warning
from algobot.research.validation.check.subject import Subject, model_bars

_NAME: Final = "parameters"
_BARS: Final = 800  # or half as many past the warm-up


class _Tried(NamedTuple):
    """What came of one set of parameters; "" is nothing."""

    fault: str
    doubt: str


def parameters(subject: Subject) -> Finding:
    """Return whether every parameter at its lowest and highest value runs, and does not decide on what is no number."""
    refused = 0
    found: dict[str, _Tried] = {}
    for params in _ends(subject):
        what = " ".join(f"{name}={value}" for name, value in params.items())
        try:
            session = subject.session(params)
            warmup = subject.strategy.warmup(session.params)
        except StrategyError:
            refused += 1  # by the strategy's own `problem`
        except Exception as error:  # its warmup or problem is plain Python
            found[what] = _Tried(f"{type(error).__name__}: {error}", "")
        else:
            found[what] = _run(session, model_bars(subject.bars[: max(_BARS, warmup + _BARS // 2)]), warmup)
    return _told(found, refused, [info.name for info in subject.strategy.parameters() if _endless(info)])


def _told(found: dict[str, _Tried], refused: int, open_ended: list[str]) -> Finding:
    faults = [f"{what}: {one.fault}" for what, one in found.items() if one.fault]
    doubts = [f"{what}: {one.doubt}" for what, one in found.items() if one.doubt]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return failed(_NAME, f"{faults[0]}{more}", faults=faults, tried=len(found))
    says = f"{len(found)} ends of ranges run" + (f", {refused} refused by its own rule" if refused else "")
    if open_ended:
        says += f"; no bounds for {', '.join(open_ended)}: write Annotated[float, Between(low, high)]"
    if doubts:
        says += f"; {doubts[0]}" + (f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else "")
    if open_ended or doubts:
        return warning(_NAME, says, tried=len(found), refused=refused, doubts=doubts)
    return ok(_NAME, says, tried=len(found), refused=refused)


def _endless(info: ParamInfo) -> bool:
    return info.type is not bool and not (math.isfinite(info.low) and math.isfinite(info.high))


def _ends(subject: Subject) -> Iterator[dict[str, Param]]:
    for info in subject.strategy.parameters():
        if info.type is bool:
            yield {info.name: not info.default}
            continue
        for end in (info.low, info.high):
            if math.isfinite(end) and end != info.default:
                yield {info.name: info.type(end)}


def _run(session: Session, bars: list[Bar], warmup: int) -> _Tried:
    """Return what goes wrong; a reason may hold a number that is not defined yet until the warm-up is over."""
    doubt = ""
    for at, bar in enumerate(bars):
        try:
            session.step(bar)
            numbers = (session.last_equity, session.cash, session.stop_price, session.target_price)
        except (AlgobotError, ArithmeticError, ValueError, LookupError) as error:
            return _Tried(f"bar {at}: {type(error).__name__}: {error}", "")
        if not all(map(math.isfinite, numbers)):
            return _Tried(f"bar {at}: equity, cash, stop and target are {numbers}", "")
        decision = session.decision
        if decision.word in ("long", "short") and any(map(math.isnan, decision.values.values())):
            told = f"bar {at}: wants {decision.word} for a number that is none: {decision.reason}"
            if at >= warmup:
                return _Tried(told, "")
            doubt = doubt or told
    return _Tried("", doubt)
