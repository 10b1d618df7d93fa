"""The same source twice: in plain Python, whose errors can be read, and compiled, which is what trades."""

from __future__ import annotations

from algobot.errors import StrategyError
from algobot.research.validation.check.findings import Finding, failed, ok
from algobot.research.validation.check.sources import reach
from algobot.research.validation.check.subject import Subject, digests, model_bars
from algobot.research.validation.check.traced import Trace, trace

_LEAST_BARS = 600


def short(subject: Subject) -> Subject:
    """Return the subject on as many bars as plain Python runs in a second or two."""
    return subject._replace(bars=subject.bars[: max(_LEAST_BARS, min(2 * subject.warmup, 2000))].copy())


def interpreted(subject: Subject, told: Trace) -> Finding:
    """Return whether the source runs in plain Python."""
    if told.error:
        return failed("interpreted", told.error)
    return ok("interpreted", f"{len(subject.bars):,} bars in plain Python", bars=len(subject.bars))


def own_knowledge(subject: Subject, told: Trace) -> Finding:
    """Return whether it is given anything but its bars: files, hosts, tables in its source, memory."""
    found = reach(subject.strategy)
    faults = [f"it opens {what}" for what in told.touched] + found.faults
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        says = f"{faults[0]}{more}: a strategy may know its bars and parameters, nothing else"
        return failed("own knowledge", says, faults=faults)
    return ok("own knowledge", f"{found.functions} functions use their arguments and plain constants")


def compiled(subject: Subject, told: Trace) -> Finding:
    """Return whether compiled it is, bar by bar and bit by bit, what it is interpreted."""
    name = "compiled"
    try:
        mine = digests(subject.session(), model_bars(subject.bars))
    except StrategyError as error:
        return failed(name, f"{error.message} ({error.hint})" if error.hint else error.message)
    unwatched = reach(subject.strategy).unwatched
    if mine != told.digests and told.digests:
        bar = next(at for at, (one, two) in enumerate(zip(mine, told.digests, strict=True)) if one != two)
        anew = trace(subject, interpreted=False, fresh=True)
        if anew.digests == told.digests:
            files = f" {', '.join(unwatched)} changed unseen:" if unwatched else ""
            says = f"what is in the compile cache is stale:{files} it differs from the source from bar {bar} on"
            return failed(name, f"{says}; keep kernels beside the strategy, and clear the cache", bar=bar)
        says = f"compiled it differs from plain Python from bar {bar} on: a power x ** n, a huge whole number?"
        return failed(name, says, bar=bar)
    if unwatched:
        says = (
            f"{', '.join(unwatched)}: edits there go unnoticed by the compile cache; keep kernels beside the strategy"
        )
        return failed(name, says, files=unwatched)
    return ok(name, f"the same bits as in plain Python on {len(mine):,} bars", bars=len(mine))
