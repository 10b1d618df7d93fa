"""Downloads: only what lacks, exactly once, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import algobot.market.writing as writing
from algobot.errors import VenueRateLimited, VenueReadRefused, VenueUnavailable
from algobot.kernel.records import Records
from algobot.market.budget import Budget, Patience
from algobot.market.fetch import Fetched, Fetcher, Progress, lacking
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.spans import Spans
from algobot.market.writing import open_writer
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars
from tests.market.past import FakePast

pytestmark = pytest.mark.anyio
BTC = Key("binance", "BTC/USDT", "1m")
QUICK = Patience(tries=4, first_s=0.001)
START, END = JAN_NS, JAN_NS + 100 * MINUTE_NS


class Cut(BaseException):
    """The process dies here, as far as the files can tell."""


async def fetched(venue: FakePast, root: Path, start_ns: int = START, end_ns: int = END, **more: bool) -> Fetched:
    """Download into a library at `root`."""
    heard: list[Progress] = []
    done = await Fetcher(venue, Library(root), Budget(1e6), heard.append, QUICK, flush_bars=20).fetch(
        BTC, start_ns, end_ns, **more
    )
    assert not heard or heard[-1].done_ns == heard[-1].total_ns
    return done


def content(root: Path) -> dict[str, bytes]:
    """Return every file of a library."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


async def test_all_that_the_venue_has_arrives_and_nothing_is_asked_twice(tmp_path):
    """Gaps at the start, in the middle and over a page's end are remembered; the second run sends no request."""
    bars = some_bars(100, without=(0, 1, 30, 31, 32, 49))
    venue = FakePast(bars)
    first = await fetched(venue, tmp_path)
    assert Library(tmp_path).read(*BTC).bars.tobytes() == bars.tobytes()
    assert (first.new, len(first.gaps), first.gaps.length_ns) == (94, 3, 6 * MINUTE_NS)
    before = content(tmp_path)
    second = await fetched(venue, tmp_path)
    assert (second.new, second.requests, len(second.gaps)) == (0, 0, 0)
    assert content(tmp_path) == before


async def test_a_silence_at_the_end_is_asked_for_again(tmp_path):
    """The venue may have been late: only a later bar proves a gap."""
    bars = some_bars(100)
    await fetched(FakePast(bars[:60]), tmp_path)
    assert len(Library(tmp_path).known_gaps(BTC)) == 0
    assert (await fetched(FakePast(bars), tmp_path)).new == 40
    assert Library(tmp_path).read(*BTC).bars.tobytes() == bars.tobytes()


async def test_what_the_venue_fills_later_comes_when_it_is_asked_again(tmp_path):
    """A known gap is not for ever, if a person says so."""
    bars = some_bars(100)
    await fetched(FakePast(some_bars(100, without=(5, 6))), tmp_path)
    assert (await fetched(FakePast(bars), tmp_path)).requests == 0
    assert (await fetched(FakePast(bars), tmp_path, ask_again=True)).new == 2
    assert Library(tmp_path).read(*BTC).bars.tobytes() == bars.tobytes()


@pytest.mark.parametrize("windowed", [False, True])
async def test_a_hole_in_the_library_is_filled_and_nothing_around_it_is_fetched(tmp_path, windowed):
    """Imported bars are not asked for; a hole that the venue has, too, is remembered by the bars behind it."""
    bars = some_bars(100, without=tuple(range(40, 62)))
    with open_writer(Library(tmp_path), BTC) as writer:
        writer.add(bars[:30])
        writer.add(bars[60:])
    venue = FakePast(bars, windowed=windowed)
    assert (await fetched(venue, tmp_path)).new == 30
    assert Library(tmp_path).read(*BTC).bars.tobytes() == bars.tobytes()
    assert Library(tmp_path).known_gaps(BTC) == Spans([(START + 40 * MINUTE_NS, START + 62 * MINUTE_NS)])
    assert (await fetched(venue, tmp_path)).requests == 0


async def test_a_venue_that_answers_with_nothing_before_its_first_bar_is_read_from_there(tmp_path):
    """By its days, not window by window through the years."""
    start = JAN_NS + 900 * 1440 * MINUTE_NS + 300 * MINUTE_NS
    bars = some_bars(50, start_ns=start)
    days = some_bars(1, start_ns=start - 300 * MINUTE_NS, span_ns=1440 * MINUTE_NS)
    venue = FakePast(bars, windowed=True, days=days, page=300)
    done = await fetched(venue, tmp_path, JAN_NS, start + 2 * 1440 * MINUTE_NS)
    assert done.new == 50
    assert done.requests < 40  # of 4,300 windows
    assert Library(tmp_path).known_gaps(BTC) == Spans([(JAN_NS, start)])


