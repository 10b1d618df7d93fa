"""Names of things, each its own type, so that a bot's name is never passed where an order's id belongs."""

from __future__ import annotations

import re
from typing import Final, NewType

BotId = NewType("BotId", str)  # `NAME`: chosen by a person
AccountId = NewType("AccountId", str)  # `NAME`: one set of keys at one venue
Symbol = NewType("Symbol", str)  # unified, "BTC/USDT"
ClientOrderId = NewType(
    "ClientOrderId", str
)  # ours: generated once, stored before the first byte is sent, never reused
VenueOrderId = NewType("VenueOrderId", str)  # the venue's
TradeId = NewType("TradeId", str)  # the venue's, unique per account and symbol

NAME: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")
NAME_RULE: Final = "1 to 32 of a-z, 0-9, '_' and '-', starting with a letter or digit"
