"""The feed: one set of streams for many bots, filtered, watched, rebuilt; history fetched once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from algobot.market.ticks import TickFilter
from algobot.model import MINUTE_NS, SECOND_NS, Bar, BotId, Side, Symbol, Trade
from algobot.protocol.rows import FeedRow
from daemon.feed import BotMailbox, Feed, FeedPolicy
from daemon.mailbox import Mailbox
from daemon.messages import BarArrived, FeedState, HistoryArrived, QuoteArrived
from tests.daemon.builders import START_NS, a_bar
from tests.fakes.venue import FakeVenue
from tests.waiting import until

BTC = Symbol("BTC/USDT")
ETH = Symbol("ETH/USDT")
QUICK = FeedPolicy(stale_s=0.05, look_s=0.01, backoff_s=0.01, backoff_most_s=0.02)
CALM = FeedPolicy(stale_s=60, look_s=0.01, backoff_s=0.01, backoff_most_s=0.02)


def a_mailbox() -> BotMailbox:
    """Return a bot's mailbox."""
    return Mailbox(lambda message: message.quote.symbol if isinstance(message, QuoteArrived) else None)


def waiting(mailbox: BotMailbox) -> Iterator[object]:
    """Return what waits in a mailbox, taken out."""
    while len(mailbox):
        yield mailbox.get_nowait()


def collect(mailbox: BotMailbox, into: list[object]) -> list[object]:
    """Move what waits into the list and return it."""
    into.extend(waiting(mailbox))
    return into


@asynccontextmanager
async def a_feed(venue: FakeVenue, policy: FeedPolicy = CALM) -> AsyncIterator[tuple[Feed, list[FeedRow]]]:
    """Run a feed on the fake venue."""
    rows: list[FeedRow] = []
    feed = Feed("fake", venue.market(), TickFilter(), rows.append, policy=policy)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(feed.run)
            yield feed, rows
            group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_bots_share_one_stream_and_each_gets_its_symbol_and_timeframe() -> None:
    """Three bots on two symbols make one connection; bars go to their timeframe only."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, _):
        boxes = {name: a_mailbox() for name in ("a", "b", "c", "d")}
        feed.join(BotId("a"), BTC, "1m", boxes["a"], quotes=True)
        feed.join(BotId("b"), BTC, "5m", boxes["b"], quotes=True)
        feed.join(BotId("c"), ETH, "1m", boxes["c"], quotes=True)
        feed.join(BotId("d"), BTC, "5m", boxes["d"], quotes=False)
        await until(lambda: feed.row().connected)
        assert len(venue.public) == 1
        for box in boxes.values():
            assert [m for m in waiting(box) if isinstance(m, FeedState)][-1].live
        venue.quote("BTC/USDT", 99, 101)
        venue.bar("BTC/USDT", "1m", a_bar(1))
        venue.bar("BTC/USDT", "1m", a_bar(2, 50.0), closed=False)
        venue.bar("BTC/USDT", "5m", a_bar(3))
        await until(lambda: len(boxes["b"]) == 2)
        got = {name: list(waiting(box)) for name, box in boxes.items()}
        assert [type(m) for m in got["a"]] == [QuoteArrived, BarArrived]
        assert [m.bar for m in got["a"] if isinstance(m, BarArrived)] == [a_bar(1)]
        assert [m.bar for m in got["b"] if isinstance(m, BarArrived)] == [a_bar(3)]
        assert got["c"] == []
        assert got["a"][0] is got["b"][0]
        assert [type(m) for m in got["d"]] == [BarArrived], "quotes are for those who must act on them"
        assert (feed.row().quotes, feed.row().bars) == (1, 2)
        assert feed.mark(BTC) == 100.0
        assert feed.mark(ETH) == 0.0


@pytest.mark.anyio
async def test_what_cannot_be_true_never_reaches_a_bot_and_is_counted() -> None:
    """A refused quote or bar is dropped and shows in the feed's row."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, _):
        box = a_mailbox()
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        venue.quote("BTC/USDT", -1, 101)
        venue.bar("BTC/USDT", "1m", a_bar(1, -5.0))
        venue.bar("BTC/USDT", "1m", a_bar(2))
        await until(lambda: feed.row().rejected_ticks == 2)
        market = [m for m in waiting(box) if isinstance(m, QuoteArrived | BarArrived)]
        await until(lambda: bool(market or len(box)))
        market += [m for m in waiting(box) if isinstance(m, QuoteArrived | BarArrived)]
        assert [m.bar for m in market if isinstance(m, BarArrived)] == [a_bar(2)]
        assert not any(isinstance(m, QuoteArrived) for m in market)


