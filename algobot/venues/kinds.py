"""What an error code means, in one word, and what that word proves about the order it is about."""

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
    DUPLICATE = "duplicate"  # an order carries this client order id: an earlier send landed
    UNKNOWN = "unknown"  # nothing: the order may exist


class Kind(Enum):
    """Why a venue refused, as far as a table knows."""

    FUNDS = "funds"  # too little balance or margin
    RULES = "rules"  # quantity, lot, notional
    PRICE = "price"  # tick, price band
    POST_ONLY = "post_only"  # would have taken
    REDUCE_ONLY = "reduce_only"  # would have increased, or there is nothing to reduce
    NO_MATCH = "no_match"  # IOC, FOK or market with nobody on the other side
    TOO_MANY = "too_many"  # open orders, position, risk limit
    CLOSED = "closed"  # the symbol is halted, settling, delisted or unknown
    MAINTENANCE = "maintenance"  # the venue takes no orders now, and says so before taking this one
    RESTRICTED = "restricted"  # the account may not do this, whatever the key
    MALFORMED = "malformed"  # the request itself
    AUTH = "auth"  # key or signature
    PERMISSION = "permission"  # the key's rights, or its list of addresses
    RATE = "rate"  # over a budget
    BAN = "ban"  # over it for so long that the address or account is shut out
    CLOCK = "clock"  # outside the validity window, or a used nonce
    NO_ORDER = "no_order"  # the venue knows no such order
    ENDED = "ended"  # the order to cancel is filled, canceled or expired
    DUPLICATE = "duplicate"  # the client order id is taken
    UNKNOWN = "unknown"


PROVES: Final[Mapping[Kind, Verdict]] = {
    Kind.AUTH: Verdict.AUTH,
    Kind.PERMISSION: Verdict.AUTH,
    Kind.RATE: Verdict.RATE,
    Kind.BAN: Verdict.RATE,
    Kind.CLOCK: Verdict.SKEW,
    Kind.NO_ORDER: Verdict.NOT_FOUND,
    Kind.ENDED: Verdict.NOT_FOUND,
    Kind.DUPLICATE: Verdict.DUPLICATE,
    Kind.UNKNOWN: Verdict.UNKNOWN,
}


def verdict_of(kind: Kind) -> Verdict:
    """Return what `kind` proves."""
    return PROVES.get(kind, Verdict.REFUSED)
