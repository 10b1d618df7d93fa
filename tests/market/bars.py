"""Bars for the tests of this room: well formed, each telling by its numbers when it opened."""

from __future__ import annotations

import numpy as np

from algobot.kernel.records import BAR, Records

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
JAN_NS = 1_735_689_600 * 10**9  # 2025-01-01


def some_bars(
    count: int, *, start_ns: int = JAN_NS, span_ns: int = MINUTE_NS, without: tuple[int, ...] = ()
) -> Records:
    """Return `count` bars in a row, less those with the numbers in `without`."""
    numbers = np.array([number for number in range(count) if number not in without], np.int64)
    bars = np.zeros(len(numbers), BAR)
    bars["open_ns"] = start_ns + numbers * span_ns
    bars["close_ns"] = bars["open_ns"] + span_ns
    wave = bars["open_ns"] // span_ns % 97
    bars["open"], bars["close"] = 100.0 + wave, 100.5 + wave / 3.0
    bars["high"] = np.maximum(bars["open"], bars["close"]) + 1.0
    bars["low"] = np.minimum(bars["open"], bars["close"]) - 1.0
    bars["volume"] = wave * 0.1
    return bars
