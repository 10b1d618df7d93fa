from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis.strategies import integers, one_of, sampled_from, text

from algobot.errors import (
    VenueAuthFailed,
    VenueError,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
)
from algobot.venues.classify import Action, Reply, as_error, code_of, judge
from algobot.venues.codes import RULES
from algobot.venues.kinds import Kind, Verdict

FUNDS = '{"code":-2010,"msg":"Account has insufficient balance for requested action."}'
TWICE = '{"code":-2010,"msg":"Duplicate order sent."}'
NO_CANCEL = '{"code":-2011,"msg":"Unknown order sent."}'
ABSENT = '{"code":-2013,"msg":"Order does not exist."}'
LATE = '{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}'
FILTER = '{"code":-1013,"msg":"Filter failure: LOT_SIZE"}'
BACKEND = '{"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown; execution status unknown."}'  # noqa: E501
BANNED = '{"code":-1003,"msg":"Way too many requests; IP banned until 1499827319559."}'

# what Binance was seen to answer, and what a submit may conclude from it
SUBMITS = [
    (400, FUNDS, VenueRejected),
    (400, FILTER, VenueRejected),
    (400, LATE, VenueRejected),
    (400, '{"code":-1121,"msg":"Invalid symbol."}', VenueRejected),
    (400, '{"code":-1111,"msg":"Precision is over the maximum defined for this asset."}', VenueRejected),
    (400, '{"code":-1102,"msg":"Mandatory parameter \'quantity\' was not sent."}', VenueRejected),
    (400, TWICE, VenueTimeout),
    (400, '{"code":-1022,"msg":"Signature for this request is not valid."}', VenueAuthFailed),
    (401, '{"code":-2014,"msg":"API-key format invalid."}', VenueAuthFailed),
    (401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', VenueAuthFailed),
    (429, '{"code":-1003,"msg":"Too many requests."}', VenueRateLimited),
    (418, BANNED, VenueRateLimited),
    (429, "", VenueRateLimited),
    (400, '{"code":-1015,"msg":"Too many new orders; current limit is 100 orders per 10 SECOND."}', VenueRateLimited),
    (400, '{"code":-1000,"msg":"An unknown error occurred while processing the request."}', VenueTimeout),
    (400, '{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}', VenueTimeout),
    (408, BACKEND, VenueTimeout),
    (400, BACKEND, VenueTimeout),
    (400, '{"code":-9999,"msg":"something new"}', VenueTimeout),
    (500, FUNDS, VenueTimeout),
    (503, "Service Unavailable", VenueTimeout),
    (502, "<html><h1>502 Bad Gateway</h1></html>", VenueTimeout),
    (403, "<html>blocked</html>", VenueTimeout),
    (400, "", VenueTimeout),
    (400, '{"code":-2010,"msg":"Account has insuff', VenueTimeout),
    (0, "", VenueTimeout),
]


@pytest.mark.parametrize(("status", "body", "expected"), SUBMITS)
def test_a_submit_is_refused_only_by_a_known_refusal(status: int, body: str, expected: type[VenueError]) -> None:
    """Everything that is not known to mean "not accepted" leaves the order unknown."""
    assert type(as_error("binance", Action.SUBMIT, Reply(status, body))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, NO_CANCEL, VenueOrderNotFound),
        (400, '{"code":-2011,"msg":"Order was not canceled due to cancel restrictions."}', VenueRejected),
        (400, BACKEND, VenueTimeout),
        (429, "", VenueRateLimited),
    ],
)
def test_a_cancel_of_nothing_is_told_apart_from_a_cancel_that_got_lost(
    status: int, body: str, expected: type[VenueError]
) -> None:
    """The order may have filled, or the cancel may still work."""
    assert type(as_error("binance", Action.CANCEL, Reply(status, body))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, ABSENT, VenueOrderNotFound),
        (0, "", VenueUnavailable),
        (503, ABSENT, VenueUnavailable),
        (400, LATE, VenueUnavailable),
        (401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', VenueUnavailable),
        (418, BANNED, VenueRateLimited),
    ],
)
def test_a_failed_read_proves_nothing(status: int, body: str, expected: type[VenueError]) -> None:
    """Only the venue's own "does not exist" is evidence of absence, and only when it is not in trouble itself."""
    assert type(as_error("binance", Action.READ, Reply(status, body))) is expected


def test_opening_tells_a_refused_key_from_a_dead_venue() -> None:
    """The first needs a person, the second needs patience."""
    refused = Reply(401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}')
    assert type(as_error("binance", Action.OPEN, refused)) is VenueAuthFailed
    assert type(as_error("binance", Action.OPEN, Reply(502, ""))) is VenueUnavailable


