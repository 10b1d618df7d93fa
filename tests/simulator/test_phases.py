"""Markets do not move at the same instants, and whatever their phase they show the same bars."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from algobot.simulator import SimConfig
from algobot.simulator.venue import Venue

SYMBOLS = tuple(f"C{number:02d}USDT" for number in range(20))
CRAWLING = SimConfig(symbols=SYMBOLS, speed=1e-6, step_s=0.25, history=5, start="2025-01-01T00:00")  # moved by hand
STEP_MS, MINUTE_MS = 250, 60_000


def moves_in_a_step(venue: Venue) -> Counter[int]:
    """Return how many markets moved at each of the 50 instants of one step."""
    seen = {symbol: tape.klines.forming for symbol, tape in venue.tapes.items()}
    moved: Counter[int] = Counter()
    for instant in range(50):
        venue.clock.advance(STEP_MS / 50)
        venue.advance()
        for symbol, tape in venue.tapes.items():
            if tape.klines.forming is not seen[symbol]:
                seen[symbol] = tape.klines.forming
                moved[instant] += 1
    return moved


def a_venue(*, together: bool = False, seed: int = 1, speed: float = CRAWLING.speed) -> Venue:
    """Return a venue of 20 markets a second after its start."""
    venue = Venue(msgspec.structs.replace(CRAWLING, together=together, seed=seed, speed=speed))
    venue.open()
    venue.clock.advance(1000)
    venue.advance()
    return venue


def test_each_market_moves_once_a_step_at_an_instant_of_its_own() -> None:
    """Over one step every market moves once, few of them together; asked for, all move at one instant."""
    moved = moves_in_a_step(a_venue())
    assert moved.total() == len(SYMBOLS)
    assert max(moved.values()) <= 4
    assert moves_in_a_step(a_venue(together=True)).most_common(1)[0][1] == len(SYMBOLS)


def test_the_phases_are_those_of_the_seed() -> None:
    """The same seed spreads the markets in the same way, another one in another."""
    assert moves_in_a_step(a_venue()) == moves_in_a_step(a_venue())
    assert moves_in_a_step(a_venue()) != moves_in_a_step(a_venue(seed=2))


@pytest.mark.parametrize("speed", [CRAWLING.speed, 0.0])
def test_bars_are_the_same_with_and_without_phases(speed: float) -> None:
    """Minute by minute, no bar differs or is missing: with phases one may come up to a step later, by hand never."""
    spread, together = a_venue(speed=speed), a_venue(together=True, speed=speed)
    late_ms = STEP_MS if speed else 0
    for _ in range(5):
        together.clock.advance(MINUTE_MS)
        together.advance()
        spread.clock.advance(MINUTE_MS + late_ms)
        spread.advance()
        spread.clock.advance(-late_ms)
        for symbol in SYMBOLS:
            assert spread.tapes[symbol].klines.base == together.tapes[symbol].klines.base
    assert len(spread.tapes[SYMBOLS[0]].klines.base) == CRAWLING.history + 5
