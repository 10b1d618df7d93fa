"""Which table of codes a venue has. A venue without one, and a code that is not in it, prove nothing.

A table's key is the code, or `code~words` for one text among several of that code (the longest words win).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from algobot.venues.code_tables.binance import SPOT, USD_M
from algobot.venues.code_tables.bybit import BYBIT
from algobot.venues.code_tables.deribit import DERIBIT
from algobot.venues.code_tables.hyperliquid import HYPERLIQUID
from algobot.venues.code_tables.kraken import KRAKEN
from algobot.venues.code_tables.okx import OKX
from algobot.venues.kinds import Kind

RULES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "binance": SPOT,
    "binanceus": SPOT,
    "binanceusdm": USD_M,
    "bybit": BYBIT,
    "okx": OKX,
    "okxus": OKX,
    "myokx": OKX,
    "kraken": KRAKEN,
    "hyperliquid": HYPERLIQUID,
    "deribit": DERIBIT,
}


def look_up(adapter: str, code: str, text: str) -> Kind:
    """Return the kind of a venue's code and words."""
    if not code:
        return Kind.UNKNOWN
    best, kind = -1, Kind.UNKNOWN
    for key, candidate in RULES.get(adapter, {}).items():
        key_code, _, words = key.partition("~")
        if key_code == code and words in text and len(words) > best:
            best, kind = len(words), candidate
    return kind
