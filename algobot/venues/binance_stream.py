"""Market streams of Binance-protocol venues: our own client on `websockets` and msgspec.

One frame is decoded once, into one struct; a frame that does not fit ends the stream, because what else it said is
then unknown too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect

from algobot.errors import StreamClosed
from algobot.model import Bar, BarUpdate, Quote, Symbol, timeframe_ns
from algobot.text import QUOTED, safe_text
from algobot.venues.binance_wire import MS_NS, Counted
from algobot.venues.port import Connected, MarketEvent, Subscription

PER_FRAME: Final = 200  # parameters of one SUBSCRIBE
PER_CONNECTION: Final = 1024  # streams the venue allows on one connection
FRAME_GAP_S: Final = 0.25  # the venue cuts who sends more than 5 frames a second
OPEN_S: Final = 10.0
LATE_NS: Final = 5_000_000_000  # a quote's number counts for so long; then the venue may have begun to count anew
QUEUE: Final = 20_000  # events; beyond it the socket waits for the reader


class _Kline(msgspec.Struct, frozen=True):
    t: Counted
    i: str
    o: float
    h: float
    l: float  # noqa: E741  # the venue's name
    c: float
    v: float
    x: bool


class _Failure(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""


class _Frame(msgspec.Struct, frozen=True):
    """Every frame of these streams: a kline has `k`, a book ticker `b` and `a`, an answer `id`."""

    s: str = ""
    k: _Kline | None = None
    b: float = 0.0
    a: float = 0.0
    u: int = 0  # of a book ticker: the book's update id
    E: int = 0
    id: int | None = None
    error: _Failure | None = None


_Item = MarketEvent | StreamClosed | None
_decoder: Final = msgspec.json.Decoder(_Frame, strict=False)


class Names(msgspec.Struct, frozen=True):
    """The venue's names of what is followed, and the way back."""

    streams: tuple[str, ...]
    symbols: Mapping[str, Symbol]  # "BTCUSDT" -> "BTC/USDT"
    lengths_ns: Mapping[str, int]  # "1m" -> 60e9


def names_of(subscriptions: Iterable[Subscription], venue_symbols: Mapping[Symbol, str]) -> Names:
    """Return the stream names of `subscriptions`, each once, in their order."""
    streams: dict[str, None] = {}
    symbols, lengths_ns = {}, {}
    for wanted in subscriptions:
        venue_symbol = venue_symbols[wanted.symbol]
        symbols[venue_symbol] = wanted.symbol
        if wanted.timeframe:
            lengths_ns[wanted.timeframe] = timeframe_ns(wanted.timeframe)
        channel = f"kline_{wanted.timeframe}" if wanted.timeframe else "bookTicker"
        streams[f"{venue_symbol.lower()}@{channel}"] = None
    return Names(tuple(streams), symbols, lengths_ns)


class Newest:
    """The number of the newest quote of each symbol on one connection: one that was overtaken says nothing any more."""

    def __init__(self) -> None:
        self._seen: dict[Symbol, tuple[int, int]] = {}  # update id, when it came

    def overtook(self, symbol: Symbol, update_id: int, recv_ns: int) -> bool:
        """Return whether a newer quote than `update_id` has come, and remember this one if not; 0 is no number."""
        newest, at_ns = self._seen.get(symbol, (0, 0))
        if update_id and update_id < newest and recv_ns - at_ns < LATE_NS:
            return True
        if update_id:
            self._seen[symbol] = update_id, recv_ns
        return False


