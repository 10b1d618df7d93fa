"""Frames: cut, judged, refused with the field's name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import ProtocolError
from algobot.protocol.framing import MAX_DEPTH, FrameSplitter, depth_exceeds, inspect


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=12), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(frames, step):
    """Blank lines are nothing; every other frame arrives once, whole and in order."""
    stream = b"".join(frame + b"\n" for frame in frames)
    splitter = FrameSplitter()
    found = [frame for i in range(0, len(stream), step) for frame in splitter.feed(stream[i : i + step])]
    assert found == [frame for frame in frames if frame.strip()]


def test_a_frame_over_the_limit_is_refused_once_and_the_next_one_is_read():
    """However long it is, and wherever its end falls, it is one error."""
    splitter = FrameSplitter(limit=8)
    first = list(splitter.feed(b"x" * 20))
    middle = list(splitter.feed(b"x" * 20))
    last = list(splitter.feed(b"xx\nnext\n"))
    assert [type(one) for one in first] == [ProtocolError]
    assert middle == []
    assert last == [b"next"]


def test_a_whole_frame_over_the_limit_in_one_piece_is_refused_too():
    """Nine bytes are too many for eight, also when the line end came with them."""
    found = list(FrameSplitter(limit=8).feed(b"123456789\n12345678\n"))
    assert isinstance(found[0], ProtocolError)
    assert found[1:] == [b"12345678"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b'{"a":1,"b":{"c":1,"c":2}}', "'c' is there twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":1e999}', "1e999"),
        (b'{"a":', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "deeper than 32"),
        (b"[" * 500_000, "deeper than 32"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(frame, said):
    """The message names what is wrong and where."""
    with pytest.raises(ProtocolError, match=said):
        inspect(frame)


def test_brackets_in_strings_are_not_depth():
    """A text full of brackets is flat."""
    inspect(json.dumps({"reason": "[{" * 100 + '\\"'}).encode())
    inspect(b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")


nested = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=40,
)


@settings(max_examples=60)
@given(nested, st.integers(0, 6))
def test_depth_is_the_deepest_bracket(value, limit):
    """The count agrees with walking the value."""

    def depth(node):
        if isinstance(node, dict):
            return 1 + max((depth(child) for child in node.values()), default=0)
        return 1 + max((depth(child) for child in node), default=0) if isinstance(node, list) else 0

    assert depth_exceeds(json.dumps(value).encode(), limit) == (depth(value) > limit)
