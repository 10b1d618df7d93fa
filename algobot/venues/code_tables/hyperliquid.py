"""Hyperliquid's errors: words only. Source: its API documentation, "Error responses", and recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.kinds import Kind

_WORDS: Final[Mapping[str, Kind]] = {
    "Price must be divisible by tick size": Kind.PRICE,
    "Order must have minimum value": Kind.RULES,
    "Insufficient margin to place order": Kind.FUNDS,
    "Insufficient spot balance": Kind.FUNDS,
    "Reduce only order would increase position": Kind.REDUCE_ONLY,
    "Post only order would have immediately matched": Kind.POST_ONLY,
    "Order could not immediately match against any resting orders": Kind.NO_MATCH,
    "No liquidity available for market order": Kind.NO_MATCH,
    "Invalid TP/SL price": Kind.PRICE,
    "Order would increase open interest while open interest is capped": Kind.TOO_MANY,
    "Order rejected due to price more aggressive than oracle while at open interest cap": Kind.TOO_MANY,
    "Order would increase open interest too quickly": Kind.TOO_MANY,
    "Order price cannot be more than": Kind.PRICE,
    "Order price too far from oracle": Kind.PRICE,
    "Order would exceed margin tier limit given current leverage": Kind.TOO_MANY,
    "Order has zero size": Kind.RULES,
    "Order has invalid size": Kind.RULES,
    "Order has invalid price": Kind.PRICE,
    "Order was never placed, already canceled, or filled": Kind.ENDED,
    "unknownOid": Kind.NO_ORDER,
    "Too many cumulative requests sent": Kind.RATE,
    "Cannot place order with reduce only": Kind.REDUCE_ONLY,
    "Trading is halted": Kind.CLOSED,
    "User or API Wallet": Kind.AUTH,  # "… does not exist."
    "Must deposit before performing actions": Kind.RESTRICTED,
    "Invalid nonce": Kind.CLOCK,
    "expiresAfter": Kind.CLOCK,
    "Cannot set scheduled cancel time": Kind.RESTRICTED,
}

HYPERLIQUID: Final[Mapping[str, Kind]] = {f"err~{words}": kind for words, kind in _WORDS.items()}