@pytest.mark.anyio
async def test_a_broken_stream_is_rebuilt_and_the_bots_are_told_both_times() -> None:
    """Stale at once, live again after the reconnect, counted."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, rows):
        box = a_mailbox()
        seen: list[object] = []
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        venue.cut()
        await until(lambda: feed.row().reconnects == 1 and feed.row().connected)
        states = [m.live for m in collect(box, seen) if isinstance(m, FeedState)]
        assert states == [False, True, False, True]
        venue.quote("BTC/USDT", 100, 101)
        await until(lambda: len(box) == 1)
        assert any(row.reason.startswith("market stream: ") for row in rows)


@pytest.mark.anyio
async def test_silence_of_one_symbol_is_told_to_its_bots_only_and_ends_with_the_next_event() -> None:
    """A stream that is connected but says nothing of a symbol makes that symbol stale."""
    venue = FakeVenue()
    async with a_feed(venue, QUICK) as (feed, _):
        silent, loud = a_mailbox(), a_mailbox()
        feed.join(BotId("silent"), ETH, "1m", silent, quotes=True)
        feed.join(BotId("loud"), BTC, "1m", loud, quotes=True)
        heard: list[object] = []
        loud_heard: list[object] = []

        def stale() -> bool:
            venue.quote("BTC/USDT", 99, 101)
            collect(loud, loud_heard)
            return any(isinstance(m, FeedState) and "no market data" in m.reason for m in collect(silent, heard))

        await until(lambda: feed.row().connected)
        await until(stale)
        assert not any(isinstance(m, FeedState) and "no market data" in m.reason for m in loud_heard)
        venue.quote("ETH/USDT", 9, 11)
        await until(lambda: any(isinstance(m, QuoteArrived) for m in collect(silent, heard)))
        assert [m.live for m in heard if isinstance(m, FeedState)][-1]


@pytest.mark.anyio
async def test_a_stream_that_is_connected_but_silent_is_rebuilt() -> None:
    """Pings answered and no data: the connection is given up and made anew."""
    venue = FakeVenue()
    async with a_feed(venue, QUICK) as (feed, rows):
        feed.join(BotId("a"), BTC, "1m", a_mailbox(), quotes=True)
        await until(lambda: feed.row().reconnects >= 2)
        assert any("silent for 0.05 s" in row.reason for row in rows)
        await until(lambda: feed.row().connected)


@pytest.mark.anyio
async def test_bots_that_want_the_same_history_cause_one_request() -> None:
    """Fifty bots, one fetch; later ones are answered from memory while the stream is unbroken."""
    venue = FakeVenue()
    venue.history[("BTC/USDT", "1m")] = [a_bar(n, 100.0 + n) for n in range(40)]
    async with a_feed(venue) as (feed, _):
        boxes = [a_mailbox() for _ in range(50)]
        for number, box in enumerate(boxes):
            feed.join(BotId(f"b{number}"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        for number in range(50):
            feed.ask(BotId(f"b{number}"), count=30)
        await until(lambda: all(len(box) == 3 for box in boxes))
        for box in boxes:
            (answer,) = [m for m in waiting(box) if isinstance(m, HistoryArrived)]
            assert answer.bars == tuple(a_bar(n, 100.0 + n) for n in range(10, 40))
        assert feed.history.requests == 1
        venue.bar("BTC/USDT", "1m", a_bar(40, 140.0))
        await until(lambda: len(boxes[0]) == 1)
        late = a_mailbox()
        feed.join(BotId("late"), BTC, "1m", late, quotes=True)
        feed.ask(BotId("late"), since_ns=a_bar(38).open_ns)
        (answer,) = [m for m in waiting(late) if isinstance(m, HistoryArrived)]
        assert [bar.open_ns for bar in answer.bars] == [a_bar(n).open_ns for n in (38, 39, 40)]
        assert feed.history.requests == 1


@pytest.mark.anyio
async def test_after_a_break_history_is_fetched_again() -> None:
    """Memory that may miss bars is not trusted."""
    venue = FakeVenue()
    venue.history[("BTC/USDT", "1m")] = [a_bar(n) for n in range(5)]
    async with a_feed(venue) as (feed, _):
        box = a_mailbox()
        heard: list[object] = []
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        feed.ask(BotId("a"), count=5)
        await until(lambda: any(isinstance(m, HistoryArrived) for m in collect(box, heard)))
        venue.cut()
        venue.history[("BTC/USDT", "1m")].append(a_bar(5))
        await until(lambda: feed.row().reconnects == 1 and feed.row().connected)
        heard.clear()
        feed.ask(BotId("a"), since_ns=a_bar(4).close_ns)
        await until(lambda: any(isinstance(m, HistoryArrived) for m in collect(box, heard)))
        assert [m.bars for m in heard if isinstance(m, HistoryArrived)] == [(a_bar(5),)]


def a_trade(at_s: int, price: float) -> Trade:
    """Return a print of BTC at `at_s` from the start of the venue's time, received now: no bar of it is overdue."""
    return Trade(BTC, price, 1.0, Side.BUY, START_NS + at_s * SECOND_NS, time.time_ns())


