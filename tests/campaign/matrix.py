"""The fault matrix as data: which faults there are, where each strikes during which operation, and where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

Json = dict[str, object]

OPERATIONS: Final = (
    "place_market",
    "place_limit",
    "cancel",
    "fill",
    "reconnect",
    "restart",
    "reconcile",
    "market_data",
)
CALLS: Final = {  # the requests an operation lives by
    "place_market": "POST /api/v3/order",
    "place_limit": "POST /api/v3/order",
    "cancel": "DELETE /api/v3/order",
    "fill": "GET /api/v3/myTrades",
    "reconnect": "GET *",
    "restart": "GET *",
    "reconcile": "GET *",
    "market_data": "GET /api/v3/klines",
}
WRONG: Final = ("NaN", "0", "-1", "9e99")
FIELDS: Final = {  # of the answer to an operation's requests
    "POST /api/v3/order": ("executedQty", "origQty", "price", "orderId", "transactTime", "status"),
    "DELETE /api/v3/order": ("executedQty", "origQty", "price", "orderId"),
    "GET /api/v3/myTrades": ("*.qty", "*.price", "*.commission", "*.id", "*.orderId", "*.time"),
    "GET /api/v3/klines": ("*.1", "*.2", "*.3", "*.4", "*.5", "*.0"),
    "GET *": ("*.qty", "*.executedQty", "*.origQty", "balances.*.free", "*.price", "serverTime", "executedQty"),
}
REPORT_FIELDS: Final = ("l", "L", "z", "q", "n", "i", "t", "T", "p")
MARKET_FIELDS: Final = ("k.o", "k.h", "k.l", "k.c", "k.v", "k.t", "b", "a", "u")


class Rules(NamedTuple):
    """What to post to the simulator's admin endpoint, as (path, body), to begin and to end a fault."""

    begin: Sequence[tuple[str, Json]]
    end: Sequence[tuple[str, Json]] = ()


class NotApplicable(Exception):
    """This fault cannot meet this operation; says why."""


def stream_of(operation: str) -> str:
    """Return the streams an operation lives by."""
    return "*@*" if operation == "market_data" else "user:*"


def rule(where: str, match: str, chance: float, kind: str, *, count: int = 0, nth: int = 1, **options: object) -> Rules:
    """Return one fault rule."""
    fault = {"type": kind, **options}
    body = {"where": where, "match": match, "probability": chance, "count": count, "nth": nth, "fault": fault}
    return Rules([("/sim/faults", body)])


def both(*rules: Rules) -> Rules:
    """Return several as one."""
    return Rules([one for each in rules for one in each.begin], [one for each in rules for one in each.end])


def latency(operation: str, random: Random) -> Rules:
    """Answers take up to 1.3 s, messages too."""
    calls = rule("request", CALLS[operation], 0.7, "latency", ms=700, jitter_ms=600)
    return both(calls, rule("stream", stream_of(operation), 0.5, "latency", ms=500, jitter_ms=500))


def late_arrival(operation: str, random: Random) -> Rules:
    """Orders and cancels are held for 0 to 8 s on their way to the book."""
    if operation not in ("place_market", "place_limit", "cancel"):
        raise NotApplicable("only orders and cancels have a way to the book")
    return rule("engine", CALLS[operation], 0.6, "latency", ms=4000, jitter_ms=4000)


def lost_request(operation: str, random: Random) -> Rules:
    """Every other request is never seen."""
    return rule("request", CALLS[operation], 0.5, "drop")


def lost_reply(operation: str, random: Random) -> Rules:
    """Every other answer is lost after the deed."""
    return rule("reply", CALLS[operation], 0.5, "drop")


def duplicate(operation: str, random: Random) -> Rules:
    """Messages come three times, reads and cancels arrive twice."""
    told = rule("stream", stream_of(operation), 0.6, "duplicate", extra=2)
    if operation in ("place_market", "place_limit"):
        return told  # a create that the network delivers twice is two orders, and no client can help it
    return both(told, rule("request", CALLS[operation], 0.5, "duplicate"))


def reorder(operation: str, random: Random) -> Rules:
    """Messages come out of turn."""
    return rule("stream", stream_of(operation), 0.4, "reorder", behind=random.randint(1, 4))


def http_5xx(operation: str, random: Random) -> Rules:
    """A gateway's page before the deed, or after it."""
    pages = [(where, status) for where in ("request", "reply") for status in (500, 502, 503)]
    return both(*(rule(where, CALLS[operation], 0.15, "http_error", status=status) for where, status in pages))


def rate_ban(operation: str, random: Random) -> Rules:
    """429 once, and a ban for who asks before the two seconds are over."""
    options = {"retry_after_s": 2, "ban_s": 4}
    return rule("request", CALLS[operation], 1.0, "rate_limited", count=1, nth=random.randint(1, 3), **options)


def ban(operation: str, random: Random) -> Rules:
    """418 at once."""
    options = {"status": 418, "retry_after_s": 3, "ban_s": 4}
    return rule("request", CALLS[operation], 1.0, "rate_limited", count=1, nth=random.randint(1, 3), **options)


def truncated(operation: str, random: Random) -> Rules:
    """Answers and messages are cut off, with and without a word of it in the headers."""
    size = random.randint(1, 120)
    torn = rule("reply", CALLS[operation], 0.25, "partial_body", size=size)
    short = rule("reply", CALLS[operation], 0.25, "partial_body", size=size, valid=True)
    return both(torn, short, rule("stream", stream_of(operation), 0.1, "partial_body", size=size))


