"""What a venue's answer proves about an order: one table per venue, from its raw code; the default is "unknown".

ccxt's exception classes do not decide anything here: they mix refusals with outages. Law: an order is REFUSED only by
a parsed error, in an answer that is no 5xx, whose code the table knows to mean "not accepted". Everything else leaves
the order UNKNOWN.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from algobot.errors import (
    VenueAuthFailed,
    VenueError,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueReadRefused,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
)
from algobot.text import QUOTED, safe_text
from algobot.venues.codes import look_up
from algobot.venues.kinds import Kind, Verdict, verdict_of

SECOND_NS: Final = 1_000_000_000
DEFAULT_RETRY_NS: Final = 10 * SECOND_NS  # over the budget without a word on how long
BAN_RETRY_NS: Final = 120 * SECOND_NS  # banned without a word on how long
LONGEST_RETRY_NS: Final = 7 * 86_400 * SECOND_NS
BAN_NS: Final[Mapping[str, int]] = {  # what the venue's documentation says a ban lasts
    "bybit": 600 * SECOND_NS,
    "kraken": 900 * SECOND_NS,
}
STATUS: Final[Mapping[int, Kind]] = {429: Kind.RATE, 418: Kind.BAN}  # whatever the body says
VENUE_STATUS: Final[Mapping[str, Mapping[int, Kind]]] = {
    "bybit": {403: Kind.BAN},  # turned away at the edge: too many requests of this address, or its country
}


class Action(Enum):
    """What was asked: the same answer proves different things."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    READ = "read"
    OPEN = "open"  # a read whose refused key matters


class Reply(msgspec.Struct, frozen=True):
    """An answer that is not the one hoped for; status 0 and no body when there was none."""

    status: int = 0
    body: str = ""
    retry_after: str = ""  # the header, as sent: seconds
    reset_ms: str = ""  # or the time at which the budget is whole again, where the venue says that
    note: str = ""  # what our side saw when there was no answer: "RequestTimeout"
    sent: bool = True  # False only when it is certain that no byte left


class Judgement(msgspec.Struct, frozen=True):
    """What an answer proves and why, with the venue's own code and words."""

    verdict: Verdict
    kind: Kind
    code: str = ""
    text: str = ""
    retry_after_ns: int = 0


def judge(adapter: str, reply: Reply, *, now_ns: int = 0) -> Judgement:
    """Return what `reply` of the venue with ccxt id `adapter` proves; `now_ns` is read from the clock when 0."""
    code, text = code_of(reply.body)
    known = look_up(adapter, code, text)
    shut = VENUE_STATUS.get(adapter, {}).get(reply.status) or STATUS.get(reply.status)
    kind = known if verdict_of(known) is Verdict.RATE else shut or known
    if shut is Kind.BAN:
        kind = Kind.BAN
    if reply.status >= 500 and verdict_of(kind) is not Verdict.RATE:
        kind = Kind.UNKNOWN
    verdict = verdict_of(kind)
    wait_ns = _retry_after_ns(adapter, reply, kind, text, now_ns or time.time_ns()) if verdict is Verdict.RATE else 0
    return Judgement(verdict, kind, code, text, wait_ns)


def as_error(adapter: str, action: Action, reply: Reply) -> VenueError:
    """Return the error that `reply` to `action` is for a caller of the ports."""
    judged = judge(adapter, reply)
    said = f"{adapter}: {judged.text or 'no usable answer'}"
    if judged.code or reply.status:
        said += f" (code {judged.code or '-'}, HTTP {reply.status or '-'})"
    elif reply.note:
        said += f" ({reply.note})"
    writes = action in (Action.SUBMIT, Action.CANCEL)
    if writes and not reply.sent:
        return VenueRejected(f"{adapter}: nothing was sent ({reply.note})", kind=Kind.MALFORMED.value)
    if judged.verdict is Verdict.RATE:
        hint = "wait, and ask less often"
        return VenueRateLimited(said, retry_after_ns=judged.retry_after_ns, hint=hint, kind=judged.kind.value)
    if action is Action.READ or (action is Action.OPEN and judged.verdict is not Verdict.AUTH):
        return _read_error(judged, said)
    match judged.verdict:
        case Verdict.AUTH:
            hint = "check the key, its permissions and its IP list"
            return VenueAuthFailed(said, hint=hint, kind=judged.kind.value)
        case Verdict.NOT_FOUND if action is Action.CANCEL:
            return VenueOrderNotFound(said)
        case Verdict.REFUSED | Verdict.SKEW:
            hint = "this machine's clock is off: run NTP" if judged.verdict is Verdict.SKEW else ""
            return VenueRejected(said, hint=hint, kind=judged.kind.value)
        case _:  # UNKNOWN; DUPLICATE: an earlier send of this id landed; NOT_FOUND: no answer to a submit
            return VenueTimeout(said, hint="reconcile by client order id; do not resend")


