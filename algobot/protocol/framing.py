"""Frames: one JSON object per line. Bytes in, frames out, without I/O; what is refused names the field.

A frame from a client is judged before it is decoded: at most `MAX_FRAME` bytes and `MAX_DEPTH` brackets deep, no
duplicate key, no number that is not finite. msgspec then refuses unknown fields and wrong types.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Final, NoReturn

from algobot.errors import ProtocolError

MAX_FRAME: Final = 1 << 20  # bytes, from a client
MAX_REPLY: Final = 1 << 26  # bytes, from the daemon: a snapshot of a thousand bots is about one mebibyte
MAX_DEPTH: Final = 32

_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_AS_SQUARE: Final = bytes.maketrans(b"{}", b"[]")


class FrameSplitter:
    """Cuts a stream of bytes into frames; an oversized one is reported once and skipped to its end."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | ProtocolError]:
        """Yield each frame that `data` completes, in order, or the error that stands in its place."""
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            frame = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            if self._skipping:
                self._skipping = False
            elif len(frame) > self._limit:
                yield self._too_long()
            elif frame.strip():
                yield frame
        self._searched = len(self._buffer)
        if self._searched > self._limit:
            self._buffer.clear()
            self._searched = 0
            if not self._skipping:
                self._skipping = True
                yield self._too_long()

    def _too_long(self) -> ProtocolError:
        return ProtocolError(f"the frame is longer than {self._limit} bytes", hint="send less in one request")


def inspect(frame: bytes) -> None:
    """Return if `frame` is JSON that no two readers can understand differently.

    Raises:
        ProtocolError: not UTF-8, not JSON, too deep, a key twice in one object, or a number that is not finite.
    """
    if depth_exceeds(frame, MAX_DEPTH):
        raise ProtocolError(f"the frame is nested deeper than {MAX_DEPTH}", hint="send it flatter")
    try:
        json.loads(frame, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite)
    except ProtocolError:
        raise
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the frame is not JSON: {error}", hint="send one JSON object on one line") from error


def depth_exceeds(frame: bytes, limit: int) -> bool:
    """Return whether brackets nest deeper than `limit`, in time linear in the frame (each step is one pass in C)."""
    if frame.count(b"[") + frame.count(b"{") <= limit:
        return False
    brackets = _STRINGS.sub(b"", frame).translate(_AS_SQUARE, _NOT_BRACKETS)
    for _ in range(limit):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ProtocolError(f"field {twice[:64]!r} is there twice", hint="send each field once")
    return found


def _not_finite(word: str) -> NoReturn:
    raise ProtocolError(f"{word} is not a number JSON knows", hint="send finite numbers")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ProtocolError(f"the number {text[:32]} is out of range", hint="send finite numbers")
    return value
