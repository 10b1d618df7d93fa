"""Two clocks: wall time, which is on every message, and market time, which may run faster."""

from __future__ import annotations

import time


class Clock:
    """`wall_ms` is the venue's own time of day; `market_ms` is where the bars are."""

    def __init__(self, *, start_ms: int, speed: float, skew_ms: int = 0) -> None:
        self.speed = speed
        self._skew_ms = float(skew_ms)
        self._drift_ppm = 0.0
        self._skewed_at = time.monotonic()
        self._market_ms = float(start_ms)
        self._at = time.monotonic()

    @property
    def skew_ms(self) -> int:
        """How far the venue's time of day is ahead of ours."""
        return int(self._skew_ms + (time.monotonic() - self._skewed_at) * self._drift_ppm / 1000)

    def wall_ms(self) -> int:
        """Return the venue's time of day."""
        return time.time_ns() // 1_000_000 + self.skew_ms

    def set_wall(self, *, skew_ms: float | None = None, drift_ppm: float | None = None) -> None:
        """Put the time of day wrong by so much from now on, or let it run wrong."""
        self._skew_ms = self.skew_ms if skew_ms is None else skew_ms
        self._skewed_at = time.monotonic()
        self._drift_ppm = self._drift_ppm if drift_ppm is None else drift_ppm

    def market_ms(self) -> int:
        """Return market time now."""
        return int(self._market_ms + (time.monotonic() - self._at) * 1000 * self.speed)

    def go(self) -> None:
        """Start counting from here: what passed since construction was set-up."""
        self._at = time.monotonic()

    def advance(self, ms: float) -> None:
        """Put market time forward by hand."""
        self._market_ms += ms

    def set_speed(self, speed: float) -> None:
        """Run market time faster or slower from now on; 0 stops it."""
        self._market_ms = float(self.market_ms())
        self._at = time.monotonic()
        self.speed = speed
