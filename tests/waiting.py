"""Waiting for what a test knows will come, always with a deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, within_s: float = 5.0) -> None:
    """Return once `condition` holds. Raises TimeoutError when it does not in time."""
    with anyio.fail_after(within_s):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await anyio.sleep(0.002)
