"""What can be made to go wrong, where, and how often.

The server asks at named points (`Where`), each with a subject; the first rule that matches and is due answers with its
fault. What a fault means depends on where it strikes: a `Drop` at `request` is a request never seen, at `reply` an
order accepted whose answer is lost. `POSSIBLE` says which fault can strike where; docs/simulator.md has an example of
each.

| where   | subject                                               | when                                              |
| connect | `/ws`, `/stream`, `/ws-api/v3`                        | a WebSocket is about to be opened                 |
| request | `POST /api/v3/order`, `order.place`                   | a request came in, nothing is checked yet         |
| engine  | the same, signed ones                                 | checked, on the way to the book (window re-check) |
| reply   | the same                                              | done, the answer is about to leave                |
| stream  | `btcusdt@kline_1m`, `user:KEY` for private streams    | one message for one connection                    |
"""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from random import Random
from typing import Final, Literal

import msgspec

from algobot.errors import UsageError

Where = Literal["connect", "request", "engine", "reply", "stream"]


class Latency(msgspec.Struct, frozen=True, tag="latency"):
    """Wait before going on."""

    ms: float
    jitter_ms: float = 0.0


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """Lose it: the connection is reset, or hangs without a word for `hang_s`; a stream message just vanishes."""

    hang_s: float = 0.0


class HttpError(msgspec.Struct, frozen=True, tag="http_error"):
    """Answer with a gateway's HTML page."""

    status: int = 503


class RateLimited(msgspec.Struct, frozen=True, tag="rate_limited"):
    """Answer 429, or 418. With `ban_s` the venue means it: who asks again within the wait is banned for so long.

    Each request within the wait or the ban is answered 418 and is in the journal as `ban.broken`.
    """

    status: Literal[429, 418] = 429
    retry_after_s: int = 1
    ban_s: int = 0


class VenueError(msgspec.Struct, frozen=True, tag="venue_error"):
    """Answer with this code and message, as the venue's own."""

    code: int
    message: str
    status: int = 400


class PartialBody(msgspec.Struct, frozen=True, tag="partial_body"):
    """Send so many bytes of the answer, then close; with `valid` the headers claim that this was all.

    A stream's message is sent as a whole frame that holds so many bytes of it.
    """

    size: int = 20
    valid: bool = False


class Duplicate(msgspec.Struct, frozen=True, tag="duplicate"):
    """Deliver a request or a stream message more than once; the last answer is the one that leaves."""

    extra: int = 1


class Reorder(msgspec.Struct, frozen=True, tag="reorder"):
    """Hold a stream message back until so many later ones went out."""

    behind: int = 1


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """Break the connection, in the middle of a frame when `mid_frame`."""

    mid_frame: bool = False


class Silent(msgspec.Struct, frozen=True, tag="silent"):
    """From this message on the connection answers pings and sends no data, for `seconds` (0 is for good)."""

    seconds: float = 0.0


class Lag(msgspec.Struct, frozen=True, tag="lag"):
    """Answer a read of orders, trades or balances as of so long ago."""

    seconds: float = 5.0


class NoEffect(msgspec.Struct, frozen=True, tag="no_effect"):
    """Say that the order is canceled, and leave it as it is."""


class Empty(msgspec.Struct, frozen=True, tag="empty"):
    """Answer an empty list where there is one to answer."""


class Garble(msgspec.Struct, frozen=True, tag="garble"):
    """Put `value` where the answer or message has fields like `field` ("k.c", "balances.*.free", "*.4").

    Text stays text ("NaN" in quotes), a number becomes the bare value, which need not be JSON.
    """

    field: str
    value: str = "NaN"


Fault = (
    Latency
    | Drop
    | HttpError
    | RateLimited
    | VenueError
    | PartialBody
    | Duplicate
    | Reorder
    | Cut
    | Silent
    | Lag
    | NoEffect
    | Empty
    | Garble
)


POSSIBLE: Final[dict[Where, tuple[type, ...]]] = {
    "connect": (Latency, Drop, HttpError),
    "request": (Latency, Drop, HttpError, RateLimited, VenueError, Duplicate),
    "engine": (Latency, VenueError, Lag, NoEffect, Empty),
    "reply": (Latency, Drop, HttpError, RateLimited, VenueError, PartialBody, Garble),
    "stream": (Latency, Drop, Duplicate, Reorder, Cut, Silent, PartialBody, Garble),
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `fault` strikes: at `where`, for subjects like `match`, from the `nth`, `count` times (0 is always)."""

    where: Where
    fault: Fault
    match: str = "*"
    nth: int = 1
    count: int = 1
    probability: float = 1.0
    every: int = 1  # from the nth on, each so-manieth
    seconds: float = 0.0  # in force for so long; 0 is until lifted


class _Armed:
    def __init__(self, rule_id: int, rule: Rule) -> None:
        self.id = rule_id
        self.rule = rule
        self.seen = 0
        self.struck = 0
        self.until_s = time.monotonic() + rule.seconds if rule.seconds else float("inf")

    def due(self, random: Random) -> bool:
        rule = self.rule
        if time.monotonic() > self.until_s:
            return False
        self.seen += 1
        if self.seen < rule.nth or (self.seen - rule.nth) % rule.every or (rule.count and self.struck >= rule.count):
            return False
        if rule.probability < 1.0 and random.random() >= rule.probability:
            return False
        self.struck += 1
        return True


class RuleState(msgspec.Struct, frozen=True):
    """A rule, how often its subject came by and how often it struck."""

    id: int
    rule: Rule
    seen: int
    struck: int


class Faults:
    """The rules in force. Asking costs nothing while there are none."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"{seed}:faults")  # noqa: S311 - repeatable, not secret
        self._armed: dict[Where, list[_Armed]] = {}
        self._id = 0

    def add(self, rule: Rule) -> int:
        """Put a rule in force and return its id; raises UsageError for what makes no sense."""
        if rule.nth < 1 or rule.every < 1 or rule.count < 0 or rule.seconds < 0 or not 0 <= rule.probability <= 1:
            told = f"nth={rule.nth} every={rule.every} count={rule.count} probability={rule.probability}"
            raise UsageError(f"fault rule: {told} seconds={rule.seconds}")
        if not isinstance(rule.fault, POSSIBLE[rule.where]):
            raise UsageError(f"fault rule: {type(rule.fault).__name__} cannot strike at where={rule.where}")
        self._id += 1
        self._armed.setdefault(rule.where, []).append(_Armed(self._id, rule))
        return self._id

    def remove(self, rule_id: int | None = None) -> int:
        """Lift one rule, or all; returns how many were lifted."""
        lifted = 0
        for where, armed in list(self._armed.items()):
            kept = [a for a in armed if rule_id is not None and a.id != rule_id]
            lifted += len(armed) - len(kept)
            self._armed[where] = kept
        return lifted

    def rules(self) -> list[RuleState]:
        """Return every rule in force."""
        armed = sorted((a for group in self._armed.values() for a in group), key=lambda a: a.id)
        return [RuleState(a.id, a.rule, a.seen, a.struck) for a in armed]

    def strike(self, where: Where, subject: str) -> Fault | None:
        """Return the fault that is due for `subject` at this point, if any."""
        armed = self._armed.get(where)
        if not armed:
            return None
        for one in armed:
            if fnmatchcase(subject, one.rule.match) and one.due(self._random):
                return one.rule.fault
        return None

    def delay_s(self, latency: Latency) -> float:
        """Return how long this time."""
        return max(0.0, latency.ms + self._random.uniform(-latency.jitter_ms, latency.jitter_ms)) / 1000
