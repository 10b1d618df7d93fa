"""The pace of all requests to one venue: spaced evenly, and held back together when the venue says so."""

from __future__ import annotations

import anyio


class Budget:
    """Grants one request at a time, `per_s` of them a second."""

    def __init__(self, per_s: float) -> None:
        self._step_s = 1.0 / per_s
        self._next_s = 0.0  # when the next one may go, by the event loop's clock

    async def take(self) -> None:
        """Return when the next request may go."""
        while anyio.current_time() < self._next_s:  # noqa: ASYNC110 - others, or a pause, may come while we wait
            await anyio.sleep_until(self._next_s)
        self._next_s = max(self._next_s, anyio.current_time()) + self._step_s

    def pause(self, seconds: float) -> None:
        """Grant nothing for so long."""
        self._next_s = max(self._next_s, anyio.current_time() + seconds)
