"""Our client order ids in the form each venue takes, and back: a bijection, so that an order found there is known.

Ours are at most 32 of [A-Za-z0-9-]. Where a venue only takes 128 bits they are read as one number in base 37, which
holds 24 of [a-z0-9-]; where it takes no dash, a letter that we never use stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from algobot.model import ClientOrderId

LONGEST: Final = 32
LONGEST_IN_128_BITS: Final = 24
_DIGITS: Final = "-0123456789abcdefghijklmnopqrstuvwxyz"
_HEX: Final = re.compile(r"[0-9a-f]{32}")
_DASH: Final = "Z"  # our ids are lower case


class Encoding(msgspec.Struct, frozen=True):
    """How one venue writes our ids, and which parameter of `create_order` carries them."""

    longest: int = LONGEST
    write: Callable[[str], str] = str
    read: Callable[[str], str] = str
    param: str = "clientOrderId"


def _to_hex(text: str) -> str:
    number = 1  # so that leading digits of value 0 are kept
    for char in text:
        number = number * 37 + _DIGITS.index(char)
    return f"{number:032x}"


def _from_hex(form: str) -> str:
    """Return the id behind 32 hex digits, or `form` itself when no id of ours has that form."""
    bare = form.removeprefix("0x").lower()
    if not _HEX.fullmatch(bare):
        return form
    number, text = int(bare, 16), ""
    while number > 1:
        number, digit = divmod(number, 37)
        text = _DIGITS[digit] + text
    return text if number == 1 and 0 < len(text) <= LONGEST_IN_128_BITS else form


PLAIN: Final = Encoding()
ENCODINGS: Final[Mapping[str, Encoding]] = {
    "okx": Encoding(write=lambda text: text.replace("-", _DASH), read=lambda form: form.replace(_DASH, "-")),
    "kraken": Encoding(longest=LONGEST_IN_128_BITS, write=_to_hex, read=_from_hex),  # free text: 18 letters at most
    "hyperliquid": Encoding(longest=LONGEST_IN_128_BITS, write=lambda text: "0x" + _to_hex(text), read=_from_hex),
    "deribit": Encoding(param="label"),
}
_SAME: Final[Mapping[str, str]] = {"okxus": "okx", "myokx": "okx"}


def encoding_of(adapter: str) -> Encoding:
    """Return how the venue with ccxt id `adapter` writes our ids."""
    return ENCODINGS.get(_SAME.get(adapter, adapter), PLAIN)


def write_id(adapter: str, client_order_id: ClientOrderId) -> str:
    """Return the venue's form of our id.

    Raises:
        ValueError: the id does not fit there: too long, or other letters than [a-z0-9-].
    """
    encoding = encoding_of(adapter)
    if not client_order_id or len(client_order_id) > encoding.longest:
        raise ValueError(f"client order id {client_order_id!r} is not 1 to {encoding.longest} long, as {adapter} needs")
    fits = encoding.longest != LONGEST_IN_128_BITS or set(client_order_id) <= set(_DIGITS)
    form = encoding.write(client_order_id) if fits else ""
    if encoding.read(form) != client_order_id:
        raise ValueError(f"client order id {client_order_id!r} has letters that {adapter} cannot give back")
    return form


def read_id(adapter: str, form: str) -> ClientOrderId:
    """Return our id behind the venue's form; a foreign order's form may come back as it is."""
    return ClientOrderId(encoding_of(adapter).read(form))
