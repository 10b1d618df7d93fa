"""Wrong values in right messages: what a `Garble` makes of an answer or a stream message."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from algobot.simulator.faults import Garble


def garbled(body: bytes, fault: Garble) -> bytes:
    """Return `body` with the fault's value in every field whose dotted path is like the fault's field."""
    try:
        read = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return msgspec.json.encode(_altered(read, "", fault))


def _altered(value: object, path: str, fault: Garble) -> object:
    match value:
        case dict():
            return {key: _altered(inner, _under(path, key), fault) for key, inner in value.items()}
        case list():
            return [_altered(inner, _under(path, str(at)), fault) for at, inner in enumerate(value)]
    if not fnmatchcase(path, fault.field):
        return value
    return fault.value if isinstance(value, str) else msgspec.Raw(fault.value.encode())


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
