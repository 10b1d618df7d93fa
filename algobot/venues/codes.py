"""The tables of `classify`: a venue's own code, and what it proves. A code that is absent proves nothing.

A key is the code, or `code~words` for one text among several of that code (the longest match wins).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Verdict(Enum):
    """What an answer proves about the order it is about."""

    REFUSED = "refused"  # not accepted; nothing exists because of this request
    AUTH = "auth"  # not accepted: key, signature, permission, address
    RATE = "rate"  # not accepted: over a budget
    SKEW = "skew"  # not accepted: outside the validity window
    NOT_FOUND = "not_found"  # no such (open) order
    DUPLICATE = "duplicate"  # an open order carries this client order id: an earlier send landed
    UNKNOWN = "unknown"  # nothing: the order may exist


_R, _A, _L, _S, _N, _D = (
    Verdict.REFUSED,
    Verdict.AUTH,
    Verdict.RATE,
    Verdict.SKEW,
    Verdict.NOT_FOUND,
    Verdict.DUPLICATE,
)

# Source: Binance Spot API, "Error codes". Left out on purpose, so UNKNOWN: -1000 unknown, -1001 internal error,
# -1004 and -1008 busy, -1006 unexpected answer of the bus ("execution status unknown"), -1007 backend timeout,
# -2021 half a cancel-replace.
BINANCE: Final[Mapping[str, Verdict]] = {
    "-1002": _A,  # not authorized
    "-1003": _L,  # too many requests, or banned
    "-1005": _A,  # address not on the key's list
    "-1010": _R,  # the engine's own refusal, as -2010
    "-1010~Duplicate order sent": _D,
    "-1010~Unknown order sent": _N,
    "-1011": _A,  # address may not use this route
    "-1013": _R,  # a filter: price, lot, notional, …
    "-1014": _R,  # unsupported combination
    "-1015": _L,  # too many orders
    "-1016": _R,  # service no longer available
    "-1020": _R,  # unsupported operation
    "-1021": _S,  # timestamp outside recvWindow
    "-1022": _A,  # signature
    "-1099": _A,
    **{str(code): _R for code in range(-1199, -1099)},  # 11xx: the request itself is malformed; it went no further
    "-1109": _A,  # invalid account
    "-2008": _A,  # no such key
    "-2010": _R,  # new order refused: funds, market closed, would match at once, …
    "-2010~Duplicate order sent": _D,
    "-2011": _R,  # cancel refused
    "-2011~Unknown order sent": _N,
    "-2013": _N,  # order does not exist
    "-2014": _A,  # malformed key
    "-2015": _A,  # key, address or permission
    "-2016": _R,  # no trading window
    "-2017": _A,  # keys are locked
    "-2022": _R,  # cancel-replace: neither was done
    "-2026": _N,  # archived
    "-2038": _R,  # amend refused
    "-2039": _R,  # that client order id does not fit that order
}

BYBIT: Final[Mapping[str, Verdict]] = {
    "10001": _R,
    "10002": _S,
    "10003": _A,
    "10004": _A,
    "10005": _A,
    "10006": _L,
    "10010": _A,
    "10018": _L,
    "110001": _N,
    "110007": _R,
    "110072": _D,
    "170131": _R,
    "170141": _D,
    "170213": _N,
}

OKX: Final[Mapping[str, Verdict]] = {
    "50011": _L,
    "50061": _L,
    "50102": _S,
    "50111": _A,
    "50113": _A,
    "51000": _R,
    "51008": _R,
    "51016": _D,
    "51020": _R,
    "51400": _N,
    "51603": _N,
}

KRAKEN: Final[Mapping[str, Verdict]] = {
    "EAPI~EAPI:Rate limit exceeded": _L,
    "EAPI~EAPI:Invalid key": _A,
    "EAPI~EAPI:Invalid signature": _A,
    "EAPI~EAPI:Invalid nonce": _S,
    "EGeneral~EGeneral:Permission denied": _A,
    "EGeneral~EGeneral:Invalid arguments": _R,
    "EOrder~EOrder:Rate limit exceeded": _L,
    "EOrder~EOrder:Insufficient funds": _R,
    "EOrder~EOrder:Order minimum not met": _R,
    "EOrder~EOrder:Unknown order": _N,
}

HYPERLIQUID: Final[Mapping[str, Verdict]] = {
    "err~Price must be divisible by tick size": _R,
    "err~Order must have minimum value": _R,
    "err~Insufficient margin to place order": _R,
    "err~Insufficient spot balance": _R,
    "err~Order has zero size": _R,
    "err~Order has invalid size": _R,
    "err~Post only order would have immediately matched": _R,
    "err~Order was never placed, already canceled, or filled": _N,
    "err~Too many cumulative requests sent": _L,
}

DERIBIT: Final[Mapping[str, Verdict]] = {
    "10002": _R,
    "10004": _N,
    "10005": _R,
    "10009": _R,
    "10010": _N,
    "10028": _L,
    "10043": _R,
    "11044": _N,
    "13004": _A,
    "13009": _A,
}

RULES: Final[Mapping[str, Mapping[str, Verdict]]] = {
    "binance": BINANCE,
    "binanceus": BINANCE,
    "bybit": BYBIT,
    "okx": OKX,
    "kraken": KRAKEN,
    "hyperliquid": HYPERLIQUID,
    "deribit": DERIBIT,
}