def test_retry_after_is_honoured_and_a_ban_without_one_waits_longer() -> None:
    """A header that is no number of seconds is not believed."""
    assert judge("binance", Reply(429, "", "7")).retry_after_ns == 7_000_000_000
    assert judge("binance", Reply(429, "", "soon")).retry_after_ns == 10_000_000_000
    assert judge("binance", Reply(429, "", "-3")).retry_after_ns == 0
    assert judge("binance", Reply(418, "")).retry_after_ns == 120_000_000_000
    error = as_error("binance", Action.SUBMIT, Reply(429, "", "7"))
    assert isinstance(error, VenueRateLimited)
    assert error.retry_after_ns == 7_000_000_000


OTHERS = [
    ("bybit", '{"retCode":110007,"retMsg":"ab not enough for new order","result":{}}', Verdict.REFUSED),
    ("bybit", '{"retCode":110072,"retMsg":"OrderLinkedID is duplicate"}', Verdict.DUPLICATE),
    ("bybit", '{"retCode":10016,"retMsg":"System error. Please try again later."}', Verdict.UNKNOWN),
    ("okx", '{"code":"1","data":[{"clOrdId":"a","sCode":"51008","sMsg":"Insufficient balance"}]}', Verdict.REFUSED),
    ("okx", '{"code":"50011","msg":"Request too frequent"}', Verdict.RATE),
    ("okx", '{"code":"50026","msg":"System error"}', Verdict.UNKNOWN),
    ("kraken", '{"error":["EOrder:Insufficient funds"]}', Verdict.REFUSED),
    ("kraken", '{"error":["EService:Unavailable"]}', Verdict.UNKNOWN),
    ("hyperliquid", '{"status":"err","response":"Order has zero size."}', Verdict.REFUSED),
    ("hyperliquid", '{"status":"err","response":"something new"}', Verdict.UNKNOWN),
    ("deribit", '{"error":{"message":"not_enough_funds","code":10009}}', Verdict.REFUSED),
    ("deribit", '{"error":{"message":"Timed out","code":-32603}}', Verdict.UNKNOWN),
    ("nowhere", '{"code":-2010,"msg":"no"}', Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("adapter", "body", "expected"), OTHERS)
def test_every_venue_is_read_in_its_own_words(adapter: str, body: str, expected: Verdict) -> None:
    """One table per venue; without one nothing is proved."""
    assert judge(adapter, Reply(400, body)).verdict is expected


RETRIES = [  # what the venue said of how long, and what is made of it: 1795190000000 is 100 s after "now" below
    ("binance", Reply(418, BANNED.replace("1499827319559", "1795190000000")), Kind.BAN, 100),
    ("binance", Reply(400, '{"code":-1003,"msg":"IP banned until 1795190000000."}'), Kind.BAN, 100),
    ("binance", Reply(418, BANNED, "33"), Kind.BAN, 33),
    ("binance", Reply(418, BANNED), Kind.BAN, 0),  # that was long ago
    ("bybit", Reply(200, '{"retCode":10006,"retMsg":"Too many visits"}', reset_ms="1795189903500"), Kind.RATE, 3.5),
    ("bybit", Reply(200, '{"retCode":10006,"retMsg":"Too many visits"}', reset_ms="soon"), Kind.RATE, 10),
    ("bybit", Reply(403, "<html>"), Kind.BAN, 600),
    ("kraken", Reply(200, '{"error":["EGeneral:Temporary lockout"]}'), Kind.BAN, 900),
    ("nowhere", Reply(429, "", "1e400"), Kind.RATE, 10),
    ("nowhere", Reply(429, "", "nan"), Kind.RATE, 10),
    ("nowhere", Reply(429, "", "99999999"), Kind.RATE, 7 * 86_400),
]


@pytest.mark.parametrize(("adapter", "reply", "kind", "seconds"), RETRIES)
def test_how_long_to_wait_is_the_venues_word_first(adapter: str, reply: Reply, kind: Kind, seconds: float) -> None:
    """Then what it documents, then a guess; never longer than a week."""
    judged = judge(adapter, reply, now_ns=1_795_189_900_000_000_000)
    assert (judged.verdict, judged.kind) == (Verdict.RATE, kind)
    assert judged.retry_after_ns == int(seconds * 1e9)


def test_what_never_left_is_refused_and_what_may_have_left_is_not() -> None:
    """The only case in which no answer proves something."""
    never = Reply(note="InvalidOrder", sent=False)
    assert type(as_error("bybit", Action.SUBMIT, never)) is VenueRejected
    assert "nothing was sent" in as_error("bybit", Action.SUBMIT, never).message
    assert type(as_error("bybit", Action.CANCEL, never)) is VenueRejected
    assert type(as_error("bybit", Action.READ, never)) is VenueUnavailable
    assert type(as_error("bybit", Action.SUBMIT, Reply(note="InvalidOrder"))) is VenueTimeout


def test_an_ended_order_is_news_to_a_cancel_and_nonsense_to_a_read() -> None:
    """Only "no such order" is evidence of absence; "not found" as the answer to a submit is no answer to it."""
    ended = Reply(200, '{"retCode":170142,"retMsg":"Order has been canceled."}')
    assert type(as_error("bybit", Action.CANCEL, ended)) is VenueOrderNotFound
    assert type(as_error("bybit", Action.READ, ended)) is VenueUnavailable
    absent = Reply(200, '{"retCode":170213,"retMsg":"Order does not exist."}')
    assert type(as_error("bybit", Action.SUBMIT, absent)) is VenueTimeout


@given(
    adapter=sampled_from([*sorted(RULES), "nowhere"]),
    status=sampled_from([0, 200, 302, 400, 404, 409, 500, 502, 503, 599]),
    code=one_of(integers(-99_999, 9_999_999), text(max_size=20)),
    words=text(max_size=40),
)
def test_a_code_nobody_listed_proves_nothing(adapter: str, status: int, code: int | str, words: str) -> None:
    """Whatever envelope it comes in."""
    assume(not any(key.partition("~")[0] == str(code) for key in RULES.get(adapter, {})))
    for body in (
        {"code": code, "msg": words},
        {"retCode": code, "retMsg": words},
        {"code": "1", "data": [{"sCode": code, "sMsg": words}]},
        {"error": [f"{code}:{words}"]},
        {"error": {"code": code, "message": words}},
    ):
        reply = Reply(status, msgspec.json.encode(body).decode())
        assert judge(adapter, reply).verdict is Verdict.UNKNOWN
        assert type(as_error(adapter, Action.SUBMIT, reply)) is VenueTimeout


@given(adapter=sampled_from([*sorted(RULES), "nowhere"]), status=integers(100, 599), body=text(max_size=60))
def test_no_answer_is_beyond_judgement(adapter: str, status: int, body: str) -> None:
    """Any bytes give an error of ours, never one of Python's."""
    for action in Action:
        as_error(adapter, action, Reply(status, body, body, body))


def test_no_code_left_out_on_purpose_is_in_a_table() -> None:
    """Each of them was seen with an order that did come to exist, or says that nobody knows."""
    left_out = {
        "binance": ("-1000", "-1001", "-1006", "-1007", "-1008"),
        "binanceusdm": ("-1000", "-1001", "-1006", "-1007", "-1008"),
        "bybit": ("10000", "10014", "10016", "170001", "170007", "170032", "170146", "170147", "170149", "170234"),
        "okx": ("1", "2", "50001", "50004", "50005", "50013", "50026", "51054", "51149", "51410", "51412"),
        "deribit": ("10001", "10040", "10066", "11031", "11094", "13008", "13028", "13888", "-32603"),
    }
    for adapter, codes in left_out.items():
        assert not set(codes) & set(RULES[adapter])


def test_the_code_is_found_in_a_text_around_it() -> None:
    """As in ccxt's messages."""
    assert code_of("binance " + FUNDS) == ("-2010", "Account has insufficient balance for requested action.")
    assert code_of('binance 429 Too Many {"code": -1003, "msg": "x"}') == ("-1003", "x")
    assert code_of("binance GET https://example.org/api?a=-2010") == ("", "")
    assert code_of('{"code":0,"msg":"fine"}') == ("", "")
    assert code_of('{"id":"1","status":400,"error":{"code":-1022,"msg":"no"}}') == ("-1022", "no")


def test_a_venues_words_cannot_command_a_terminal() -> None:
    """Escapes, bidi marks and newlines are gone, and a novel is cut."""
    hostile = '{"code":-2010,"msg":"no\\u001b]52;c;aGk=\\u0007 \\u202eevil\\n' + "x" * 500 + '"}'
    message = as_error("binance", Action.SUBMIT, Reply(400, hostile)).message
    assert not any(mark in message for mark in ("\x1b", "\x07", "\u202e", "\n"))
    assert len(message) < 400
