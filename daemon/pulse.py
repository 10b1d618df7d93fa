"""How quick the daemon is: loop lag and decision latency as percentiles of the newest samples, and its memory."""

from __future__ import annotations

import time
from array import array
from pathlib import Path
from typing import Final

import anyio

SAMPLES: Final = 4096
PROBE_S: Final = 0.05
_PAGE: Final = 4096


class Percentiles:
    """The newest `SAMPLES` durations in nanoseconds."""

    __slots__ = ("_at", "_samples")

    def __init__(self) -> None:
        self._samples = array("q")
        self._at = 0

    def add(self, duration_ns: int) -> None:
        """Take one."""
        if len(self._samples) < SAMPLES:
            self._samples.append(duration_ns)
        else:
            self._samples[self._at] = duration_ns
            self._at = (self._at + 1) % SAMPLES

    def p(self, fraction: float) -> int:
        """Return the sample below which `fraction` of them lie, 0 when there are none."""
        ordered = sorted(self._samples)
        return ordered[min(int(len(ordered) * fraction), len(ordered) - 1)] if ordered else 0


class Pulse:
    """The daemon's own measurements; `run` is its probe of the loop."""

    def __init__(self) -> None:
        self.loop_lag = Percentiles()
        self.decision = Percentiles()
        self.beat_ns = time.monotonic_ns()

    async def run(self) -> None:
        """Measure, until canceled, how late the loop wakes a sleeper."""
        while True:
            due_ns = time.monotonic_ns() + int(PROBE_S * 1e9)
            await anyio.sleep(PROBE_S)
            self.beat_ns = time.monotonic_ns()
            self.loop_lag.add(max(0, self.beat_ns - due_ns))


def rss_bytes() -> int:
    """Return the resident memory of this process, 0 where /proc does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
