"""Several of ccxt's `watch_…` loops as one stream that ends as a whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from algobot.errors import StreamClosed, VenueError
from algobot.venues.ccxt_client import CcxtClient, drop
from algobot.venues.port import Connected

Event = TypeVar("Event")
Watcher = Callable[[Callable[[Event], Awaitable[None]]], Awaitable[None]]  # hands on events until it fails

QUEUE: Final = 20_000  # a reader that is further behind holds the watchers up


async def merged(client: CcxtClient, watchers: Iterable[Watcher[Event]]) -> AsyncGenerator[Event | Connected, None]:
    """Yield what all `watchers` hand on; the first that fails ends the stream and closes its sockets.

    Raises:
        StreamClosed: a watcher failed, or the client is not open.
    """
    exchange = client.exchange
    if exchange is None:
        raise StreamClosed(f"{client.adapter}: not open")
    inbox: asyncio.Queue[Event | StreamClosed] = asyncio.Queue(QUEUE)

    async def run(watch: Watcher[Event]) -> None:
        try:
            await watch(inbox.put)
        except VenueError as error:
            await inbox.put(StreamClosed(error.message, hint=error.hint))

    tasks = [asyncio.create_task(run(watch)) for watch in watchers]
    try:
        yield Connected(time.time_ns())
        while True:
            item = await inbox.get()
            if isinstance(item, StreamClosed):
                raise item
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for url in list(exchange.clients or {}):
            await drop(exchange, url)