@pytest.mark.anyio
async def test_bars_are_built_where_the_venue_sends_trades_and_begin_anew_with_each_connection() -> None:
    """What is false is left out, what is part of a bar is dropped, and the history remembers what is whole."""
    venue = FakeVenue()
    venue.history[("BTC/USDT", "1m")] = [a_bar(0)]
    async with a_feed(venue) as (feed, _):
        box = a_mailbox()
        heard: list[object] = []
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        feed.ask(BotId("a"), count=1)
        await until(lambda: any(isinstance(m, HistoryArrived) for m in collect(box, heard)))
        for at_s, price in ((30, 100.0), (60, 101.0), (80, 5.0), (90, 99.0)):
            venue.print(a_trade(at_s, price))
        await until(lambda: feed.mark(BTC) == 99.0)
        assert (feed.row().bars, feed.row().rejected_ticks) == (0, 1)
        venue.print(a_trade(120, 100.0))

        def bars() -> list[Bar]:
            return [m.bar for m in collect(box, heard) if isinstance(m, BarArrived)]

        whole = Bar(START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS, 101.0, 101.0, 99.0, 99.0, 2.0)
        await until(lambda: whole in bars())
        feed.ask(BotId("a"), since_ns=whole.open_ns)
        (answer,) = [m for m in waiting(box) if isinstance(m, HistoryArrived)]
        assert answer.bars == (whole,)
        assert feed.history.requests == 1
        heard.clear()
        venue.cut()
        await until(lambda: feed.row().reconnects == 1 and feed.row().connected)
        for at_s in (601, 661, 721):
            venue.print(a_trade(at_s, 100.0))
        await until(lambda: START_NS + 11 * MINUTE_NS in [bar.open_ns for bar in bars()])
        assert bars()[0].open_ns == START_NS + 11 * MINUTE_NS


@pytest.mark.anyio
async def test_the_watchdog_closes_a_built_bar_that_no_later_trade_closes() -> None:
    """The venue's clock is past its end: a quiet market does not keep its bots waiting."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, _):
        box = a_mailbox()
        heard: list[object] = []
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        await until(lambda: feed.row().connected)
        venue.print(a_trade(30, 100.0))
        last = a_trade(60, 101.0)
        venue.print(msgspec.structs.replace(last, ts_recv_ns=last.ts_recv_ns - 90 * SECOND_NS))
        await until(lambda: any(isinstance(m, BarArrived) for m in collect(box, heard)))
        (bar,) = [m.bar for m in heard if isinstance(m, BarArrived)]
        assert bar == Bar(START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS, 101.0, 101.0, 101.0, 101.0, 1.0)


@pytest.mark.anyio
async def test_a_venue_that_is_down_is_waited_for_and_the_bots_know_why() -> None:
    """Opening and fetching go on by themselves once the venue answers."""
    venue = FakeVenue(down=True)
    venue.history[("BTC/USDT", "1m")] = [a_bar(0)]
    async with a_feed(venue) as (feed, _):
        box = a_mailbox()
        heard: list[object] = []
        feed.join(BotId("a"), BTC, "1m", box, quotes=True)
        feed.ask(BotId("a"), count=5)
        await until(lambda: any(isinstance(m, FeedState) and "nobody answers" in m.reason for m in collect(box, heard)))
        venue.down = False
        await until(lambda: any(isinstance(m, HistoryArrived) and bool(m.bars) for m in collect(box, heard)))
        await until(lambda: feed.row().connected)


@pytest.mark.anyio
async def test_a_bot_that_left_gets_nothing_more() -> None:
    """Leaving is immediate; another bot on the symbol goes on."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, _):
        gone, there = a_mailbox(), a_mailbox()
        feed.join(BotId("gone"), BTC, "1m", gone, quotes=True)
        feed.join(BotId("there"), BTC, "1m", there, quotes=True)
        await until(lambda: feed.row().connected)
        list(waiting(gone)), list(waiting(there))
        feed.leave(BotId("gone"))
        venue.bar("BTC/USDT", "1m", a_bar(1))
        await until(lambda: len(there) == 1)
        assert len(gone) == 0


@pytest.mark.anyio
async def test_many_late_joins_end_in_few_streams() -> None:
    """Strands are joined into one when there are too many, and all bots stay served."""
    venue = FakeVenue()
    async with a_feed(venue) as (feed, _):
        boxes = []
        for number in range(12):
            box = a_mailbox()
            boxes.append(box)
            feed.join(BotId(f"b{number}"), BTC, f"{number + 1}m", box, quotes=True)
            await until(lambda: feed.row().connected and not feed._new)
        assert len(feed._strands) <= 8
        heard: list[list[object]] = [[] for _ in boxes]
        bar = Bar(0, MINUTE_NS, 1.0, 1.0, 1.0, 1.0, 1.0)

        def served() -> bool:
            for number in range(12):
                venue.bar("BTC/USDT", f"{number + 1}m", bar)
            return all(
                any(isinstance(m, BarArrived) for m in collect(box, h)) for box, h in zip(boxes, heard, strict=True)
            )

        await until(served)
