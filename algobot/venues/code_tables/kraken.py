"""Kraken's errors: a class and words. Source: its API documentation, "Error messages", and its support pages.

Left out on purpose, so unknown: EService:Unavailable, EService:Busy, EService:Timeout, EGeneral:Internal error,
EDatabase:Internal error, EGeneral:Unknown error, EOrder:Cancel pending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind

_WORDS: Final[Mapping[str, Kind]] = {
    "EAPI:Invalid key": Kind.AUTH,
    "EAPI:Invalid signature": Kind.AUTH,
    "EAPI:Invalid nonce": Kind.CLOCK,
    "EAPI:Rate limit exceeded": Kind.RATE,
    "EAPI:Bad request": Kind.MALFORMED,
    "EAPI:Feature disabled": Kind.RESTRICTED,
    "EAuth:Account temporary disabled": Kind.RESTRICTED,
    "EAuth:Account unconfirmed": Kind.RESTRICTED,
    "EAuth:Rate limit exceeded": Kind.RATE,
    "EAuth:Too many requests": Kind.RATE,
    "EGeneral:Invalid arguments": Kind.MALFORMED,
    "EGeneral:Invalid arguments:price": Kind.PRICE,
    "EGeneral:Invalid arguments:volume": Kind.RULES,
    "EGeneral:Permission denied": Kind.PERMISSION,
    "EGeneral:Temporary lockout": Kind.BAN,
    "EGeneral:Too many requests": Kind.RATE,
    "EGeneral:Unknown method": Kind.MALFORMED,
    "EOrder:Cannot open position": Kind.RESTRICTED,
    "EOrder:Cannot open opposing position": Kind.RESTRICTED,
    "EOrder:Cost minimum not met": Kind.RULES,
    "EOrder:Domain rate limit exceeded": Kind.RATE,
    "EOrder:Duplicate client order id": Kind.DUPLICATE,
    "EOrder:Insufficient funds": Kind.FUNDS,
    "EOrder:Insufficient margin": Kind.FUNDS,
    "EOrder:Invalid order": Kind.MALFORMED,
    "EOrder:Invalid price": Kind.PRICE,
    "EOrder:Margin allowance exceeded": Kind.FUNDS,
    "EOrder:Margin level too low": Kind.FUNDS,
    "EOrder:Margin position size exceeded": Kind.TOO_MANY,
    "EOrder:No open position": Kind.REDUCE_ONLY,
    "EOrder:Order minimum not met": Kind.RULES,
    "EOrder:Orders limit exceeded": Kind.TOO_MANY,
    "EOrder:Positions limit exceeded": Kind.TOO_MANY,
    "EOrder:Post only order": Kind.POST_ONLY,
    "EOrder:Rate limit exceeded": Kind.RATE,
    "EOrder:Reduce only": Kind.REDUCE_ONLY,
    "EOrder:Scheduled orders limit exceeded": Kind.TOO_MANY,
    "EOrder:Tick size check failed": Kind.PRICE,
    "EOrder:Trading agreement required": Kind.RESTRICTED,
    "EOrder:Unknown order": Kind.NO_ORDER,
    "EOrder:Unknown position": Kind.REDUCE_ONLY,
    "EQuery:Invalid asset pair": Kind.CLOSED,
    "EQuery:Unknown asset pair": Kind.CLOSED,
    "EService:Deadline elapsed": Kind.CLOCK,  # the engine dropped it: our own `deadline` was over
    "EService:Market in cancel_only mode": Kind.MAINTENANCE,
    "EService:Market in post_only mode": Kind.MAINTENANCE,
    "EService:Throttled": Kind.RATE,
    "ETrade:Invalid request": Kind.MALFORMED,
    "ETrade:User Locked": Kind.RESTRICTED,
}

KRAKEN: Final[Mapping[str, Kind]] = {f"{words.partition(':')[0]}~{words}": kind for words, kind in _WORDS.items()}
