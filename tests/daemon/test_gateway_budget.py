"""One budget: higher priorities first, a reserve for cancels, and nobody while the venue asks to wait."""

from __future__ import annotations

import anyio
import pytest

from daemon.gateway import Budget, Priority
from daemon.ports import SystemClock
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_the_reserve_is_for_cancels_alone() -> None:
    """At the floor an entry waits, a cancel goes."""
    budget = Budget(SystemClock(), per_second=0.001, burst=10.0, reserve=0.2)
    for _ in range(8):
        await budget.take(Priority.ENTRY)
    with anyio.move_on_after(0.02) as waited:
        await budget.take(Priority.REDUCE)
    assert waited.cancelled_caught
    with anyio.fail_after(1):
        for _ in range(2):
            await budget.take(Priority.CANCEL)
    assert budget.waiting == 0


async def test_who_waits_goes_by_priority_then_in_turn() -> None:
    """Cancel, reduce, query, entry, history, however they came."""
    budget = Budget(SystemClock(), per_second=500.0, burst=2.0, reserve=0.0)
    await budget.take(Priority.ENTRY, 2.0)
    budget.pause(30_000_000)
    went: list[str] = []

    async def one(name: str, priority: Priority) -> None:
        await budget.take(priority)
        went.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for name in ("history", "entry", "query", "reduce", "cancel"):
                tasks.start_soon(one, f"{name} 1", Priority[name.upper()])
            for name in ("history", "entry", "query", "reduce", "cancel"):
                tasks.start_soon(one, f"{name} 2", Priority[name.upper()])
    names = ("cancel", "reduce", "query", "entry", "history")
    assert went == [f"{name} {turn}" for name in names for turn in (1, 2)]


async def test_the_venues_wish_to_wait_holds_everybody() -> None:
    """Also cancels; a shorter wish does not shorten it."""
    budget = Budget(SystemClock())
    budget.pause(60_000_000)
    budget.pause(1_000_000)
    started = anyio.current_time()
    with anyio.fail_after(5):
        await budget.take(Priority.CANCEL)
    assert anyio.current_time() - started >= 0.055


async def test_a_waiter_that_gives_up_leaves_the_queue() -> None:
    """Who stood behind goes next."""
    budget = Budget(SystemClock(), per_second=200.0, burst=1.0, reserve=0.0)
    await budget.take(Priority.ENTRY)
    budget.pause(20_000_000)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            first = anyio.CancelScope()

            async def gives_up() -> None:
                with first:
                    await budget.take(Priority.CANCEL)

            tasks.start_soon(gives_up)
            await until(lambda: budget.waiting == 1)
            tasks.start_soon(budget.take, Priority.HISTORY)
            await until(lambda: budget.waiting == 2)
            first.cancel()
    assert budget.waiting == 0


async def test_the_rate_is_kept() -> None:
    """Beyond the burst, tokens come one by one."""
    budget = Budget(SystemClock(), per_second=100.0, burst=5.0, reserve=0.0)
    started = anyio.current_time()
    for _ in range(15):
        await budget.take(Priority.QUERY)
    assert anyio.current_time() - started >= 0.095
