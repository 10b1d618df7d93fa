"""How quick the daemon is: loop lag and decision latency as percentiles of the last minutes, and its memory."""

from __future__ import annotations

import time
from array import array
from pathlib import Path
from typing import Final

import anyio

FINE: Final = 16  # buckets to a doubling
BUCKETS: Final = 65 * FINE
WINDOW_S: Final = 60.0
PROBE_S: Final = 0.05
_PAGE: Final = 4096


class Percentiles:
    """How durations were spread over the last one to two windows, in buckets of about 6 %."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._now = array("q", bytes(8 * BUCKETS))
        self._before = array("q", bytes(8 * BUCKETS))

    def add(self, duration_ns: int, times: int = 1) -> None:
        """Count one, or so many alike; negative ones (a clock was set) count as nothing."""
        bits = duration_ns.bit_length() if duration_ns > 0 else 0
        fine = (duration_ns >> (bits - 5)) & (FINE - 1) if bits > 5 else 0
        self._now[bits * FINE + fine if bits > 5 else max(duration_ns, 0)] += times

    def turn(self) -> None:
        """Begin a new window; what is older than the last one is forgotten."""
        self._before, self._now = self._now, array("q", bytes(8 * BUCKETS))

    def p(self, fraction: float, *others: Percentiles) -> int:
        """Return nanoseconds that `fraction` of them do not exceed (by more than a bucket), 0 when there are none.

        With `others` of all of them together.
        """
        counts = [sum(bucket) for bucket in zip(*(c for one in (self, *others) for c in one._both()), strict=True)]
        left = sum(counts) * fraction
        if not left:
            return 0
        for bucket, count in enumerate(counts):
            left -= count
            if left <= 0:
                return _middle(bucket)
        return 0

    def _both(self) -> tuple[array[int], array[int]]:
        return self._now, self._before


def _middle(bucket: int) -> int:
    """Return the duration in the middle of a bucket."""
    if bucket < 5 * FINE:
        return bucket
    bits, part = divmod(bucket, FINE)
    return ((FINE + part) << (bits - 5)) + (1 << (bits - 5)) // 2


class Pulse:
    """The daemon's own measurements; `run` is its probe of the loop."""

    def __init__(self) -> None:
        self.loop_lag = Percentiles()
        self.bars = Percentiles()  # received → a bot has decided on it
        self.quotes = Percentiles()  # received → a bot has its price; has judged it, where it must act on quotes
        self.beat_ns = time.monotonic_ns()

    async def run(self) -> None:
        """Measure, until canceled, how late the loop wakes a sleeper; turn the windows."""
        turned_ns = time.monotonic_ns()
        while True:
            due_ns = time.monotonic_ns() + int(PROBE_S * 1e9)
            await anyio.sleep(PROBE_S)
            self.beat_ns = time.monotonic_ns()
            self.loop_lag.add(self.beat_ns - due_ns)
            if self.beat_ns - turned_ns > WINDOW_S * 1e9:
                turned_ns = self.beat_ns
                self.loop_lag.turn()
                self.bars.turn()
                self.quotes.turn()


def rss_bytes() -> int:
    """Return the resident memory of this process, 0 where /proc does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
