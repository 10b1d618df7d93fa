"""Bybit's v5 codes (`retCode`). Source: its API documentation, "Error codes".

Left out on purpose, so unknown: 10000 server timeout, 10014 duplicate request, 10016 server error, 170001 internal
error, 170007 backend timeout, 170032 network error, 170035 "submitted for processing", 170146 and 170147 creation and
cancellation timeouts, 170149 and 170150 "failed" without a reason, 170191, 170234 system error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind

BYBIT: Final[Mapping[str, Kind]] = {
    "-2015": Kind.AUTH,  # the key has expired
    "33004": Kind.AUTH,  # so has this one
    "10001": Kind.MALFORMED,
    "10002": Kind.CLOCK,  # outside recv_window
    "10003": Kind.AUTH,
    "10004": Kind.AUTH,  # signature
    "10005": Kind.PERMISSION,
    "10006": Kind.RATE,
    "10007": Kind.AUTH,
    "10008": Kind.RESTRICTED,
    "10009": Kind.BAN,  # the address
    "10010": Kind.PERMISSION,  # address not on the key's list
    "10017": Kind.MALFORMED,  # no such route
    "10018": Kind.RATE,  # of the address
    "10024": Kind.RESTRICTED,
    "10027": Kind.RESTRICTED,
    "10028": Kind.RESTRICTED,
    "10029": Kind.CLOSED,
    "10429": Kind.RATE,
    "110001": Kind.NO_ORDER,
    "110003": Kind.PRICE,
    "110004": Kind.FUNDS,
    "110006": Kind.FUNDS,
    "110007": Kind.FUNDS,
    "110008": Kind.ENDED,
    "110009": Kind.TOO_MANY,
    "110010": Kind.ENDED,
    "110012": Kind.FUNDS,
    "110016": Kind.TOO_MANY,
    "110017": Kind.REDUCE_ONLY,
    "110020": Kind.TOO_MANY,
    "110021": Kind.TOO_MANY,
    "110022": Kind.TOO_MANY,
    "110023": Kind.REDUCE_ONLY,
    "110030": Kind.DUPLICATE,
    "110032": Kind.RULES,
    "110042": Kind.REDUCE_ONLY,
    "110044": Kind.FUNDS,
    "110045": Kind.FUNDS,
    "110051": Kind.FUNDS,
    "110052": Kind.FUNDS,
    "110053": Kind.FUNDS,
    "110063": Kind.CLOSED,
    "110066": Kind.CLOSED,
    "110070": Kind.CLOSED,
    "110072": Kind.DUPLICATE,  # orderLinkId
    "110094": Kind.RULES,  # notional
    "12141": Kind.DUPLICATE,
    "170005": Kind.RATE,  # too many new orders
    "170010": Kind.TOO_MANY,
    "170011": Kind.TOO_MANY,
    "170031": Kind.MAINTENANCE,  # the feature is suspended
    "170033": Kind.FUNDS,
    "170034": Kind.FUNDS,
    "170105": Kind.MALFORMED,
    "170115": Kind.MALFORMED,
    "170116": Kind.MALFORMED,
    "170117": Kind.MALFORMED,
    "170121": Kind.CLOSED,
    "170124": Kind.RULES,
    "170130": Kind.MALFORMED,
    "170131": Kind.FUNDS,
    "170132": Kind.PRICE,
    "170133": Kind.PRICE,
    "170134": Kind.PRICE,
    "170135": Kind.RULES,
    "170136": Kind.RULES,
    "170137": Kind.RULES,
    "170139": Kind.ENDED,
    "170140": Kind.RULES,
    "170141": Kind.DUPLICATE,
    "170142": Kind.ENDED,
    "170143": Kind.ENDED,  # not on the book
    "170148": Kind.RULES,
    "170151": Kind.CLOSED,
    "170157": Kind.CLOSED,
    "170159": Kind.CLOSED,
    "170190": Kind.ENDED,
    "170192": Kind.PRICE,
    "170193": Kind.PRICE,
    "170194": Kind.PRICE,
    "170201": Kind.RESTRICTED,
    "170209": Kind.RESTRICTED,
    "170210": Kind.RESTRICTED,
    "170213": Kind.NO_ORDER,
    "170217": Kind.POST_ONLY,
    "170218": Kind.POST_ONLY,
    "170221": Kind.CLOSED,
    "170222": Kind.RATE,
    "170223": Kind.FUNDS,
    "170224": Kind.RESTRICTED,
    "170226": Kind.FUNDS,
    "170227": Kind.MALFORMED,
    "170228": Kind.RULES,
    "170229": Kind.RULES,
    "170241": Kind.RESTRICTED,
    "170371": Kind.PRICE,
    "170372": Kind.PRICE,
}
