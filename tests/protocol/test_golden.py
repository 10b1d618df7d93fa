"""The wire, byte by byte: a rename, a reordered field or another default shows here first."""

from __future__ import annotations

import pytest

from algobot.protocol.rpc import decode_event, decode_incoming, decode_request, decode_result, encode_request
from tests.protocol import samples

FRAMES = samples.frames()


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_every_message_is_on_the_wire_as_it_always_was(name):
    """`python -m tests.protocol.samples` writes the files anew, once the change is meant."""
    assert (samples.GOLDEN / f"{name}.json").read_bytes() == FRAMES[name]


def test_no_golden_file_is_left_of_a_message_that_is_gone():
    """A message is never taken away: its file would have nobody to read it."""
    assert {path.stem for path in samples.GOLDEN.glob("*.json")} == set(FRAMES)


def test_the_samples_cover_the_closed_unions():
    """A new request, reply or event has no way around the golden files."""
    found = [{type(one) for one in group} for group in (samples.REQUESTS, samples.REPLIES, samples.EVENTS)]
    assert tuple(found) == samples.kinds()


@pytest.mark.parametrize("request_", samples.REQUESTS, ids=lambda r: type(r).__name__)
def test_a_request_is_read_as_it_was_meant(request_):
    """Encoding then decoding changes nothing, the id included."""
    assert decode_request(encode_request(request_, "x")) == ("x", request_)


@pytest.mark.parametrize("reply", samples.REPLIES, ids=lambda r: type(r).__name__)
def test_a_reply_is_read_as_it_was_meant(reply):
    """Decimals, enums and pairs come back as what they were."""
    incoming = decode_incoming(FRAMES[f"reply.{type(reply).__name__}"])
    assert decode_result(incoming.result, type(reply)) == reply


@pytest.mark.parametrize("event", samples.EVENTS, ids=lambda e: type(e).__name__)
def test_an_event_is_read_as_it_was_meant(event):
    """A notification decodes to the same event."""
    incoming = decode_incoming(FRAMES[f"event.{event.__struct_config__.tag}"])
    assert incoming.method == "event"
    assert decode_event(incoming.params) == event
