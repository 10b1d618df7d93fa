"""Text from outside, before it reaches a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algobot.text import safe_text


@given(st.text(max_size=60))
def test_it_is_printable_and_nothing_printable_is_lost(text):
    """Whatever came in, what goes to a terminal steers nothing."""
    safe = safe_text(text)
    assert safe.isprintable()
    assert [c for c in safe if c != " "] == [c for c in text if c.isprintable() and c != " "]


@pytest.mark.parametrize(
    "text", ["\x1b]52;c;aGk=\x07", "a\u202eb\u2066c", "\x9b31m", "x\u200by", "\ud800", "one\r\ntwo", "\u2028z"]
)
def test_what_steers_a_terminal_is_gone(text):
    """Escape, C1, bidirectional and zero-width characters, lone surrogates, line ends."""
    assert safe_text(text).isprintable()


@given(st.text(max_size=60), st.integers(1, 70))
def test_a_long_text_is_cut_and_says_so(text, most):
    """At most as long as asked for; what fits is not touched."""
    safe = safe_text(text, most=most)
    assert len(safe) <= most
    assert safe == safe_text(text) if len(text) <= most else safe.endswith("…")