def decode(
    data: str | bytes, names: Names, ts_recv_ns: int, newest: Newest | None = None
) -> BarUpdate | Quote | _Frame | None:
    """Return the event in one frame, the frame itself when it answers a request, None for a quote that came too late.

    Raises:
        StreamClosed: it is not a frame we asked for.
    """
    try:
        frame = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StreamClosed(f"a frame cannot be read: {error}") from error
    symbol = names.symbols.get(frame.s)
    if symbol is None:
        if frame.id is None and frame.error is None:
            raise StreamClosed(f"a frame for a symbol nobody asked for: {safe_text(frame.s, most=QUOTED)!r}")
        return frame
    kline = frame.k
    if kline is None:
        if newest is not None and newest.overtook(symbol, frame.u, ts_recv_ns):
            return None
        event_ns = frame.E * MS_NS if frame.E else ts_recv_ns  # spot book tickers carry no time of their own
        return Quote(symbol, frame.b, frame.a, event_ns, ts_recv_ns)
    length_ns = names.lengths_ns.get(kline.i)
    if length_ns is None:
        raise StreamClosed(f"a bar of a timeframe nobody asked for: {safe_text(kline.i, most=QUOTED)!r}")
    open_ns = kline.t * MS_NS
    bar = Bar(open_ns, open_ns + length_ns, kline.o, kline.h, kline.l, kline.c, kline.v)
    return BarUpdate(symbol, kline.i, bar, kline.x, ts_recv_ns)


async def follow(url: str, names: Names, *, idle_s: float) -> AsyncIterator[MarketEvent]:
    """Yield `Connected` once every stream is confirmed, then events; at most `idle_s` pass without a frame.

    Raises:
        StreamClosed: a connection ended, could not be made, was refused, fell silent, or sent what cannot be read.
    """
    chunks = [names.streams[at : at + PER_CONNECTION] for at in range(0, len(names.streams), PER_CONNECTION)]
    queue: asyncio.Queue[_Item] = asyncio.Queue(QUEUE)
    tasks = [asyncio.create_task(_read(url, chunk, names, queue, idle_s)) for chunk in chunks]
    try:
        early, unconfirmed = [], len(chunks)
        while unconfirmed:
            item = await queue.get()
            match item:
                case None:
                    unconfirmed -= 1
                case StreamClosed():
                    raise item
                case event:
                    early.append(event)
        yield Connected(time.time_ns())
        for event in early:
            yield event
        while True:
            item = await queue.get()
            if isinstance(item, StreamClosed):
                raise item
            if item is not None:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(
    url: str,
    streams: Sequence[str],
    names: Names,
    queue: asyncio.Queue[_Item],
    idle_s: float,
) -> None:
    """Put one connection's events into `queue`, None when it is confirmed, and at its end the reason."""
    try:
        async with connect(url, open_timeout=OPEN_S, close_timeout=1.0, max_size=2**20, compression=None) as socket:
            requests, newest = await _subscribe(socket, streams), Newest()
            while True:
                async with asyncio.timeout(idle_s):
                    data = await socket.recv()
                event = decode(data, names, time.time_ns(), newest)
                if event is None:
                    continue
                if isinstance(event, _Frame):
                    requests.discard(_confirmed(event))
                    if not requests:
                        await queue.put(None)
                else:
                    await queue.put(event)
    except TimeoutError:
        await queue.put(StreamClosed(f"{url}: nothing came for {idle_s:g} s"))
    except StreamClosed as closed:
        await queue.put(closed)
    except (websockets.WebSocketException, OSError) as error:
        await queue.put(StreamClosed(f"{url}: {type(error).__name__}: {safe_text(str(error), most=QUOTED)}"))


async def _subscribe(socket: ClientConnection, streams: Sequence[str]) -> set[int]:
    numbers = set()
    for number, at in enumerate(range(0, len(streams), PER_FRAME), start=1):
        if number > 1:
            await asyncio.sleep(FRAME_GAP_S)
        request = {"method": "SUBSCRIBE", "params": list(streams[at : at + PER_FRAME]), "id": number}
        await socket.send(msgspec.json.encode(request).decode())
        numbers.add(number)
    return numbers


def _confirmed(frame: _Frame) -> int:
    if frame.error is not None or frame.id is None:
        said = safe_text(frame.error.msg, most=QUOTED) if frame.error is not None else "no reason"
        raise StreamClosed(f"the subscription was refused: {said}")
    return frame.id
