"""Client order ids: ours at sight, decodable to their bot, never made twice.

`ab<instance>-<epoch>-<bot>-<sequence>`, at most 32 of [a-z0-9-]. The epoch is random and new at every start of the
daemon, so that an id is never made again, not even by one that runs on a restored backup.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from algobot.model import BotId, ClientOrderId

LONGEST: Final = 32
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHORT: Final = re.compile(r"^[a-z0-9]{1,7}$")
_TAG_LETTERS: Final = 6


def prefix(instance: str) -> str:
    """Return what every client order id of an instance begins with, and no other instance's does."""
    name = instance if _SHORT.match(instance) else f"{_digest(instance, 7)}z"  # 8 letters: never a short name's
    return f"ab{name}-"


def bot_tag(bot_id: BotId) -> str:
    """Return the six letters that stand for a bot in its ids."""
    return _digest(bot_id, _TAG_LETTERS)


def bot_of(client_order_id: ClientOrderId, bots: Iterable[BotId]) -> BotId:
    """Return the bot among `bots` whose order this is, or "" when it is none of theirs."""
    parts = client_order_id.split("-")
    tag = parts[2] if len(parts) == 4 else ""
    return next((bot_id for bot_id in bots if bot_tag(bot_id) == tag), BotId(""))


class OrderIds:
    """Makes the client order ids of one account's gateway; `lane` tells gateways of one daemon apart."""

    def __init__(self, instance: str, epoch: str, lane: str) -> None:
        self.prefix = prefix(instance)
        self._head = f"{self.prefix}{epoch}{_digest(lane, 2)}-"
        self._count = 0

    def is_ours(self, client_order_id: ClientOrderId) -> bool:
        """Return whether an order is this instance's, of whatever start."""
        return client_order_id.startswith(self.prefix)

    def make(self, bot_id: BotId) -> ClientOrderId:
        """Return an id that was never made before."""
        self._count += 1
        return ClientOrderId(f"{self._head}{bot_tag(bot_id)}-{_base36(self._count)}")


def _digest(text: str, letters: int) -> str:
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    return _base36(number).rjust(letters, "0")[-letters:]


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
