"""What a venue's answer proves about an order: one table per venue, from its raw code; the default is "unknown".

ccxt's exception classes do not decide anything here: they mix refusals with outages. Law: an order is REFUSED only by
a parsed error, in an answer that is no 5xx, whose code the table knows to mean "not accepted". Everything else leaves
the order UNKNOWN.
"""

from __future__ import annotations

import re
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
from algobot.venues.codes import RULES, Verdict

SECOND_NS: Final = 1_000_000_000
DEFAULT_RETRY_NS: Final = 10 * SECOND_NS  # over the budget without a word on how long
BAN_RETRY_NS: Final = 120 * SECOND_NS  # banned without a word on how long
RATE_STATUS: Final = frozenset({418, 429})


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
    retry_after: str = ""  # the header, as sent
    note: str = ""  # what our side saw when there was no answer: "RequestTimeout"


class Judgement(msgspec.Struct, frozen=True):
    """What an answer proves, with the venue's own code and words."""

    verdict: Verdict
    code: str = ""
    text: str = ""
    retry_after_ns: int = 0


def judge(adapter: str, reply: Reply) -> Judgement:
    """Return what `reply` of the venue with ccxt id `adapter` proves."""
    code, text = code_of(reply.body)
    rules = RULES.get(adapter, {})
    if reply.status in RATE_STATUS:
        return Judgement(Verdict.RATE, code, text, _retry_after_ns(reply, text))
    verdict = _look_up(rules, code, text)
    if reply.status >= 500 and verdict is not Verdict.RATE:
        verdict = Verdict.UNKNOWN
    if verdict is Verdict.RATE:
        return Judgement(verdict, code, text, _retry_after_ns(reply, text))
    return Judgement(verdict, code, text)


def as_error(adapter: str, action: Action, reply: Reply) -> VenueError:
    """Return the error that `reply` to `action` is for a caller of the ports."""
    judged = judge(adapter, reply)
    said = f"{adapter}: {judged.text or 'no usable answer'}"
    if judged.code or reply.status:
        said += f" (code {judged.code or '-'}, HTTP {reply.status or '-'})"
    elif reply.note:
        said += f" ({reply.note})"
    if judged.verdict is Verdict.RATE:
        return VenueRateLimited(said, retry_after_ns=judged.retry_after_ns, hint="wait, and ask less often")
    if action is Action.READ or (action is Action.OPEN and judged.verdict is not Verdict.AUTH):
        return _read_error(judged, said)
    match judged.verdict:
        case Verdict.AUTH:
            return VenueAuthFailed(said, hint="check the key, its permissions and its IP list")
        case Verdict.NOT_FOUND if action is Action.CANCEL:
            return VenueOrderNotFound(said)
        case Verdict.REFUSED | Verdict.SKEW | Verdict.NOT_FOUND:
            hint = "this machine's clock is off: run NTP" if judged.verdict is Verdict.SKEW else ""
            return VenueRejected(said, hint=hint)
        case _:  # UNKNOWN, and DUPLICATE: an earlier send of this id landed
            return VenueTimeout(said, hint="reconcile by client order id; do not resend")


def _read_error(judged: Judgement, said: str) -> VenueError:
    match judged.verdict:
        case Verdict.NOT_FOUND:
            return VenueOrderNotFound(said)
        case Verdict.AUTH:
            return VenueUnavailable(said, hint="check the key, its permissions and its IP list")
        case Verdict.SKEW:
            return VenueUnavailable(said, hint="this machine's clock is off: run NTP")
        case Verdict.REFUSED:
            return VenueReadRefused(said)
        case _:
            return VenueUnavailable(said)


def _look_up(rules: Mapping[str, Verdict], code: str, text: str) -> Verdict:
    if not code:
        return Verdict.UNKNOWN
    best, verdict = -1, Verdict.UNKNOWN
    for key, candidate in rules.items():  # "-2010" is every text of that code, "-2010~Duplicate order sent" one of them
        key_code, _, words = key.partition("~")
        if key_code == code and words in text and len(words) > best:
            best, verdict = len(words), candidate
    return verdict


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
        case {"error": [str() as text, *_]}:  # kraken: "EOrder:Insufficient funds"
            code, _, _ = text.partition(":")
            return _pair(code, text)
        case {"status": "err", "response": text}:  # hyperliquid
            return _pair("err", text)
        case {"response": {"data": {"statuses": [{"error": text}, *_]}}}:  # hyperliquid, one order's own
            return _pair("err", text)
        case _:
            return "", ""


def _pair(code: object, text: object) -> tuple[str, str]:
    return safe_text(str(code), most=QUOTED), safe_text(str(text), most=QUOTED)


_BAN_UNTIL: Final = re.compile(r"banned until (\d{13})")


def _retry_after_ns(reply: Reply, text: str) -> int:
    try:
        seconds = float(reply.retry_after)
    except ValueError:
        return BAN_RETRY_NS if reply.status == 418 or _BAN_UNTIL.search(text) else DEFAULT_RETRY_NS
    return int(max(0.0, min(seconds, 7 * 86_400.0)) * SECOND_NS)
