"""Timeframes are read the way people write them."""

from __future__ import annotations

import pytest

from algobot.errors import ConfigError
from algobot.model import MINUTE_NS, timeframe_ns


@pytest.mark.parametrize(("text", "minutes"), [("1m", 1), ("15m", 15), ("4h", 240), ("1d", 1440)])
def test_a_timeframe_is_a_number_and_a_unit(text: str, minutes: int) -> None:
    """Minutes, hours and days come out in nanoseconds."""
    assert timeframe_ns(text) == minutes * MINUTE_NS


@pytest.mark.parametrize("text", ["", "m", "0m", "-1m", "1.5h", "1w", "１m", "1 m"])
def test_what_is_not_a_timeframe_is_refused_with_a_remedy(text: str) -> None:
    """The error shows the value and how to write one."""
    with pytest.raises(ConfigError) as caught:
        timeframe_ns(text)
    assert repr(text) in caught.value.message
    assert "1m" in caught.value.hint
