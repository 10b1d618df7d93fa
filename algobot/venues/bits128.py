"""A client order id of ours as a number of 128 bits, and back.

An id as the gateway makes it, `ab<instance>-<8 letters>-<6 letters>-<number>`, has bit 127 set. Then come three bits of
the instance's length, its number in 20 bits, the letters in base 36, and a checksum in all that is left: the shorter an
instance's name, the longer the checksum that keeps somebody else's random number from looking like ours. Names of seven
and eight letters leave the number 15 and 10 bits.

Any other text of up to 24 of [a-z0-9-] is read as digits in base 37 behind a 1.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

LONGEST_TEXT: Final = 24
_TEXT_DIGITS: Final = "-0123456789abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = _TEXT_DIGITS[1:]
_SHAPE: Final = re.compile(r"ab([a-z0-9]{1,8})-([a-z0-9]{8})-([a-z0-9]{6})-(0|[1-9a-z][0-9a-z]*)")
_FIXED: Final = 14  # letters besides the instance's
_SHAPED: Final = 1 << 127
_ROOM: Final = 124  # bits behind the mark and the instance's length
_NUMBER_BITS: Final = 20


def pack(text: str) -> int:
    """Return the number of an id. Raises ValueError when it does not fit into 128 bits."""
    shaped = _SHAPE.fullmatch(text)
    if shaped is None:
        return _pack_text(text)
    instance, letters, number = shaped[1], shaped[1] + shaped[2] + shaped[3], int(shaped[4], 36)
    letter_bits, number_bits, check_bits = _layout(len(instance))
    if number >= 1 << number_bits:
        raise ValueError(
            f"client order id {text!r} does not fit into 128 bits: with an instance name of {len(instance)} letters "
            f"orders are numbered up to {(1 << number_bits) - 1} from one start to the next"
        )
    packed = (len(instance) - 1) << _ROOM | number << (letter_bits + check_bits)
    return _SHAPED | packed | int(letters, 36) << check_bits | _check(text, check_bits)


def unpack(number: int) -> str:
    """Return the id of a number, or "" when it is the number of none."""
    text = _unpack_shaped(number) if number & _SHAPED else _unpack_text(number)
    try:
        return text if text and pack(text) == number else ""
    except ValueError:
        return ""


def _layout(instance_letters: int) -> tuple[int, int, int]:
    """Return the bits of the letters, of the order's number and of the checksum."""
    letter_bits = (36 ** (_FIXED + instance_letters) - 1).bit_length()
    number_bits = min(_NUMBER_BITS, _ROOM - letter_bits)
    return letter_bits, number_bits, _ROOM - letter_bits - number_bits


def _check(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") & ((1 << bits) - 1)


def _unpack_shaped(packed: int) -> str:
    length = (packed >> _ROOM & 7) + 1
    letter_bits, number_bits, check_bits = _layout(length)
    letters = _base(packed >> check_bits & ((1 << letter_bits) - 1), _DIGITS).rjust(_FIXED + length, "0")
    number = packed >> (letter_bits + check_bits) & ((1 << number_bits) - 1)
    start, bot = letters[length : length + 8], letters[length + 8 :]
    return f"ab{letters[:length]}-{start}-{bot}-{_base(number, _DIGITS) or '0'}"


def _pack_text(text: str) -> int:
    if not text or len(text) > LONGEST_TEXT or not set(text) <= set(_TEXT_DIGITS):
        raise ValueError(f"client order id {text!r} does not fit into 128 bits: 1 to {LONGEST_TEXT} of [a-z0-9-] do")
    number = 1
    for char in text:
        number = number * 37 + _TEXT_DIGITS.index(char)
    return number


def _unpack_text(number: int) -> str:
    digits = _base(number, _TEXT_DIGITS)
    return digits[1:] if digits.startswith(_TEXT_DIGITS[1]) else ""


def _base(number: int, digits: str) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(digits))
        text = digits[digit] + text
    return text
