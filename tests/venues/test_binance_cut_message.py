"""A message of the private stream that is cut short ends the stream: ccxt's own reader would stop and tell nobody."""

from __future__ import annotations

import pytest

from algobot.config import AccountSection, VenueSection
from algobot.errors import StreamClosed
from algobot.simulator import AccountSpec, SimConfig, Simulator
from algobot.simulator.faults import PartialBody, Rule
from algobot.simulator.units import UNIT
from algobot.venues.factory import account
from algobot.venues.keys import Keys
from algobot.venues.port import Connected


@pytest.mark.anyio
async def test_a_message_cut_short_ends_the_stream(anyio_backend: str) -> None:
    """The first event after the subscription is half an object."""
    spec = AccountSpec(key="a", secret="s", balances={"USDT": "1000"})
    async with Simulator(SimConfig(symbols=("BTCUSDT",), accounts=(spec,), speed=0, history=10)) as sim:
        section = VenueSection(adapter="binance", base_url=sim.url)
        ours = account("a", AccountSection(venue="sim"), section, Keys("a", "s"))
        await ours.open()
        events = aiter(ours.stream())
        assert isinstance(await anext(events), Connected)
        sim.venue.faults.add(Rule("stream", PartialBody(60), match="user:*"))
        holder = sim.venue.accounts["a"]
        sim.venue.fund(holder, "USDT", 5 * UNIT)
        sim.venue.broadcast.balances_changed(holder, ("USDT",))
        with pytest.raises(StreamClosed, match="cannot be read"):
            await anext(events)
        await ours.close()
