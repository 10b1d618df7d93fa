"""What a bot does with a decision: the port between the actor and its two ways of trading, live and paper."""

from __future__ import annotations

from typing import Protocol

from algobot.model import Bar, Fill, Quote
from daemon.messages import FillArrived, Intent, OrderMoved


class Keep(Protocol):
    """Makes the bot's state durable together with what led to it or follows from it."""

    def __call__(self, fills: tuple[Fill, ...] = (), intents: tuple[Intent, ...] = ()) -> None:
        """Write paper fills with the checkpoint, or send intents with it."""
        ...


class Hands(Protocol):
    """One way of trading. Nothing here waits."""

    @property
    def note(self) -> str:
        """What became of the last decision that is not in its reason, or ""."""
        ...

    @property
    def open_orders(self) -> int:
        """How many orders may still fill."""
        ...

    @property
    def orders(self) -> int:
        """How many orders there ever were."""
        ...

    def fold(self, bar: Bar, *, may_open: bool, may_reduce: bool) -> bool:
        """Fold a bar and act; True when there was something to do, which is kept then; else keeping is the bot's.

        Raises DataError before anything changes.
        """
        ...

    def protect(self, quote: Quote, *, may_reduce: bool) -> None:
        """Leave the position if the quote has reached its stop or target."""
        ...

    def hear(self, message: FillArrived | OrderMoved) -> str:
        """Take what the gateway says; return why the bot should pause, or ""."""
        ...

    def quiet(self, closing: str) -> bool:
        """Cancel what is open, but not orders tagged `closing`; return True once nothing is on its way."""
        ...

    def close(self, tag: str, mark: float, *, may_reduce: bool) -> bool:
        """Close the position at market; return True once there is nothing left that could be closed."""
        ...
