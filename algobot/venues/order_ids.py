"""Our client order ids in the form each venue takes, and back: a bijection, so that an order found there is known.

Ours are at most 32 of [A-Za-z0-9-]. Where a venue takes no dash, a letter that we never use stands for it. Where it
takes 128 bits only, `bits128` makes a number of the id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from algobot.model import ClientOrderId
from algobot.venues import bits128

LONGEST: Final = 32
_HEX: Final = re.compile(r"[0-9a-f]{32}")
_DASH: Final = "Z"  # our ids are lower case


class Encoding(msgspec.Struct, frozen=True):
    """How one venue writes our ids, and which parameter of `create_order` carries them."""

    write: Callable[[str], str] = str
    read: Callable[[str], str] = str
    param: str = "clientOrderId"


def _to_hex(text: str) -> str:
    return f"{bits128.pack(text):032x}"


def _from_hex(form: str) -> str:
    """Return the id behind 32 hex digits, or `form` itself when no id of ours has that form."""
    bare = form.removeprefix("0x").lower()
    return (bits128.unpack(int(bare, 16)) if _HEX.fullmatch(bare) else "") or form


PLAIN: Final = Encoding()
ENCODINGS: Final[Mapping[str, Encoding]] = {
    "okx": Encoding(write=lambda text: text.replace("-", _DASH), read=lambda form: form.replace(_DASH, "-")),
    "kraken": Encoding(write=_to_hex, read=_from_hex),  # free text: 18 letters at most
    "hyperliquid": Encoding(write=lambda text: "0x" + _to_hex(text), read=_from_hex),
    "deribit": Encoding(param="label"),
}
_SAME: Final[Mapping[str, str]] = {"okxus": "okx", "myokx": "okx"}


def encoding_of(adapter: str) -> Encoding:
    """Return how the venue with ccxt id `adapter` writes our ids."""
    return ENCODINGS.get(_SAME.get(adapter, adapter), PLAIN)


def write_id(adapter: str, client_order_id: ClientOrderId) -> str:
    """Return the venue's form of our id.

    Raises:
        ValueError: the id does not fit there: too long, or other letters than it can give back.
    """
    encoding = encoding_of(adapter)
    if not client_order_id or len(client_order_id) > LONGEST:
        raise ValueError(f"client order id {client_order_id!r} is not 1 to {LONGEST} long")
    form = encoding.write(client_order_id)
    if encoding.read(form) != client_order_id:
        raise ValueError(f"client order id {client_order_id!r} has letters that {adapter} cannot give back")
    return form


def read_id(adapter: str, form: str) -> ClientOrderId:
    """Return our id behind the venue's form; a foreign order's form may come back as it is."""
    return ClientOrderId(encoding_of(adapter).read(form))
