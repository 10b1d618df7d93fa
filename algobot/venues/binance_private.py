"""The private stream of a Binance-protocol account: ccxt's signed WebSocket subscription, every event in its order.

ccxt would fold these events into caches of the latest state, where two of one moment become one. So its message
handler is replaced for the four events that concern us; everything else (answers, pings) stays its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from algobot.errors import StreamClosed
from algobot.model import Symbol
from algobot.text import QUOTED, safe_text
from algobot.venues import binance_wire as wire
from algobot.venues.ccxt_client import CcxtClient, drop
from algobot.venues.classify import Action, Reply, as_error
from algobot.venues.port import Connected, PrivateEvent

SUBSCRIBE_S: Final = 15.0
BACKLOG: Final = 100_000  # events nobody has read: the reader is stuck, so end rather than grow
EVENTS: Final = frozenset({"executionReport", "outboundAccountPosition"})
ENDINGS: Final = frozenset({"eventStreamTerminated", "serverShutdown"})

_Item = Mapping[str, object] | StreamClosed


async def follow_private(client: CcxtClient, symbols: Mapping[str, Symbol]) -> AsyncIterator[PrivateEvent]:
    """Yield `Connected` once the venue confirmed the subscription, then what happens to the account.

    Raises:
        StreamClosed: no connection, no subscription, an end, or an event that cannot be read.
    """
    if client.exchange is None:
        raise StreamClosed(f"{client.adapter}: not open")
    if client.wait is not None:
        client.wait.check(client.adapter)
    url = client.exchange.urls["api"]["ws"]["ws-api"]["spot"]
    await drop(client.exchange, url)
    inbox: asyncio.Queue[_Item] = asyncio.Queue()
    exchange = client.exchange
    _divert(client, inbox)
    try:
        await _subscribe(client, url, inbox)
        yield Connected(time.time_ns())
        while True:
            item = await inbox.get()
            if isinstance(item, StreamClosed):
                raise item
            for event in read(item, symbols):
                yield event
            if inbox.qsize() > BACKLOG:
                raise StreamClosed(f"{client.adapter}: {inbox.qsize()} events wait unread")
    finally:
        await drop(exchange, url)


def read(message: Mapping[str, object], symbols: Mapping[str, Symbol]) -> list[PrivateEvent]:
    """Return what one of `EVENTS` means, a fill before its order.

    Raises:
        StreamClosed: it cannot be read, so what happened is unknown until the account is swept.
    """
    try:
        if message["e"] == "executionReport":
            report = msgspec.convert(message, wire.ExecutionReport, strict=False)
            return list(wire.report_events(report, symbols.get(report.s, Symbol(report.s))))
        return [wire.position_event(msgspec.convert(message, wire.AccountPosition, strict=False))]
    except (ValueError, KeyError) as error:  # msgspec's are ValueErrors
        raise StreamClosed(f"an account event cannot be read: {safe_text(str(error), most=QUOTED)}") from error


def _divert(client: CcxtClient, inbox: asyncio.Queue[_Item]) -> None:
    """Send our events to `inbox`; ccxt binds the handler when it next makes a socket."""
    exchange = client.exchange
    others = type(exchange).handle_message

    def handle_message(socket: Any, message: Any) -> None:
        event = message.get("event", message) if isinstance(message, dict) else message
        kind = event.get("e") if isinstance(event, dict) else None
        if kind in EVENTS:
            inbox.put_nowait(event)
        elif kind in ENDINGS:
            inbox.put_nowait(StreamClosed(f"the venue ended the stream: {kind}"))
        elif kind is None:
            _heed(client, message)
            others(exchange, socket, message)

    exchange.handle_message = handle_message


def _guard(socket: Any, inbox: asyncio.Queue[_Item], adapter: str) -> None:
    """End the stream on a message that cannot be read: it would end ccxt's reading, and nobody would be told."""
    handle = socket.handle_text_or_binary_message

    def handle_or_end(data: object) -> None:
        try:
            handle(data)
        except Exception as error:
            inbox.put_nowait(StreamClosed(f"{adapter}: a message cannot be read ({type(error).__name__})"))

    socket.handle_text_or_binary_message = handle_or_end


def _heed(client: CcxtClient, answer: object) -> None:
    """Take the venue's wish to wait where an answer has one."""
    match answer:
        case {"status": (418 | 429) as status, "error": dict() as error} if client.wait is not None:
            data = error.get("data")
            until_ms = data.get("retryAfter", "") if isinstance(data, dict) else ""
            body = msgspec.json.encode({"error": {"code": error.get("code"), "msg": error.get("msg")}}).decode()
            client.wait.heed(as_error(client.adapter, Action.READ, Reply(status, body, reset_ms=str(until_ms))))


async def _subscribe(client: CcxtClient, url: str, inbox: asyncio.Queue[_Item]) -> None:
    """Return once the venue confirmed; put the end of the socket into `inbox` when it comes."""
    exchange = client.exchange
    exchange.ws_dial_backoff = {}  # the caller waits between attempts, not ccxt
    _guard(exchange.client(url), inbox, client.adapter)
    ended = exchange.client(url).future("algobot.ended")  # rejected with every other future when the socket ends

    def tell(future: asyncio.Future[object]) -> None:
        reason = "closed by us" if future.cancelled() else type(future.exception()).__name__
        inbox.put_nowait(StreamClosed(f"{client.adapter}: the private stream ended ({reason})"))

    ended.add_done_callback(tell)
    request = asyncio.ensure_future(exchange.authenticate({"type": "spot"}))
    await asyncio.wait([request, ended], timeout=SUBSCRIBE_S, return_when=asyncio.FIRST_COMPLETED)
    if not request.done():
        request.cancel()
        await asyncio.wait([request])
    if request.cancelled() or (error := request.exception()) is not None:
        reason = "no answer" if request.cancelled() else type(error).__name__
        raise StreamClosed(f"{client.adapter}: the private stream was not granted ({reason})")
