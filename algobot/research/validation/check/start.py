"""Does it matter when it was started? After its warm-up a late start should say what an early one says."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from algobot.research.validation.check.findings import Finding, failed, ok, warning
from algobot.research.validation.check.subject import Said, Subject

_NAME: Final = "warm-up"
_STARTS: Final = (0.1, 0.21, 0.33, 0.46)  # of the bars
_SAME: Final = 1e-6  # relative, of the numbers it gives as its reasons
_LONGEST: Final = 10  # warm-ups until late and early must say the same
_NEVER: Final = 0.02  # of the last bars still told otherwise


class _Late(NamedTuple):
    """A late start against an early one; bars counted from the late start."""

    words: int | None  # from here on they want the same, None for never
    values: int | None  # from here on their numbers agree
    astray: float  # share of the last bars on which they want different things


def warm_up(subject: Subject) -> Finding:
    """Return how long a late start differs from an early one."""
    early = subject.fold(subject.bars)
    count = len(subject.bars)
    starts = [int(count * share) | 1 for share in _STARTS]
    found = [_compare(early[start:], subject.fold(subject.bars[start:])) for start in starts]
    said = subject.warmup
    limit = _LONGEST * max(said, 10)
    never = all(one.words is None for one in found) and min(one.astray for one in found) > _NEVER
    words = [one.words for one in found if one.words is not None]
    values = [one.values for one in found if one.values is not None]
    facts: dict[str, float | int | str | list[str]] = {"warmup_bars": said, "starts": len(starts)}
    if words:
        facts["same_words_after_bars"] = max(words)
    if values:
        facts["same_numbers_after_bars"] = max(values)
    if never:
        share = max(one.astray for one in found)
        says = f"a late start never comes to say the same: other words on {share:.0%} of the last bars"
        return failed(_NAME, says, **facts)
    if words and min(words) > limit:
        says = f"warmup says {said} bars, but only after {min(words)} a late start says the same"
        return failed(_NAME, says, **facts)
    numbers = f"its numbers agree to {_SAME:g} after {max(values)}" if values else "its numbers never quite agree"
    if len(words) < len(found):
        return warning(_NAME, f"warmup {said} bars; some late starts still differ at the end; {numbers}", **facts)
    if max(words) > max(said, 10):
        says = f"warmup says {said} bars, a late start wants the same after {max(words)}; {numbers}"
        return warning(_NAME, says, **facts)
    return ok(_NAME, f"within its {said} bars a late start says the same; {numbers}", **facts)


def _compare(early: list[Said], late: list[Said]) -> _Late:
    words = [one.word == two.word for one, two in zip(early, late, strict=True)]
    values = [one.reason == two.reason or _close(one.values, two.values) for one, two in zip(early, late, strict=True)]
    last = words[len(words) // 2 :]
    return _Late(_settled(words), _settled(values), 1.0 - sum(last) / len(last))


def _close(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
    if len(one) != len(two):
        return False
    return all(a == b or math.isclose(a, b, rel_tol=_SAME, abs_tol=1e-12) for a, b in zip(one, two, strict=True))


def _settled(same: list[bool]) -> int | None:
    """Return from where on it is always so, None if that is only the last tenth or less."""
    wrong = [at for at, so in enumerate(same) if not so]
    after = wrong[-1] + 1 if wrong else 0
    return after if after <= 0.9 * len(same) else None
