from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import anyio
import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from algobot.errors import StreamClosed
from algobot.model import MINUTE_NS, Bar, BarUpdate, Quote, Symbol
from algobot.venues.binance_stream import PER_CONNECTION, PER_FRAME, decode, follow, names_of
from algobot.venues.port import Connected, MarketEvent, Subscription

BTC = Symbol("BTC/USDT")
NAMES = names_of([Subscription(BTC), Subscription(BTC, "1m")], {BTC: "BTCUSDT"})
TICKER = '{"u":1,"s":"BTCUSDT","b":"20000.10000000","B":"1.0","a":"20000.20000000","A":"2.0"}'
KLINE = (
    '{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,"T":1672515839999,"s":"BTCUSDT","i":"1m",'
    '"f":100,"L":200,"o":"1.5","c":"2.5","h":"3.5","l":"0.5","v":"1000","n":100,"x":true,"q":"1","V":"5","Q":"0.5","B":"0"}}'
)
Serve = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def a_server(handle: Serve) -> AsyncIterator[str]:
    """Yield the address of a WebSocket server on loopback."""
    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws"


async def confirm(socket: ServerConnection) -> list[str]:
    """Answer one SUBSCRIBE and return what it asked for."""
    request = msgspec.json.decode(await socket.recv())
    assert request["method"] == "SUBSCRIBE"
    await socket.send(msgspec.json.encode({"result": None, "id": request["id"]}).decode())
    return list(request["params"])


async def collect(url: str, *, idle_s: float = 5.0) -> tuple[list[MarketEvent], str]:
    """Return everything a stream yields, and why it ended."""
    seen: list[MarketEvent] = []
    with anyio.fail_after(10):
        try:
            async with aclosing(follow(url, NAMES, idle_s=idle_s)) as events:
                async for event in events:
                    seen.append(event)
        except StreamClosed as closed:
            return seen, closed.message
    raise AssertionError("a stream ends with StreamClosed")


def test_a_book_ticker_is_a_quote_stamped_on_arrival() -> None:
    """Spot book tickers carry no time."""
    assert decode(TICKER, NAMES, 7) == Quote(BTC, 20000.1, 20000.2, 7, 7)


def test_a_kline_is_a_bar_that_ends_where_the_next_begins() -> None:
    """The venue's own close time is a millisecond short of it."""
    open_ns = 1672515780000 * 1_000_000
    bar = Bar(open_ns, open_ns + MINUTE_NS, 1.5, 3.5, 0.5, 2.5, 1000.0)
    assert decode(KLINE, NAMES, 7) == BarUpdate(BTC, "1m", bar, True, 7)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        '{"s":"BTCUSDT","b":"x","a":"1"}',
        '{"s":"DOGEUSDT","b":"1","a":"2"}',
        KLINE.replace('"i":"1m"', '"i":"1w"'),
        KLINE.replace('"t":1672515780000', '"t":"soon"'),
    ],
)
def test_a_frame_that_cannot_be_read_ends_the_stream(frame: str) -> None:
    """Guessing what it said would be worse than asking again."""
    with pytest.raises(StreamClosed):
        decode(frame, NAMES, 7)


@pytest.mark.anyio
async def test_nothing_comes_before_connected_and_nothing_is_lost() -> None:
    """Frames that overtake the confirmation are held back, not dropped."""

    async def handle(socket: ServerConnection) -> None:
        await socket.send(TICKER)
        assert await confirm(socket) == ["btcusdt@bookTicker", "btcusdt@kline_1m"]
        await socket.send(KLINE)

    async with a_server(handle) as url:
        seen, reason = await collect(url)
    assert [type(event) for event in seen] == [Connected, Quote, BarUpdate]
    assert "ConnectionClosed" in reason


@pytest.mark.anyio
async def test_a_refused_subscription_is_no_stream() -> None:
    """The venue's reason is in the error."""

    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}')
        await socket.wait_closed()

    async with a_server(handle) as url:
        assert await collect(url) == ([], "the subscription was refused: Invalid request: invalid stream")


@pytest.mark.anyio
async def test_silence_ends_the_stream_though_pings_are_answered() -> None:
    """A dead stream looks alive to the socket."""

    async def handle(socket: ServerConnection) -> None:
        await confirm(socket)
        await socket.wait_closed()

    async with a_server(handle) as url:
        seen, reason = await collect(url, idle_s=0.2)
    assert [type(event) for event in seen] == [Connected]
    assert "nothing came for 0.2 s" in reason


@pytest.mark.anyio
async def test_a_place_where_nobody_listens_is_a_closed_stream() -> None:
    """Not an error of the library's own."""
    seen, reason = await collect("ws://127.0.0.1:9/ws")
    assert seen == []
    assert "ws://127.0.0.1:9/ws" in reason


@pytest.mark.anyio
async def test_many_streams_spread_over_frames_and_connections() -> None:
    """No frame and no connection carries more than the venue allows; one Connected for all of them."""
    symbols = {Symbol(f"S{number}/USDT"): f"S{number}USDT" for number in range(PER_CONNECTION + 100)}
    asked: dict[ServerConnection, list[list[str]]] = {}

    async def handle(socket: ServerConnection) -> None:
        asked[socket] = []
        while True:
            asked[socket].append(await confirm(socket))

    async with a_server(handle) as url:
        names = names_of([Subscription(symbol) for symbol in symbols], symbols)
        async with aclosing(follow(url, names, idle_s=5.0)) as events:
            with anyio.fail_after(10):
                assert isinstance(await anext(events), Connected)
            counts = sorted(sum(map(len, frames)) for frames in asked.values())
            assert counts == [100, PER_CONNECTION]
            assert max(len(frame) for frames in asked.values() for frame in frames) == PER_FRAME
            assert {name for frames in asked.values() for frame in frames for name in frame} == set(names.streams)


@pytest.mark.anyio
async def test_leaving_a_stream_leaves_nothing_behind() -> None:
    """The connection is closed and its task gone."""
    gone = asyncio.Event()

    async def handle(socket: ServerConnection) -> None:
        await confirm(socket)
        await socket.wait_closed()
        gone.set()

    async with a_server(handle) as url:
        async with aclosing(follow(url, NAMES, idle_s=5.0)) as events:
            assert isinstance(await anext(events), Connected)
        with anyio.fail_after(5):
            await gone.wait()
