"""OKX's v5 codes: of the request (`code`) or of one order in it (`sCode`). Source: its API documentation, "Error code".

Left out on purpose, so unknown: 1 and 2 (an envelope whose `sCode` says more), 50001 engine upgrading, 50004 endpoint
timeout ("does not indicate success or failure"), 50005, 50013 busy, 50026 system error, 51054 timed out, 51149 order
timed out, 51410 and 51412 a cancel under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind


def _each(kind: Kind, *codes: int) -> dict[str, Kind]:
    return {str(code): kind for code in codes}


OKX: Final[Mapping[str, Kind]] = {
    **_each(Kind.MALFORMED, 50000, 50002, 50006, 50014, 50015, 50016, 50024, 50025, 50036, 50115),
    "50036": Kind.CLOCK,  # expTime is over
    **_each(Kind.RESTRICTED, 50007, 50009, 50012, 50027, 50028, 50062, 51009, 51010, 51024, 51155, 54072),
    **_each(Kind.RESTRICTED, *range(50017, 50024)),  # frozen: deleveraging, liquidation, funding
    **_each(Kind.AUTH, 50008, 50100, 50101, *range(50103, 50108), 50111, 50113, 50114, 50119),
    **_each(Kind.PERMISSION, 50030, 50110, 50120),
    **_each(Kind.CLOCK, 50102, 50112),
    **_each(Kind.RATE, 50011, 50040, 50061, 51113),
    **_each(Kind.MALFORMED, 51000, 51003, 51204, 51407),
    **_each(Kind.CLOSED, 51001, 51002, 51012, 51014, 51015, 51021, 51022, 51026, 51027, 51028, 51029, 51030),
    **_each(Kind.RULES, 51004, 51005, 51007, 51020, 51100, 51101, 51118, 51120, 51121, 51185, 51201, 51202, 51203),
    **_each(Kind.PRICE, 51006, 51031, 51116, 51122, *range(51135, 51139)),
    **_each(Kind.FUNDS, 51008, 51119, 51127, 51131, 51502, 51736, 51764, 59200, 59201),
    **_each(Kind.DUPLICATE, 51011, 51016),
    **_each(Kind.TOO_MANY, 51017, 51025, *range(51102, 51109), 51117, 51129, 51174),
    **_each(Kind.REDUCE_ONLY, 51023, 51112, 51133, 51134, 51139, 51205, 54011),
    **_each(Kind.NO_MATCH, 51109),
    **_each(Kind.CLOSED, 51110, 51124, 51404),
    **_each(Kind.MAINTENANCE, 51767),
    **_each(Kind.ENDED, 51400, 51401, 51402, 51405, 51509, 51510),
    **_each(Kind.NO_ORDER, 51503, 51603),
    **_each(Kind.RESTRICTED, 51403, 51732, 51733, 51734, 59113, 54008, 54073, 54094),
    "51511": Kind.POST_ONLY,
}