def _read_error(judged: Judgement, said: str) -> VenueError:
    match judged.verdict:
        case Verdict.NOT_FOUND if judged.kind is Kind.NO_ORDER:
            return VenueOrderNotFound(said)
        case Verdict.AUTH:
            return VenueUnavailable(said, hint="check the key, its permissions and its IP list")
        case Verdict.SKEW:
            return VenueUnavailable(said, hint="this machine's clock is off: run NTP")
        case Verdict.REFUSED if judged.kind is not Kind.MAINTENANCE:
            return VenueReadRefused(said)
        case _:
            return VenueUnavailable(said)


# --- reading the code out of what came ---------------------------------------------------------------------------


_JSON: Final = re.compile(r"[\[{].*[\]}]", re.DOTALL)
_BARE: Final = re.compile(r'"code"\s*:\s*"?(-?\d{3,6})')


def code_of(body: str) -> tuple[str, str]:
    """Return the venue's own code and words in `body`, ("", "") when it is not an error we can read.

    `body` may be the answer itself or a text around it, as in ccxt's messages.
    """
    found = _JSON.search(body)
    if found is not None:
        try:
            return _from_json(msgspec.json.decode(found.group()))
        except msgspec.DecodeError:
            if (bare := _BARE.search(found.group())) is not None:
                return "", f"cut answer with code {bare.group(1)}"  # half an answer proves nothing
    return "", ""


def _from_json(answer: object) -> tuple[str, str]:
    match answer:
        case [dict() as only]:
            return _from_json(only)
        case {"retCode": code, "retMsg": text} if code != 0:  # bybit
            return _pair(code, text)
        case {"code": _, "data": [{"sCode": code, "sMsg": text}, *_]} if code != "0":  # okx, one order's own
            return _pair(code, text)
        case {"code": code, "msg": text} if code not in (0, "0", 200, "200"):  # binance, okx
            return _pair(code, text)
        case {"error": {"code": code, "msg": text}}:  # binance's WebSocket API
            return _pair(code, text)
        case {"error": {"code": code, "message": text}}:  # deribit
            return _pair(code, text)
        case {"error": [str() as text]}:  # kraken: "EOrder:Insufficient funds"
            code, _, _ = text.partition(":")
            return _pair(code, text)
        case {"error": [str(), *_] as texts}:  # kraken, several at once: none of them alone says what happened
            return _pair("several", "; ".join(map(str, texts)))
        case {"status": "err", "response": text}:  # hyperliquid
            return _pair("err", text)
        case {"status": "unknownOid"}:  # hyperliquid
            return _pair("err", "unknownOid")
        case {"response": {"data": {"statuses": [{"error": text}, *_]}}}:  # hyperliquid, one order's own
            return _pair("err", text)
        case _:
            return "", ""


def _pair(code: object, text: object) -> tuple[str, str]:
    return safe_text(str(code), most=QUOTED), safe_text(str(text), most=QUOTED)


_BAN_UNTIL: Final = re.compile(r"banned until (\d{13})")


def _retry_after_ns(adapter: str, reply: Reply, kind: Kind, text: str, now_ns: int) -> int:
    """Return how long to wait: what the venue says, else what its documentation says, else our own guess."""
    banned = _BAN_UNTIL.search(text)
    until_ms = banned.group(1) if banned else reply.reset_ms
    try:
        wait_ns = int(float(reply.retry_after) * SECOND_NS)
    except (ValueError, OverflowError):
        if until_ms.isdecimal() and len(until_ms) == 13:
            wait_ns = int(until_ms) * 1_000_000 - now_ns
        else:
            wait_ns = BAN_NS.get(adapter, BAN_RETRY_NS) if kind is Kind.BAN else DEFAULT_RETRY_NS
    return max(0, min(wait_ns, LONGEST_RETRY_NS))