def cut_frame(operation: str, random: Random) -> Rules:
    """Connections break in the middle of a frame."""
    return rule("stream", stream_of(operation), 0.15, "cut", mid_frame=True)


def deaf_stream(operation: str, random: Random) -> Rules:
    """Connections answer pings and never say a word again, after the fault has ended too."""
    return rule("stream", stream_of(operation), 1.0, "silent", seconds=0)


def gap(operation: str, random: Random) -> Rules:
    """Messages are missing."""
    return rule("stream", stream_of(operation), 0.3, "drop")


def refused_connection(operation: str, random: Random) -> Rules:
    """All connections break, and none can be made."""
    if operation not in ("reconnect", "restart", "market_data"):
        raise NotApplicable("the operation makes no connection")
    cut = ("/sim/connections", {"act": "cut"})
    return Rules([*rule("connect", "*", 0.8, "http_error", status=503).begin, cut])


def skew(operation: str, random: Random) -> Rules:
    """The venue's clock jumps by up to 8 s and comes back."""
    wrong = {"skew_ms": random.choice((-1, 1)) * random.randint(1500, 8000)}
    return Rules([("/sim/clock", wrong)], [("/sim/clock", {"skew_ms": 0})])


def drift(operation: str, random: Random) -> Rules:
    """The venue's clock gains or loses up to half a second each second."""
    wrong = {"drift_ppm": random.choice((-1, 1)) * random.randint(200_000, 500_000)}
    return Rules([("/sim/clock", wrong)], [("/sim/clock", {"skew_ms": 0, "drift_ppm": 0})])


def read_lag(operation: str, random: Random) -> Rules:
    """Orders and trades are shown as they were up to 5 s ago."""
    seconds = random.uniform(1, 5)
    reads = ("order", "openOrders", "myTrades")
    return both(*(rule("engine", f"GET /api/v3/{read}", 0.8, "lag", seconds=seconds) for read in reads))


def balance_lag(operation: str, random: Random) -> Rules:
    """Balances are shown as they were up to 5 s ago."""
    if operation not in ("reconnect", "restart", "reconcile"):
        raise NotApplicable("the operation reads no balances")
    return rule("engine", "GET /api/v3/account", 0.8, "lag", seconds=random.uniform(1, 5))


def inert_cancel(operation: str, random: Random) -> Rules:
    """Cancels say yes and do nothing."""
    if operation not in ("cancel", "place_limit", "fill"):
        raise NotApplicable("the operation cancels nothing")
    return rule("engine", "DELETE /api/v3/order", 0.7, "no_effect")


def empty_orders(operation: str, random: Random) -> Rules:
    """No order seems to be open."""
    if operation in ("place_market", "market_data"):
        raise NotApplicable("nothing rests that could be missing")
    return rule("engine", "GET /api/v3/openOrders", 0.8, "empty")


def delisted(operation: str, random: Random) -> Rules:
    """One of the two symbols is delisted, its orders expire; it comes back."""
    back = ("/sim/market", {"symbol": "ETHUSDT", "status": "TRADING"})
    return Rules([("/sim/market", {"symbol": "ETHUSDT", "status": "DELISTED"})], [back])


def closed_market(operation: str, random: Random) -> Rules:
    """Trading in one of the two symbols stops for a while."""
    back = ("/sim/market", {"symbol": "BTCUSDT", "status": "TRADING"})
    return Rules([("/sim/market", {"symbol": "BTCUSDT", "status": "BREAK"})], [back])


def maintenance(operation: str, random: Random) -> Rules:
    """Everything is closed for two seconds, or until a new process has met it."""
    return Rules([("/sim/maintenance", {"seconds": 12 if operation == "restart" else 2})])


def wrong(field: str, random: Random) -> str:
    """Return a number that cannot be; a fee of nothing or a rebate can be, and only the balances would tell."""
    return random.choice(("NaN", "9e99") if field in ("n", "*.commission") else WRONG)


def wrong_numbers(operation: str, random: Random) -> Rules:
    """Any number of any answer and message is NaN, 0, negative or huge."""
    fields = FIELDS[CALLS[operation]]
    said = MARKET_FIELDS if operation == "market_data" else REPORT_FIELDS
    answers = [rule("reply", CALLS[operation], 0.1, "garble", field=f, value=wrong(f, random)) for f in fields]
    return both(
        *answers,
        *(rule("stream", stream_of(operation), 0.02, "garble", field=f, value=wrong(f, random)) for f in said),
    )


def base_fee(operation: str, random: Random) -> Rules:
    """Nothing but the fee that is taken in what was bought: what is held is less than what was ordered."""
    return Rules([])


Make = Callable[[str, Random], Rules]
FAULTS: Final[dict[str, Make]] = {
    make.__name__: make
    for make in (
        latency,
        late_arrival,
        lost_request,
        lost_reply,
        duplicate,
        reorder,
        http_5xx,
        rate_ban,
        ban,
        truncated,
        cut_frame,
        deaf_stream,
        gap,
        refused_connection,
        skew,
        drift,
        read_lag,
        balance_lag,
        inert_cancel,
        empty_orders,
        delisted,
        closed_market,
        maintenance,
        wrong_numbers,
        base_fee,
    )
}
