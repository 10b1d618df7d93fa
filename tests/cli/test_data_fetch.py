"""`algobot data fetch` against the simulator: whatever the venue does on the way, the same files at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from algobot.cli import edge
from algobot.kernel.records import Records
from algobot.market.library import Library
from algobot.market.store import when
from algobot.market.writing import write_bars
from algobot.simulator.config import SimConfig
from algobot.simulator.faults import Drop, Fault, HttpError, Latency, PartialBody, RateLimited, Rule, Where
from algobot.simulator.server import Simulator
from tests.kernel.markets import START_NS, random_bars

MINUTE_NS = 60 * 10**9
GAPS = (0, 1, 500, 501, 502, 999, 1000, 25_000)
COUNT = 50_000
FROM_NS = (START_NS // MINUTE_NS + 1) * MINUTE_NS
KLINES = "GET /api/v3/klines"


def venues_bars() -> Records:
    """Return bars with gaps, in numbers the simulator's rules for BTCUSDT have."""
    bars = random_bars(COUNT, 5, step=0.0005, start=50_000.0)
    for name in ("open", "high", "low", "close"):
        bars[name] = np.round(bars[name], 2)
    bars["volume"] = np.round(bars["volume"], 5)
    bars["open_ns"] = FROM_NS + np.arange(COUNT) * MINUTE_NS
    bars["close_ns"] = bars["open_ns"] + MINUTE_NS
    return np.delete(bars, GAPS)


class Venue:
    """A simulator in a thread of its own, that replays known bars."""

    def __init__(self, sim: Simulator, portal: BlockingPortal, bars: Records) -> None:
        self.sim, self.portal, self.bars = sim, portal, bars

    def arm(self, fault: Fault, where: Where, nth: int = 1, count: int = 1) -> None:
        """Let something go wrong at a request for bars."""
        self.portal.call(self.sim.venue.faults.add, Rule(where=where, fault=fault, match=KLINES, nth=nth, count=count))

    def struck(self) -> int:
        """How often something went wrong."""
        return sum(state.struck for state in self.portal.call(self.sim.venue.faults.rules))

    def peace(self) -> None:
        """Nothing goes wrong from now on."""
        self.portal.call(self.sim.venue.faults.remove)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """Serve the bars until the tests of this file end."""
    bars = venues_bars()
    path = tmp_path_factory.mktemp("venue") / "BINANCE_BTC_USDT_1m.parquet"
    write_bars(path, bars)
    config = SimConfig(
        symbols=(),
        data={"BTCUSDT": path},
        speed=0.0,
        start=str(int(bars["open_ns"][-1]) // 10**6),
        history=COUNT,
        weight_limit=10**9,
    )
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Simulator(config)) as sim:
        yield Venue(sim, portal, bars)


@pytest.fixture(autouse=True)
def peace(venue: Venue) -> Iterator[None]:
    """Lift what a test armed."""
    yield
    venue.peace()


def words(venue: Venue, folder: Path, *more: str, timeframe: str = "1m") -> list[str]:
    """Return the command that downloads all there is but the last bars."""
    span = ["--from", when(FROM_NS), "--to", when(FROM_NS + (COUNT - 10) * MINUTE_NS)]
    place = ["--base-url", venue.sim.url, "--data-dir", str(folder), "--rate", "1000"]
    return ["data", "fetch", "sim", "BTC/USDT", "-t", timeframe, *span, *place, *more]


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a library."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(venue: Venue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library that was downloaded without a fault."""
    folder = tmp_path_factory.mktemp("whole")
    assert edge.run(words(venue, folder)) == 0
    return folder


def test_what_the_venue_has_arrives_bit_for_bit(venue: Venue, whole: Path) -> None:
    """Every bar, every gap known."""
    library = Library(whole)
    (key,) = library.keys()
    assert str(key) == "sim:BTC/USDT:1m"
    want = venue.bars[venue.bars["open_ns"] < FROM_NS + (COUNT - 10) * MINUTE_NS]
    assert library.read(*key).bars.tobytes() == want.tobytes()
    assert library.known_gaps(key).length_ns == len(GAPS) * MINUTE_NS


def test_a_second_run_finds_no_gap_and_asks_for_nothing(venue: Venue, whole: Path, capsys) -> None:
    """Not one request, and the files stay as they are."""
    before = content(whole)
    assert edge.run(words(venue, whole, "--json")) == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert (series["new"], series["requests"], series["missing"]) == (0, 0, 0)
    assert series["known_missing"] == len(GAPS) - 2  # the first two lie before the first bar
    assert content(whole) == before


def test_every_fault_of_the_venue_passes_without_a_trace(venue: Venue, whole: Path, tmp_path: Path) -> None:
    """Outages, limits, lost connections, answers cut in the middle, with and without a right length."""
    faults: list[tuple[Where, Fault]] = [
        ("request", HttpError(status=500)),
        ("reply", HttpError(status=503)),
        ("request", RateLimited(retry_after_s=1)),
        ("request", Drop()),
        ("reply", Drop()),
        ("reply", PartialBody(size=3000)),
        ("reply", PartialBody(size=3000, valid=True)),
        ("reply", PartialBody(size=0, valid=True)),
        ("request", Latency(ms=200, jitter_ms=100)),
    ]
    for number, (where, fault) in enumerate(faults):
        venue.arm(fault, where, nth=2 + 4 * number)
    assert edge.run(words(venue, tmp_path)) == 0
    assert venue.struck() == len(faults)
    assert content(tmp_path) == content(whole)


