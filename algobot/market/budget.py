"""The pace of all requests to one venue: spaced evenly, held back together when the venue says so, tried again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

import anyio

from algobot.errors import VenueRateLimited, VenueReadRefused, VenueUnavailable
from algobot.model import SECOND_NS

T = TypeVar("T")


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


class Patience(NamedTuple):
    """How long a failing request is tried again."""

    tries: int = 6
    first_s: float = 0.5  # before the second try; doubled each time
    most_s: float = 30.0


PATIENCE: Final = Patience()


async def patiently(
    call: Callable[[], Awaitable[T]], budget: Budget, patience: Patience, tell: Callable[[str], None]
) -> T:
    """Return what `call` gives, trying again after what passes: outages, and limits as long as the venue says.

    Raises:
        VenueError: the last try's; at once for what will never be answered.
    """
    for attempt in range(1, patience.tries + 1):
        await budget.take()
        try:
            return await call()
        except VenueReadRefused:
            raise
        except VenueRateLimited as error:
            if attempt == patience.tries:
                raise
            budget.pause(error.retry_after_ns / SECOND_NS)
            tell(f"the venue asks to wait {error.retry_after_ns / SECOND_NS:.0f} s")
        except VenueUnavailable as error:
            if attempt == patience.tries:
                raise
            tell(f"try {attempt + 1} of {patience.tries}: {error.message}")
            pause_s = min(patience.most_s, patience.first_s * 2 ** (attempt - 1))
            await anyio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
    raise AssertionError("the last try returns or raises")
