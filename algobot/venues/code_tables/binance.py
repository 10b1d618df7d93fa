"""Binance's codes. Source: its API documentation, "Error codes", of spot and of USD-M futures.

Left out on purpose, so unknown: -1000 unknown, -1001 internal error, -1004 and -1008 busy (with a 5xx status nothing
is proved anyway), -1006 unexpected answer of the bus ("execution status unknown"), -1007 backend timeout, spot's -2021
half a cancel-replace, USD-M's -2012 and -2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind

_COMMON: Final[Mapping[str, Kind]] = {
    "-1002": Kind.AUTH,  # not authorized
    "-1003": Kind.RATE,  # too many requests
    "-1003~banned until": Kind.BAN,
    "-1005": Kind.PERMISSION,  # address not on the key's list
    "-1011": Kind.PERMISSION,  # address may not use this route
    "-1014": Kind.MALFORMED,  # unsupported combination
    "-1015": Kind.RATE,  # too many orders
    "-1016": Kind.MAINTENANCE,  # service no longer available
    "-1020": Kind.MALFORMED,  # unsupported operation
    "-1021": Kind.CLOCK,  # timestamp outside recvWindow
    "-1022": Kind.AUTH,  # signature
    "-1023": Kind.MALFORMED,  # start after end
    "-1099": Kind.AUTH,
    **{str(code): Kind.MALFORMED for code in range(-1199, -1099)},  # 11xx: the request is malformed; it went no further
    "-1109": Kind.AUTH,  # invalid account
    "-1111": Kind.RULES,  # more digits than the symbol has
    "-1116": Kind.MALFORMED,
    "-1121": Kind.CLOSED,  # no such symbol
    "-1122": Kind.CLOSED,  # the symbol's status
    "-2008": Kind.AUTH,  # no such key
    "-2011": Kind.RESTRICTED,  # cancel refused
    "-2011~Unknown order sent": Kind.NO_ORDER,
    "-2013": Kind.NO_ORDER,  # order does not exist
    "-2014": Kind.AUTH,  # malformed key
    "-2015": Kind.PERMISSION,  # key, address or permission
    "-2016": Kind.CLOSED,  # no trading window
    "-2017": Kind.AUTH,  # keys are locked
}

_REFUSALS: Final[Mapping[str, Kind]] = {  # what the engine says behind -2010 and -1010
    "": Kind.RESTRICTED,
    "Duplicate order sent": Kind.DUPLICATE,
    "insufficient balance": Kind.FUNDS,
    "would immediately match and take": Kind.POST_ONLY,
    "Market is closed": Kind.CLOSED,
    "Price * QTY is zero or less": Kind.RULES,
    "Stop price would trigger immediately": Kind.PRICE,
    "This symbol is not permitted": Kind.RESTRICTED,
    "symbol is restricted for this account": Kind.RESTRICTED,
    "This action is disabled on this account": Kind.RESTRICTED,
    "Rest API trading is not enabled": Kind.RESTRICTED,
    "This account may not place or cancel orders": Kind.RESTRICTED,
    "Order book liquidity is less than": Kind.NO_MATCH,
}

SPOT: Final[Mapping[str, Kind]] = {
    **_COMMON,
    **{f"-2010~{words}" if words else "-2010": kind for words, kind in _REFUSALS.items()},
    **{f"-1010~{words}" if words else "-1010": kind for words, kind in _REFUSALS.items()},
    "-1010~Unknown order sent": Kind.NO_ORDER,
    "-1013": Kind.RULES,  # a filter: lot, notional, …
    "-1013~PRICE_FILTER": Kind.PRICE,
    "-1013~PERCENT_PRICE": Kind.PRICE,
    "-1013~MAX_NUM_ORDERS": Kind.TOO_MANY,
    "-1013~MAX_NUM_ALGO_ORDERS": Kind.TOO_MANY,
    "-1013~MAX_POSITION": Kind.TOO_MANY,
    "-1013~Market is closed": Kind.CLOSED,
    "-2022": Kind.RESTRICTED,  # cancel-replace: neither was done
    "-2026": Kind.NO_ORDER,  # archived
    "-2038": Kind.RESTRICTED,  # amend refused
    "-2039": Kind.MALFORMED,  # that client order id does not fit that order
}

USD_M: Final[Mapping[str, Kind]] = {
    **_COMMON,
    "-2010": Kind.RESTRICTED,
    "-2018": Kind.FUNDS,
    "-2019": Kind.FUNDS,  # margin
    "-2021": Kind.PRICE,  # a stop that would trigger at once; on spot this number means something else
    "-2022": Kind.REDUCE_ONLY,
    "-2023": Kind.RESTRICTED,  # in liquidation
    "-2024": Kind.REDUCE_ONLY,  # position is not sufficient
    "-2025": Kind.TOO_MANY,
    "-2026": Kind.REDUCE_ONLY,  # order type not supported with reduce-only
    "-2027": Kind.TOO_MANY,
    "-2028": Kind.FUNDS,
    **{str(code): Kind.RULES for code in range(-4005, -3999)},  # quantities: -4000 … -4005
    "-4001": Kind.PRICE,
    "-4002": Kind.PRICE,
    "-4013": Kind.PRICE,
    "-4014": Kind.PRICE,  # tick
    "-4015": Kind.MALFORMED,  # client order id too long
    "-4016": Kind.PRICE,
    "-4023": Kind.RULES,  # step
    "-4024": Kind.PRICE,
    "-4045": Kind.TOO_MANY,  # stop orders
    "-4087": Kind.REDUCE_ONLY,  # only reduce-only now
    "-4088": Kind.RESTRICTED,
    "-4111": Kind.CLOSED,
    "-4116": Kind.DUPLICATE,  # client order id
    "-4118": Kind.REDUCE_ONLY,
    "-4120": Kind.MALFORMED,
    "-4131": Kind.PRICE,
    "-4140": Kind.CLOSED,
    "-4141": Kind.CLOSED,
    "-4144": Kind.CLOSED,
    "-4164": Kind.RULES,  # notional
    "-4183": Kind.PRICE,
    "-4184": Kind.PRICE,
    "-4192": Kind.RESTRICTED,
    "-4400": Kind.REDUCE_ONLY,
    "-4401": Kind.REDUCE_ONLY,
    "-4402": Kind.RESTRICTED,
    "-5021": Kind.NO_MATCH,  # FOK
    "-5022": Kind.POST_ONLY,
    "-5028": Kind.CLOCK,  # outside the matching engine's recvWindow
}