def test_a_venue_that_is_down_for_a_moment_is_opened_all_the_same(venue: Venue, whole: Path, capsys) -> None:
    """The market rules are asked for again."""
    rule = Rule(where="request", fault=HttpError(status=502), match="GET /api/v3/exchangeInfo", count=2)
    venue.portal.call(venue.sim.venue.faults.add, rule)
    assert edge.run(words(venue, whole)) == 0
    assert venue.struck() == 2


def test_a_process_killed_at_any_request_is_resumed_to_the_same_files(
    venue: Venue, whole: Path, tmp_path: Path
) -> None:
    """Kill -9 while the first, a middle and a late page is on its way; each next process goes on."""
    seen: list[int] = []
    for nth in (1, 25, 25):
        venue.arm(Latency(ms=60_000), "request", nth=nth)
        process = subprocess.Popen([sys.executable, "-m", "algobot", *words(venue, tmp_path)])
        try:
            deadline = time.monotonic() + 60
            while not venue.struck():
                assert process.poll() is None, "it ended before it was killed"
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        venue.peace()
        library = Library(tmp_path)
        seen.append(sum(library.holding(key).bars for key in library.keys()))  # noqa: SIM118
    assert 0 == seen[0] < seen[1] < seen[2] < COUNT - 100
    assert edge.run(words(venue, tmp_path)) == 0
    assert content(tmp_path) == content(whole)


def test_a_ctrl_c_keeps_what_came(venue: Venue, tmp_path: Path) -> None:
    """The page that was there is written, the exit code is 130."""
    venue.arm(Latency(ms=60_000), "request", nth=6)
    process = subprocess.Popen(
        [sys.executable, "-m", "algobot", *words(venue, tmp_path)], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not venue.struck():
        assert process.poll() is None, "it ended before it was told to"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "the same command goes on" in told
    library = Library(tmp_path)
    (key,) = library.keys()
    assert library.holding(key).bars == 5 * 999


def test_what_does_not_pass_is_told_and_the_rest_is_kept(venue: Venue, tmp_path: Path, capsys) -> None:
    """Of two downloads one ends: exit code 8, and the same command goes on."""
    venue.portal.call(
        venue.sim.venue.faults.add, Rule(where="request", fault=HttpError(status=500), match=KLINES, nth=3, count=0)
    )
    few = words(venue, tmp_path, "--json")
    few[few.index("--to") + 1] = when(FROM_NS + 4000 * MINUTE_NS)
    few[few.index("-t") + 1] = "1d,1m"
    assert edge.run([*few, "--tries", "2"]) == 8
    assert json.loads(capsys.readouterr().out)["failed"]
    venue.peace()
    assert edge.run(few) == 0


@pytest.mark.parametrize(
    ("more", "code", "message", "hint"),
    [
        (["BTC/USDX"], 5, "symbol 'BTC/USDX' is not traded here", "did you mean 'BTC/USDT'?"),
        (["-t", "2m"], 2, "sim has no bars of 2m", "it has 1s 1m 3m"),
        (["-t", "1w"], 2, "timeframe '1w' is not one", "write it like 1m"),
        (["-t", "1s"], 1, "interval", ""),
        (["--from", "yesterday"], 2, "--from 'yesterday' is not a time", "2025-07-01"),
        (["--from", "2100-01-01"], 2, "--from 2100-01-01 is not before", ""),
        (["--to", "2001-01-01"], 2, "is not before --to 2001-01-01", ""),
        (["--base-url", "http://127.0.0.1:9"], 1, "gave no answer", "check the network"),
        (["a_b/c"], 2, "symbol 'a_b/c' is not one", "BTC/USDT"),
    ],
)
def test_what_cannot_be_asked_for_is_a_clear_error(
    venue: Venue, tmp_path: Path, capsys, more, code, message, hint
) -> None:
    """What is wrong, what there is instead, and nothing in the library."""
    given = words(venue, tmp_path)
    if more[0] in given:
        given[given.index(more[0]) + 1] = more[1]
    else:
        given.insert(3, more[0])
    assert edge.run(given) == code
    told = capsys.readouterr().err
    assert message in told
    assert hint in told
    assert Library(tmp_path).keys() == []


def test_the_configurations_venue_is_taken(venue: Venue, tmp_path: Path, capsys) -> None:
    """Its base_url, and the library keeps the bars under its name."""
    config = tmp_path / "config.toml"
    config.write_text(f'[venues.mine]\nadapter = "binance"\nbase_url = "{venue.sim.url}"\n')
    config.chmod(0o600)
    given = words(venue, tmp_path / "bars", "--config", str(config), timeframe="1h")
    given[given.index("--base-url") : given.index("--base-url") + 2] = []
    given[2] = "mine"
    assert edge.run(given) == 0
    assert [str(key) for key in Library(tmp_path / "bars").keys()] == ["mine:BTC/USDT:1h"]  # noqa: SIM118
    given[2] = "yours"
    assert edge.run(given) == 2
    assert "no [venues.yours]" in capsys.readouterr().err
