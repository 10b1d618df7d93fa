"""Do all parameters work that it says may be used? Each at both ends of its range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from algobot.errors import AlgobotError, StrategyError
from algobot.kernel.session import Session
from algobot.model import Bar, Param
from algobot.research.validation.check.findings import Finding, failed, ok, warning
from algobot.research.validation.check.subject import Subject, model_bars

_NAME: Final = "parameters"
_BARS: Final = 1000


def parameters(subject: Subject) -> Finding:
    """Return whether every parameter at its lowest and highest value runs, and never decides on what is no number."""
    bars = model_bars(subject.bars[-_BARS:])
    tried, refused, faults = 0, 0, []
    for params in _ends(subject):
        what = " ".join(f"{name}={value}" for name, value in params.items())
        try:
            session = subject.session(params)
            subject.strategy.warmup(session.params)
        except StrategyError:
            refused += 1  # by the strategy's own `problem`
            continue
        except Exception as error:  # its warmup or problem is plain Python
            faults.append(f"{what}: {type(error).__name__}: {error}")
            continue
        tried += 1
        if why := _run(session, bars):
            faults.append(f"{what}: {why}")
    open_ended = [info.name for info in subject.strategy.parameters() if info.type is not bool and _endless(info)]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return failed(_NAME, f"{faults[0]}{more}", faults=faults, tried=tried)
    says = f"{tried} ends of ranges run" + (f", {refused} refused by its own rule" if refused else "")
    if open_ended:
        says += f"; no bounds for {', '.join(open_ended)}: write Annotated[float, Between(low, high)]"
        return warning(_NAME, says, tried=tried, refused=refused)
    return ok(_NAME, says, tried=tried, refused=refused)


def _endless(info: object) -> bool:
    return not (math.isfinite(info.low) and math.isfinite(info.high))  # type: ignore[attr-defined]


def _ends(subject: Subject) -> Iterator[dict[str, Param]]:
    for info in subject.strategy.parameters():
        if info.type is bool:
            yield {info.name: not info.default}
            continue
        for end in (info.low, info.high):
            if math.isfinite(end) and end != info.default:
                yield {info.name: info.type(end)}


def _run(session: Session, bars: list[Bar]) -> str:
    """Return what goes wrong, or ""."""
    for at, bar in enumerate(bars):
        try:
            session.step(bar)
        except (AlgobotError, ArithmeticError, ValueError, LookupError) as error:
            return f"bar {at}: {type(error).__name__}: {error}"
        decision = session.decision
        if decision.word in ("long", "short") and any(map(math.isnan, decision.values.values())):
            return f"bar {at}: wants {decision.word} for numbers that are none: {decision.values}"
        if not math.isfinite(session.last_equity):
            return f"bar {at}: equity is {session.last_equity}"
    return ""
