"""Deribit's JSON-RPC codes. Source: its API documentation, "RPC error codes".

Left out on purpose, so unknown: 10001 error, 10040 retry, 10066 too many concurrent requests, 11031 other error, 11094
internal server error, 13008 request failed, 13028 temporarily unavailable, 13888 timed out, -32603.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind


def _each(kind: Kind, *codes: int) -> dict[str, Kind]:
    return {str(code): kind for code in codes}


DERIBIT: Final[Mapping[str, Kind]] = {
    **_each(Kind.AUTH, 9999, 10000, 12000, 12003, 12998, 13000, 13001, 13003, 13004, 13006, 13007, 13009),
    **_each(Kind.PERMISSION, 11042, 13021),
    **_each(Kind.RESTRICTED, 10003, 10019, 11030, 12005, 13002, 13012),
    **_each(Kind.RULES, 10002, 10021, 10022, 10024, 10027, 10032, 10036, 11048),
    **_each(Kind.NO_ORDER, 10004, 10029),
    **_each(Kind.ENDED, 10010, 11008, 11044),
    **_each(Kind.PRICE, 10005, 10006, 10007, 10008, 10011, 10023, 10026, 10034, 10035, 10043, 10044, 11036),
    **_each(Kind.FUNDS, 10009),
    **_each(Kind.CLOSED, 10012, 10020, 11037, 11046, 13019, 13020),
    **_each(Kind.TOO_MANY, 10013, 10014, 10015, 10016, 10017, 10018, 11035),
    **_each(Kind.MALFORMED, 10025, 10030, 10031, 10033, 10048, 11029, 11038, 11039, 11041, 11043, 11045, 11047),
    **_each(Kind.MALFORMED, 11049, 11050, 13010, 13011, 13016, 13018, -32602, -32601, -32700, -32000, -32600),
    **_each(Kind.RATE, 10028, 10047),
    **_each(Kind.MAINTENANCE, 10041, 11051, 13025),
    **_each(Kind.RESTRICTED, 10045, 10046),
    **_each(Kind.POST_ONLY, 11054),
}
