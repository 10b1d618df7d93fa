"""Prices reach the rows of bots that no quote wakes; a thousand bots are counted in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

from algobot.model import MINUTE_NS, BotId, BotState
from algobot.protocol.events import BotChanged
from algobot.protocol.rows import BotRow
from daemon import tally as tally_module
from daemon.account_book import birth
from daemon.bot_ports import Memory, Weather
from daemon.bot_record import Record
from daemon.bot_row import row_at_rest
from daemon.place import Place
from daemon.tally import tally
from tests.daemon.builders import a_spec
from tests.daemon.whole import a_config, a_daemon, a_section, history
from tests.fakes.venue import FakeVenue
from tests.waiting import until

pytestmark = pytest.mark.anyio
PAUL = BotId("paul")


async def test_a_paper_bot_shows_each_price_to_those_who_watch_and_to_those_who_ask(tmp_path: Path) -> None:
    """A quote is in the row at once; with a follower it is sent, without one nothing is."""
    venue = FakeVenue()
    history(venue, [100.0] * 12)
    async with a_daemon(venue, a_config(tmp_path, {PAUL: a_section()})) as whole:
        hub = whole.daemon.roster._rooms.announcer.hub

        def mark() -> float:
            return whole.daemon.roster.row(PAUL).mark

        before = hub.settle()
        venue.quote("BTC/USDT", 104.0, 106.0)
        await until(lambda: mark() == 105.0)
        bot = whole.daemon.roster.place(PAUL).bot
        assert bot is not None
        assert bot.moved
        follower = hub.follow(0)
        seen: list[float] = []

        def told() -> bool:
            hub.settle()
            events = [entry.event for entry in hub._after(before)]
            seen[:] = [event.row.mark for event in events if isinstance(event, BotChanged)]
            return 105.0 in seen

        await until(told)
        hub.unfollow(follower)
        venue.quote("BTC/USDT", 105.0, 107.0)
        await until(lambda: mark() == 106.0)
        told()
        assert 106.0 not in seen
        assert (await whole.desk.status()).quote_p99_ns > 0


async def test_bots_that_come_and_go_while_they_are_counted_disturb_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who are there when their turn comes are counted, each once."""
    monkeypatch.setattr(tally_module, "AT_ONCE", 2)
    specs = [a_spec(f"b{number}") for number in range(6)]
    places = {s.bot_id: Place(s, "ctl", Memory(weather=Weather(), record=Record(1.0))) for s in specs}

    def look(bot_id: BotId) -> BotRow:
        places.pop(specs[-1].bot_id, None)  # the last one goes while the first is counted
        place = places[bot_id]
        return row_at_rest(
            place.spec,
            place.memory,
            birth(place.spec.capital),
            state=BotState.STOPPED,
            reason="",
            mark=0.0,
            bar_ns=MINUTE_NS,
        )

    totals = await tally(places, look)
    assert totals.states == {BotState.STOPPED.value: 5}
    assert totals.equity == 5 * float(specs[0].capital)
