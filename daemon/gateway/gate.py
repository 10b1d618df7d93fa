"""Whether an account takes orders: one phase, and problems by name; open only when ready and without a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

CONNECTING: Final = "connecting"
RECONCILING: Final = "reconciling"
READY: Final = "ready"
DRIFT: Final = "drift"


class Gate:
    """An account's gate. `on_change` is told its state and reason whenever either changed."""

    def __init__(self) -> None:
        self.phase = CONNECTING
        self.problems: dict[str, str] = {}
        self.on_change: Callable[[], None] = lambda: None
        self._opened = anyio.Event()

    @property
    def open(self) -> bool:
        """Whether orders may go."""
        return self.phase == READY and not self.problems

    @property
    def reason(self) -> str:
        """Why it is not open, or ""."""
        if self.problems:
            return "; ".join(self.problems.values())
        return "" if self.phase == READY else f"the account is {self.phase}"

    def closed_for(self, *, flattening: bool) -> str:
        """Return why an order may not go, or ""; one that flattens for the kill switch goes in spite of drift."""
        if flattening and self.phase == READY and set(self.problems) <= {DRIFT}:
            return ""
        return self.reason

    def enter(self, phase: str) -> None:
        """Go to a phase."""
        if phase != self.phase:
            self.phase = phase
            self._changed()

    def trouble(self, name: str, reason: str) -> None:
        """Close it for a reason, until `resolved`."""
        if self.problems.get(name) != reason:
            self.problems[name] = reason
            self._changed()

    def resolved(self, name: str) -> None:
        """Take a reason away."""
        if self.problems.pop(name, None) is not None:
            self._changed()

    async def wait_open(self) -> None:
        """Return once it is open."""
        while not self.open:
            await self._opened.wait()

    def _changed(self) -> None:
        if self.open:
            self._opened.set()
        elif self._opened.is_set():
            self._opened = anyio.Event()
        self.on_change()
