"""Who listens to what: WebSocket connections, their subscriptions, and delivery with a bound and with faults."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from algobot.simulator.candles import INTERVALS
from algobot.simulator.faults import (
    Cut,
    Drop,
    Duplicate,
    Faults,
    Garble,
    Latency,
    PartialBody,
    Reorder,
    Silent,
)
from algobot.simulator.garble import garbled

QUEUE_LIMIT: Final = 10_000  # messages a client may lag behind before it is cut off
HELD_S: Final = 1.0  # a reordered message comes after this at the latest
USER: Final = "user:"


class Topic(msgspec.Struct, frozen=True):
    """A market stream's name, read: `symbol` is "" for all markets; `every_ms` is how often it may speak."""

    name: str
    symbol: str
    kind: str  # trade, aggTrade, kline, bookTicker, depth, partial, ticker, miniTicker
    interval: str = ""
    depth: int = 0
    every_ms: int = 0


def parse_topic(name: str) -> Topic | None:
    """Return what a stream's name asks for, or None when there is no such stream."""
    if name in ("!ticker@arr", "!miniTicker@arr"):
        return Topic(name, "", name[1:-4], every_ms=1000)
    symbol, _, rest = name.partition("@")
    kind, _, rate = rest.partition("@")
    every_ms = 100 if rate == "100ms" else 1000
    symbol = symbol.upper()
    if kind in ("trade", "aggTrade", "bookTicker"):
        return Topic(name, symbol, kind)
    if kind in ("ticker", "miniTicker"):
        return Topic(name, symbol, kind, every_ms=1000)
    if kind.startswith("kline_"):
        interval = kind.removeprefix("kline_")
        return Topic(name, symbol, "kline", interval=interval) if interval in INTERVALS else None
    if kind == "depth":
        return Topic(name, symbol, "depth", every_ms=every_ms)
    if kind in ("depth5", "depth10", "depth20"):
        return Topic(name, symbol, "partial", depth=int(kind[5:]), every_ms=every_ms)
    return None


class _Held:
    """A message kept back until `behind` later ones went out."""

    __slots__ = ("behind", "message")

    def __init__(self, message: bytes, behind: int) -> None:
        self.message = message
        self.behind = behind


class Client:
    """One connection. `offer` never blocks; a client that lags `QUEUE_LIMIT` messages behind is cut off."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, faults: Faults) -> None:
        self.topics: dict[str, tuple[bytes, bytes]] = {}  # name: what goes before and after each payload
        self.combined = False
        self.sent = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self._socket = socket
        self._transport = transport
        self._faults = faults
        self._queue: deque[bytes] = deque()
        self._held: list[_Held] = []
        self._silent_until: float | None = None
        self._gone = False
        self._wake = asyncio.Event()

    def offer(self, topic: str, payload: bytes) -> None:
        """Queue one stream message, unless a fault has other plans."""
        before, after = self.topics.get(topic, (b"", b""))
        message = before + payload + after
        if self._silent_until is not None:
            if asyncio.get_running_loop().time() < self._silent_until:
                return
            self._silent_until = None
        match self._faults.strike("stream", topic):
            case None:
                self._push(message)
            case Duplicate(extra=extra):
                for _ in range(1 + extra):
                    self._push(message)
            case Reorder(behind=behind):
                held = _Held(message, behind)
                self._held.append(held)
                asyncio.get_running_loop().call_later(HELD_S, self._release, held)
            case Latency() as latency:
                asyncio.get_running_loop().call_later(self._faults.delay_s(latency), self._push, message)
            case Silent(seconds=seconds):
                self.silence(seconds)
            case Cut(mid_frame=mid_frame):
                self.cut(mid_frame=mid_frame)
            case Drop():
                pass
            case PartialBody(size=size):
                self._push(message[:size])
            case Garble() as garble:
                self._push(before + garbled(payload, garble) + after)
            case _:
                self._push(message)

    def reply(self, message: bytes) -> None:
        """Queue an answer to something the client asked; stream faults do not touch it."""
        self._push(message)

    def silence(self, seconds: float) -> None:
        """Send no stream messages for so long, or ever again when 0; pings are still answered."""
        now = asyncio.get_running_loop().time()
        self._silent_until = now + seconds if seconds else float("inf")

    def cut(self, *, mid_frame: bool = False) -> None:
        """Break the connection without a closing handshake."""
        self._gone = True
        self._queue.clear()
        self.idle.set()
        if self._transport is not None:
            if mid_frame:
                self._transport.write(b'\x81\x7e\x04\x00{"e":"')  # a text frame that promises 1024 bytes
                self._transport.close()
            else:
                self._transport.abort()

    async def pump(self) -> None:
        """Send what is queued, until canceled or the connection is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                message = self._queue.popleft()
                self.sent += 1
                try:
                    await self._socket.send_frame(message, WSMsgType.TEXT)
                except (ConnectionError, RuntimeError):
                    self.cut()
                    return
            self.idle.set()

    def _push(self, message: bytes) -> None:
        if len(self._queue) >= QUEUE_LIMIT:
            self.cut()
        if self._gone:
            return
        self._queue.append(message)
        self.idle.clear()
        self._wake.set()
        for held in self._held[:]:
            held.behind -= 1
            if held.behind <= 0:
                self._release(held)

    def _release(self, held: _Held) -> None:
        if held in self._held:
            self._held.remove(held)
            self._push(held.message)


class Hub:
    """Every connection and every subscription."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self._listeners: dict[str, set[Client]] = {}
        self._by_symbol: defaultdict[str, dict[str, Topic]] = defaultdict(dict)

    def subscribe(self, client: Client, name: str, *, wrap: tuple[bytes, bytes]) -> None:
        """Let `client` hear `name`; each payload is sent between the two halves of `wrap`."""
        client.topics[name] = wrap
        self._listeners.setdefault(name, set()).add(client)
        topic = None if name.startswith(USER) else parse_topic(name)
        if topic is not None:
            self._by_symbol[topic.symbol][name] = topic

    def unsubscribe(self, client: Client, name: str) -> None:
        """Let `client` hear `name` no more."""
        client.topics.pop(name, None)
        listeners = self._listeners.get(name)
        if listeners is not None:
            listeners.discard(client)
            if not listeners:
                del self._listeners[name]
                for topics in self._by_symbol.values():
                    topics.pop(name, None)

    def leave(self, client: Client) -> None:
        """Forget a connection."""
        for name in list(client.topics):
            self.unsubscribe(client, name)
        self.clients.discard(client)

    def wanted(self, name: str) -> bool:
        """Return whether anybody hears `name`: what nobody hears is not computed."""
        return name in self._listeners

    def topics(self, symbol: str) -> list[Topic]:
        """Return the streams of a symbol somebody hears."""
        topics = self._by_symbol.get(symbol)
        return list(topics.values()) if topics else []

    def publish(self, name: str, payload: bytes) -> None:
        """Send one message to everybody who hears `name`."""
        for client in list(self._listeners.get(name, ())):
            client.offer(name, payload)

    async def drained(self, name: str) -> None:
        """Return once the listeners of `name` were sent all they have coming, or after 200 ms."""
        for client in list(self._listeners.get(name, ())):
            if not client.idle.is_set():
                try:
                    async with asyncio.timeout(0.2):
                        await client.idle.wait()
                except TimeoutError:
                    pass
