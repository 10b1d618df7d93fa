from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from tests.venues.contract import CHECKS, Stage
from tests.venues.stages import STAGES


@pytest.mark.anyio
@pytest.mark.parametrize("kind", STAGES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
async def test_every_adapter_keeps_the_ports_promises(kind: str, check: Callable[[Stage], Awaitable[None]]) -> None:
    """The fake that other tests trust behaves as the real adapters do."""
    with anyio.fail_after(40):
        async with STAGES[kind](kind) as stage:
            await check(stage)
