"""A venue's wish to wait is kept at the last door: by every call, of every account behind the same address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from algobot.config import AccountSection, VenueSection
from algobot.errors import VenueRateLimited, VenueUnavailable
from algobot.model import Symbol
from algobot.simulator import AccountSpec, SimConfig, Simulator
from algobot.simulator.faults import RateLimited, Rule
from algobot.simulator.truth import read
from algobot.venues.factory import account, market
from algobot.venues.keys import Keys
from algobot.venues.port import Account, Market
from algobot.venues.waits import Wait
from tests.waiting import until

BTC = Symbol("BTC/USDT")


def test_the_longest_wish_counts_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other failures say nothing of waiting."""
    now_ns = 10**12
    monkeypatch.setattr("algobot.venues.waits.time.monotonic_ns", lambda: now_ns)
    wait = Wait()
    wait.heed(VenueUnavailable("down"))
    wait.check("x")
    wait.heed(VenueRateLimited("slower", retry_after_ns=5 * 10**9))
    wait.heed(VenueRateLimited("slower", retry_after_ns=1 * 10**9))
    now_ns += 4 * 10**9
    with pytest.raises(VenueRateLimited) as caught:
        wait.check("x")
    assert caught.value.retry_after_ns == 10**9
    now_ns += 10**9
    wait.check("x")


@pytest.fixture
async def sim(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A venue with two accounts that writes down who asks in spite of a ban."""
    accounts = tuple(AccountSpec(key=name, secret="s", balances={"USDT": "1000"}) for name in ("a", "b"))
    config = SimConfig(symbols=("BTCUSDT",), accounts=accounts, speed=0, history=10, log=tmp_path / "log")
    async with Simulator(config) as simulator:
        yield simulator


@pytest.mark.anyio
async def test_nobody_behind_the_address_asks_during_a_ban(sim: Simulator) -> None:
    """One account is told to wait; it, its market and another account send nothing until that is over."""
    section = VenueSection(adapter="binance", base_url=sim.url)
    shared: Market = market("sim", section)
    accounts: list[Account] = [
        account(name, AccountSection(venue="sim"), section, Keys(name, "s"), shared) for name in ("a", "b")
    ]
    for one in accounts:
        await one.open()
    sim.venue.faults.add(Rule("request", RateLimited(retry_after_s=1, ban_s=60), match="GET /api/v3/account"))
    with pytest.raises(VenueRateLimited):
        await accounts[0].balances()
    for call in (accounts[0].open_orders, accounts[1].balances, accounts[1].clock_offset_ns, shared.open):
        with pytest.raises(VenueRateLimited, match="nothing was sent"):
            await call()
    with pytest.raises(VenueRateLimited):
        await anext(aiter(accounts[1].stream()))
    sim.venue.faults.remove()

    async def free() -> bool:
        try:
            return bool(await accounts[1].balances())
        except VenueRateLimited:
            return False

    await until(free)
    assert sim.log_path is not None
    assert read(sim.log_path).broken_bans == []
    for one in accounts:
        await one.close()
    await shared.close()
