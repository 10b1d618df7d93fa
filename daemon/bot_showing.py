"""When a bot's row is shown: at once where somebody waits for it, else at most five times a second."""

from __future__ import annotations

from typing import Final

from daemon.bot_ports import Outlets

SHOW_NS: Final = 200_000_000  # between two rows of which none is urgent


class Showing:
    """Counts one bot's rows. `due` says that one was held back."""

    def __init__(self, outlets: Outlets) -> None:
        self.due = False
        self._out = outlets
        self._shown_ns = 0
        self._shown_recv_ns = 0

    @property
    def moved(self) -> bool:
        """Whether the bot's market did since its row was last shown."""
        return self._out.received_ns() > self._shown_recv_ns

    def show(self, *, urgent: bool) -> None:
        """Show the row now, or remember that it is due."""
        now_ns = self._out.monotonic_ns()
        if urgent or now_ns - self._shown_ns >= SHOW_NS:
            self._shown_ns, self.due = now_ns, False
            self._shown_recv_ns = self._out.received_ns()
            self._out.show(urgent=urgent)
        else:
            self.due = True

    def catch_up(self) -> None:
        """Show what was held back, and a market that moved."""
        if self.due or self.moved:
            self.show(urgent=False)
