"""JSON-RPC 2.0 over frames: a request by its method, a reply or an error by its id, an event as a notification.

    {"jsonrpc":"2.0","id":1,"method":"bot.stop","params":{"bot_id":"alpha"}}
    {"jsonrpc":"2.0","id":1,"result":{"message":"alpha is stopping"}}
    {"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no bot 'alpah'","data":{"code":"not_found","hint":""}}}
    {"jsonrpc":"2.0","method":"event","params":{"type":"bot.changed","seq":7,...}}

Errors cross with their `code` and come out as the same class.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, TypeVar, cast, get_args

import msgspec

from algobot.errors import AlgobotError, ProtocolError, VenueRateLimited
from algobot.protocol.events import AnyEvent, Event
from algobot.protocol.framing import inspect
from algobot.protocol.requests import AnyRequest, Request

CallId = int | str
T = TypeVar("T", bound=msgspec.Struct)

# JSON-RPC's own numbers; everything of ours is -32000 and told apart by `data.code`
INVALID_FRAME: Final = -32700
INVALID_REQUEST: Final = -32600
UNKNOWN_METHOD: Final = -32601
INVALID_PARAMS: Final = -32602
FAILED: Final = -32000

EXAMPLE: Final = 'send one like {"jsonrpc":"2.0","id":1,"method":"status","params":{}}'
EMPTY: Final = msgspec.Raw(b"{}")


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request as it lies in its frame."""

    jsonrpc: Literal["2.0"]
    id: CallId
    method: str
    params: msgspec.Raw = EMPTY


class ErrorData(msgspec.Struct, frozen=True):
    """What a program needs of an error: the class, the remedy, and when to come back."""

    code: str
    hint: str = ""
    retry_after_ns: int = 0


class ErrorBody(msgspec.Struct, frozen=True):
    """JSON-RPC's error object."""

    code: int
    message: str
    data: ErrorData = ErrorData(code="failed")


class Incoming(msgspec.Struct, frozen=True):
    """What a client finds in a frame: a result, an error, or (with a method) a notification."""

    jsonrpc: str
    id: CallId | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: ErrorBody | None = None
    method: str = ""
    params: msgspec.Raw = EMPTY


class BadCall(ProtocolError):
    """A frame that cannot be answered as asked; carries what its error reply needs."""

    def __init__(self, message: str, *, number: int, call_id: CallId | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.number = number
        self.call_id = call_id


# --- requests ------------------------------------------------------------------------------------------------------


@cache
def methods() -> dict[str, type[Request]]:
    """Return each request's Struct by its method."""
    return {str(kind.__struct_config__.tag): kind for kind in get_args(AnyRequest)}


def method_of(request: Request) -> str:
    """Return the method a request is sent as."""
    return str(request.__struct_config__.tag)


@cache
def _request_decoder(method: str) -> msgspec.json.Decoder[Request]:
    return msgspec.json.Decoder(methods()[method])


_CALLS: Final = msgspec.json.Decoder(Call)


def encode_request(request: Request, call_id: CallId) -> bytes:
    """Return the frame that asks `request`, its newline included."""
    params: dict[str, object] = msgspec.to_builtins(request)
    params.pop("type")  # the method says it
    body = {"jsonrpc": "2.0", "id": call_id, "method": method_of(request), "params": params}
    return msgspec.json.encode(body) + b"\n"


def decode_request(frame: bytes) -> tuple[CallId, AnyRequest]:
    """Return a client's request and the id to answer it under.

    Raises:
        BadCall: the frame breaks a rule; the message names the field.
    """
    try:
        inspect(frame)
    except ProtocolError as error:
        raise BadCall(error.message, number=INVALID_FRAME, hint=error.hint) from error
    try:
        call = _CALLS.decode(frame)
    except msgspec.ValidationError as error:
        raise BadCall(f"not a JSON-RPC 2.0 request: {error}", number=INVALID_REQUEST, hint=EXAMPLE) from error
    return call.id, _decode_params(call)


def _decode_params(call: Call) -> AnyRequest:
    if call.method not in methods():
        raise BadCall(
            f"there is no method {call.method[:64]!r}",
            number=UNKNOWN_METHOD,
            call_id=call.id,
            hint=f"one of: {', '.join(methods())}",
        )
    try:
        return cast(AnyRequest, _request_decoder(call.method).decode(call.params))
    except msgspec.ValidationError as error:
        raise BadCall(
            f"{call.method}: {error}", number=INVALID_PARAMS, call_id=call.id, hint="correct the field it names"
        ) from error


# --- replies, errors, events ---------------------------------------------------------------------------------------


def encode_reply(reply: msgspec.Struct, call_id: CallId) -> bytes:
    """Return the frame that answers the request of that id."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": call_id, "result": reply}) + b"\n"


def encode_error(error: AlgobotError, call_id: CallId | None) -> bytes:
    """Return the frame that refuses; `call_id` is None where the frame had no id to be read."""
    data: dict[str, object] = {"code": error.code, "hint": error.hint}
    if isinstance(error, VenueRateLimited):
        data["retry_after_ns"] = error.retry_after_ns
    number = error.number if isinstance(error, BadCall) else FAILED
    body = {"code": number, "message": error.message, "data": data}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": call_id, "error": body}) + b"\n"


def encode_event(event: Event) -> bytes:
    """Return the notification that tells `event`."""
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "event", "params": event}) + b"\n"


_INCOMING: Final = msgspec.json.Decoder(Incoming)


def decode_incoming(frame: bytes) -> Incoming:
    """Return what the daemon sent.

    Raises:
        ProtocolError: it is not a reply, an error or a notification.
    """
    try:
        return _INCOMING.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"the daemon sent what is no JSON-RPC frame: {error}", hint=SKEW) from error


def decode_result(raw: msgspec.Raw, reply: type[T]) -> T:
    """Return a result as its Struct.

    Raises:
        ProtocolError: it is not one (client and daemon are of different versions).
    """
    try:
        return msgspec.json.decode(raw, type=reply)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"the daemon's {reply.__name__} cannot be read: {error}", hint=SKEW) from error


@cache
def _event_decoder() -> msgspec.json.Decoder[AnyEvent]:
    return msgspec.json.Decoder(AnyEvent)


def decode_event(raw: msgspec.Raw) -> AnyEvent:
    """Return an event as its Struct.

    Raises:
        ProtocolError: an event this version does not know; skip it.
    """
    try:
        return _event_decoder().decode(raw)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"an event cannot be read: {error}", hint=SKEW) from error


@cache
def _error_classes() -> dict[str, type[AlgobotError]]:
    found: dict[str, type[AlgobotError]] = {}
    waiting: list[type[AlgobotError]] = [AlgobotError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting.extend(sorted(kind.__subclasses__(), key=lambda sub: sub.__name__))
    return found


def error_of(body: ErrorBody) -> AlgobotError:
    """Return the error a daemon told, as the class it was raised as (of an unknown code: `AlgobotError`)."""
    kind = _error_classes().get(body.data.code, AlgobotError)
    if kind is VenueRateLimited:
        return VenueRateLimited(body.message, retry_after_ns=body.data.retry_after_ns, hint=body.data.hint)
    return kind(body.message, hint=body.data.hint)


SKEW: Final = "client and daemon may be of different versions: compare `algobot --version` with `algobot ctl status`"