async def test_bars_that_began_today_are_found(tmp_path):
    """A day that is not over is not among the venue's days."""
    start = JAN_NS + 900 * 1440 * MINUTE_NS
    bars = some_bars(50, start_ns=start)
    venue = FakePast(bars, windowed=True, days=bars[:0], page=300)
    assert (await fetched(venue, tmp_path, JAN_NS, start + 200 * MINUTE_NS)).new == 50


@pytest.mark.parametrize(
    "error", [VenueUnavailable("half an answer"), VenueRateLimited("later", retry_after_ns=1_000_000)]
)
async def test_what_passes_is_tried_again(tmp_path, error):
    """Every other request fails, and nothing of it shows in the files."""
    bars = some_bars(100, without=(3, 4))
    venue = FakePast(bars)

    def every_other() -> None:
        if len(venue.asked) % 2:
            raise error

    venue.before = every_other
    await fetched(venue, tmp_path / "a")
    await fetched(FakePast(bars), tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


async def test_the_venues_own_word_on_how_long_to_wait_holds_for_all_of_its_requests():
    """One budget: nobody asks before that."""
    budget = Budget(1000.0)
    begun = anyio.current_time()
    taken: list[float] = []

    async def asks() -> None:
        for _ in range(5):
            await budget.take()
            taken.append(anyio.current_time() - begun)
            if len(taken) == 4:
                budget.pause(0.1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asks)
        tasks.start_soon(asks)
    assert len(taken) == 10
    assert taken[4] - taken[3] > 0.099
    steps = np.diff(taken)
    assert (steps > 0.0009).all()


async def test_a_wait_the_venue_asks_for_is_kept(tmp_path):
    """And told to whoever looks."""
    venue = FakePast(some_bars(10), page=20)
    heard: list[Progress] = []
    asked: list[float] = []

    def once_limited() -> None:
        asked.append(anyio.current_time())
        if len(asked) == 1:
            raise VenueRateLimited("later", retry_after_ns=50_000_000)

    venue.before = once_limited
    await Fetcher(venue, Library(tmp_path), Budget(1e6), heard.append, QUICK).fetch(BTC, START, START + 10 * MINUTE_NS)
    assert asked[1] - asked[0] > 0.049
    assert "the venue asks to wait 0 s" in [one.waits for one in heard]


async def test_what_does_not_pass_ends_the_download_and_keeps_what_came(tmp_path):
    """After so many tries; the next run goes on there."""
    bars = some_bars(100)
    venue = FakePast(bars)

    def dead_after_five() -> None:
        if len(venue.asked) > 5:
            raise VenueUnavailable("gone")

    venue.before = dead_after_five
    with pytest.raises(VenueUnavailable, match="gone"):
        await fetched(venue, tmp_path)
    assert len(venue.asked) == 5 + QUICK.tries
    assert len(Library(tmp_path).read(*BTC).bars) == 35
    again = FakePast(bars)
    assert (await fetched(again, tmp_path)).new == 65
    assert again.asked[0] == ("1m", START + 35 * MINUTE_NS)


async def test_a_question_the_venue_will_never_answer_is_asked_once(tmp_path):
    """An interval it does not know, a symbol it dropped."""
    venue = FakePast(some_bars(10))

    def refused() -> None:
        raise VenueReadRefused("Invalid interval.")

    venue.before = refused
    with pytest.raises(VenueReadRefused):
        await fetched(venue, tmp_path)
    assert len(venue.asked) == 1


async def test_an_empty_page_is_believed_when_it_is_said_twice(tmp_path):
    """One is often an outage that answers 200."""
    bars = some_bars(100)
    venue = FakePast(bars)
    whole = venue.bars_there

    def once_empty() -> None:
        venue.bars_there = whole[:0] if len(venue.asked) == 4 else whole

    venue.before = once_empty
    assert (await fetched(venue, tmp_path)).new == 100
    assert len(Library(tmp_path).known_gaps(BTC)) == 0


async def test_rows_twice_or_in_disorder_make_the_same_bars(tmp_path):
    """What contradicts itself is asked for again instead."""
    bars = some_bars(40)
    venue = FakePast(np.concatenate([bars[:7][::-1], bars[:7], bars[7:]]), page=14)
    venue.bars_there = _Shuffled(bars)  # type: ignore[assignment]
    await fetched(venue, tmp_path, START, START + 40 * MINUTE_NS)
    assert Library(tmp_path).read(*BTC).bars.tobytes() == bars.tobytes()


class _Shuffled:
    """Bars whose pages come backwards and with the first row twice."""

    def __init__(self, bars: Records) -> None:
        self._bars = bars

    def __getitem__(self, what):
        if isinstance(what, str):
            return self._bars[what]
        page = self._bars[what]
        return np.concatenate([page[::-1], page[:1]])


def cuts(root: Path, bars: Records, at: int) -> FakePast:
    """Return a venue that dies at its `at`-th request."""
    venue = FakePast(bars)

    def cut() -> None:
        if len(venue.asked) == at:
            raise Cut

    venue.before = cut
    return venue


async def test_a_download_cut_at_any_request_ends_with_the_same_files(tmp_path):
    """Every request in turn is the last one of a process; the next process ends with the same bytes."""
    bars = some_bars(100, without=(0, 30, 31, 49, 50, 51, 70))
    whole = FakePast(bars)
    await fetched(whole, tmp_path / "whole")
    for at in range(1, len(whole.asked) + 1):
        root = tmp_path / str(at)
        with pytest.raises(Cut):
            await fetched(cuts(root, bars, at), root)
        await fetched(FakePast(bars), root)
        assert content(root) == content(tmp_path / "whole"), at


@pytest.mark.parametrize("moment", ["before", "within", "after"])
async def test_a_download_cut_at_any_write_ends_with_the_same_files(tmp_path, monkeypatch, moment):
    """Before a file is in place, with half of it beside its place, or just after."""
    bars = some_bars(100, without=(0, 30, 31, 49, 50, 51, 70))
    await fetched(FakePast(bars), tmp_path / "whole")
    put = writing.put
    left = [0]

    def dying(path, write) -> None:
        left[0] -= 1
        if left[0] < 0:
            if moment == "within":
                path.with_name(path.name + ".1.tmp").write_bytes(b"PAR1")
            if moment == "after" and left[0] == -1:
                put(path, write)
            raise Cut
        put(path, write)

    monkeypatch.setattr(writing, "put", dying)
    for at in range(100):
        root, left[0] = tmp_path / str(at), at
        try:
            await fetched(FakePast(bars), root)
        except Cut:
            left[0] = 1000
            await fetched(FakePast(bars), root)
            assert content(root) == content(tmp_path / "whole"), at
        else:
            assert at > 5, "or nothing was shown"
            return
    raise AssertionError("it always died")


@settings(max_examples=60, deadline=None)
@given(
    without=st.sets(st.integers(0, 99)),
    there=st.sets(st.integers(0, 99)),
    page=st.integers(1, 40),
    windowed=st.booleans(),
    ends=st.tuples(st.integers(0, 100), st.integers(0, 100)),
)
async def test_whatever_is_there_and_whatever_lacks_the_library_ends_up_equal_to_the_venue(
    tmp_path_factory, without, there, page, windowed, ends
):
    """For any gaps, any bars in the library before, any pages: exactly the venue's bars, and no question left."""
    root = tmp_path_factory.mktemp("bars")
    bars = some_bars(100, without=tuple(without))
    numbers = (bars["open_ns"] - START) // MINUTE_NS
    first, stop = sorted(ends)
    known = np.isin(numbers, list(there))
    with open_writer(Library(root), BTC) as writer:
        writer.add(bars[known])
    start_ns, end_ns = START + first * MINUTE_NS, START + stop * MINUTE_NS
    await fetched(FakePast(bars, page=page, windowed=windowed), root, start_ns, end_ns)
    want = bars[known | ((numbers >= first) & (numbers < stop))]
    got = Library(root).read(*BTC).bars if len(want) else want
    assert got.tobytes() == want.tobytes()
    left = lacking(Library(root), BTC, start_ns, end_ns)
    assert all(end == end_ns for _, end in left)  # a silence at the end proves nothing
    assert all(not len(bars[(bars["open_ns"] >= start) & (bars["open_ns"] < end)]) for start, end in left)
