"""A private stream that answers pings and tells nothing is noticed by what it should have told, and made anew."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from daemon.gateway.hearing import Hearing
from daemon.messages import AccountState
from tests.daemon.stage import SLOW, a_stage
from tests.waiting import until

S = 1_000_000_000


def test_it_is_deaf_when_something_known_stays_untold() -> None:
    """Silence alone is nothing; an event unheard of for twice the patience is."""
    hearing = Hearing(4.0)
    hearing.heard(100 * S)
    assert not hearing.deaf(1000 * S)
    hearing.witnessed(103 * S)  # the event may have come just before the answer
    assert not hearing.deaf(200 * S)
    hearing.witnessed(200 * S)
    hearing.witnessed(203 * S)  # more of it gives no respite
    assert not hearing.deaf(204 * S)
    assert hearing.deaf(205 * S)


def test_a_word_in_time_is_enough() -> None:
    """The event comes a moment after the answer."""
    hearing = Hearing(4.0)
    hearing.heard(100 * S)
    hearing.witnessed(200 * S)
    hearing.heard(203 * S)
    assert not hearing.deaf(300 * S)


@pytest.mark.anyio
async def test_a_deaf_stream_is_made_anew_and_swept_behind(tmp_path: Path) -> None:
    """Orders are answered and the stream says nothing of them: a new connection, and the gate opens after a sweep."""
    cadence = msgspec.structs.replace(SLOW, deaf_s=0.05)
    async with a_stage(tmp_path, cadence=cadence) as stage:
        before = set(map(id, stage.venue.private))
        stage.venue.mute = True
        await stage.placed()
        told = len(stage.delivered)

        async def anew() -> bool:
            await stage.placed()
            return bool(stage.venue.private) and set(map(id, stage.venue.private)) != before

        await until(anew)
        await until(lambda: stage.gateway.ready)
        states = [message for _, message in stage.delivered[told:] if isinstance(message, AccountState)]
        assert any("tells nothing" in state.reason for state in states)
        await stage.assert_equal_to_venue()
