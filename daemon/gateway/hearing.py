"""Whether the private stream still tells what happens: it may answer pings for hours and say nothing."""

from __future__ import annotations


class Hearing:
    """Holds what the stream said against what became known by asking. All times are monotonic."""

    def __init__(self, patience_s: float) -> None:
        self._patience_ns = int(patience_s * 1e9)
        self._heard_ns = 0
        self._missed_ns = 0  # since when something is known that the stream has not told; 0 is nothing

    def heard(self, now_ns: int) -> None:
        """The stream said something."""
        self._heard_ns, self._missed_ns = now_ns, 0

    def witnessed(self, now_ns: int) -> None:
        """Something happened just now that the stream must tell, too."""
        if not self._missed_ns and now_ns - self._heard_ns > self._patience_ns:
            self._missed_ns = now_ns

    def deaf(self, now_ns: int) -> bool:
        """Return whether it has had its time to tell and did not."""
        return bool(self._missed_ns) and now_ns - self._missed_ns > self._patience_ns
