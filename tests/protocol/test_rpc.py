"""Requests refused by name, errors carried by class."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot import errors, line
from algobot.errors import AlgobotError, ProtocolError, VenueRateLimited
from algobot.protocol.requests import PROTOCOL
from algobot.protocol.rpc import (
    FAILED,
    INVALID_FRAME,
    INVALID_PARAMS,
    INVALID_REQUEST,
    UNKNOWN_METHOD,
    BadCall,
    decode_incoming,
    decode_request,
    encode_error,
    error_of,
)


def a_call(**parts):
    """A request for the status, with `parts` changed."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "status", **parts}).encode()


@pytest.mark.parametrize(
    ("frame", "number", "said", "call_id"),
    [
        (b"nonsense", INVALID_FRAME, "not JSON", None),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}', INVALID_FRAME, "'id' is there twice", None),
        (b"[1]", INVALID_REQUEST, "Expected `object`, got `array`", None),
        (a_call(jsonrpc="1.0"), INVALID_REQUEST, "jsonrpc", None),
        (a_call(id=None), INVALID_REQUEST, "id", None),
        (a_call(extra=1), INVALID_REQUEST, "extra", None),
        (a_call(method="bot.explode"), UNKNOWN_METHOD, "bot.explode", 1),
        (a_call(method="bot.stop"), INVALID_PARAMS, "bot_id", 1),
        (a_call(method="bot.stop", params={"bot_id": "a", "flaten": True}), INVALID_PARAMS, "flaten", 1),
        (a_call(method="bot.stop", params={"bot_id": 7}), INVALID_PARAMS, r"\$\.bot_id", 1),
        (a_call(method="bot.stop", params=["a"]), INVALID_PARAMS, "array", 1),
        (a_call(method="kill", params={"mode": "maybe"}), INVALID_PARAMS, "mode", 1),
        (a_call(method="bot.add", params={"spec": {"bot_id": "a", "sede": 1}}), INVALID_PARAMS, "sede|strategy", 1),
    ],
)
def test_a_bad_call_is_refused_with_the_field_in_the_message(frame, number, said, call_id):
    """Number, field, and the id to answer under wherever one could be read."""
    with pytest.raises(BadCall, match=said) as caught:
        decode_request(frame)
    assert caught.value.number == number
    assert caught.value.call_id == call_id
    assert caught.value.hint


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_do_anything_but_be_refused(frame):
    """Whatever comes, the answer is a request or a BadCall, and its error can be told."""
    try:
        decode_request(frame)
    except BadCall as error:
        encode_error(error, error.call_id)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    st.sampled_from(["hello", "bot.add", "bot.stop", "orders.list", "events.follow", "kill", "unhalt", "nix"]),
    st.dictionaries(
        st.sampled_from(["bot_id", "spec", "since", "limit", "mode", "flatten", "protocol", "x"]),
        json_values,
        max_size=4,
    ),
    json_values,
)
def test_no_parameters_do_anything_but_be_refused(method, params, call_id):
    """Well-formed JSON of any shape is a request or a BadCall."""
    try:
        decode_request(a_call(method=method, params=params, id=call_id))
    except BadCall:
        pass


def all_errors():
    """Every error class there is."""
    kinds, waiting = [], [AlgobotError]
    while waiting:
        kind = waiting.pop()
        kinds.append(kind)
        waiting.extend(sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__)
    return sorted(kinds, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_comes_back_as_its_class(kind):
    """Both clients read code, message and remedy; a program may catch what the daemon raised."""
    raised = kind("m", retry_after_ns=5, hint="h") if kind is VenueRateLimited else kind("m", hint="h")
    body = decode_incoming(encode_error(raised, 1)).error
    assert body is not None
    assert body.code == FAILED
    found = error_of(body)
    plain = line.error_of(json.loads(encode_error(raised, 1))["error"])
    assert (type(found), found.message, found.hint) == (kind, "m", "h")
    assert (plain.message, plain.hint) == ("m", "h")
    assert type(plain) is (kind.__mro__[1] if kind is VenueRateLimited else kind)
    if kind is VenueRateLimited:
        assert found.retry_after_ns == 5


def test_codes_are_each_one_class():
    """Two classes with one code could not be told apart on the other side."""
    codes = [kind.code for kind in all_errors()]
    assert len(set(codes)) == len(codes)


def test_an_error_of_a_newer_daemon_is_still_an_error():
    """A code nobody here knows becomes the root class, with its words."""
    body = {"code": -32000, "message": "m", "data": {"code": "moon.full", "hint": "h"}}
    frame = json.dumps({"jsonrpc": "2.0", "id": 1, "error": body}).encode()
    found = decode_incoming(frame).error
    assert found is not None
    assert type(error_of(found)) is AlgobotError
    assert type(line.error_of(body)) is AlgobotError


def test_a_daemon_that_speaks_nonsense_is_told_apart():
    """The client raises ProtocolError and names what to compare."""
    with pytest.raises(ProtocolError, match="no JSON-RPC"):
        decode_incoming(b'{"id":')


def test_the_fast_client_speaks_the_same_protocol():
    """It does not import the number, so it is kept equal here."""
    assert line.PROTOCOL == PROTOCOL
