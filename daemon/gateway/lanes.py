"""Who goes when: a bot's submits one after the other, bots beside each other, cancels at once.

A submit waits for the cancels its bot asked for before it, so that cancel-then-replace finds the funds free.
"""

from __future__ import annotations

from collections import deque

import anyio
import anyio.abc

from algobot.errors import NotFound
from algobot.model import BotId
from daemon.gateway.canceler import Canceler
from daemon.gateway.context import Context
from daemon.gateway.sender import Sender
from daemon.messages import Cancel, CancelBot, GatewayMessage, Submit

_Waiting = tuple[Submit, int, tuple[anyio.Event, ...]]


class Lanes:
    """The gateway's inbox and the tasks that empty it."""

    def __init__(self, context: Context, sender: Sender, canceler: Canceler) -> None:
        self._on = context
        self._sender = sender
        self._canceler = canceler
        self._inbox: deque[tuple[GatewayMessage, int]] = deque()
        self._wake = anyio.Event()
        self._submits: dict[BotId, deque[_Waiting]] = {}  # a bot has a key while its lane is being emptied
        self._cancels: dict[BotId, set[anyio.Event]] = {}

    def tell(self, message: GatewayMessage) -> None:
        """Take a wish; never blocks."""
        self._inbox.append((message, self._on.clock.monotonic_ns()))
        self._wake.set()

    async def run(self) -> None:
        """Hand out wishes until canceled."""
        self._submits.clear()
        self._cancels.clear()
        async with anyio.create_task_group() as tasks:
            while True:
                while self._inbox:
                    self._hand_out(*self._inbox.popleft(), tasks)
                self._wake = anyio.Event()
                await self._wake.wait()

    def _hand_out(self, message: GatewayMessage, told_ns: int, tasks: anyio.abc.TaskGroup) -> None:
        match message:
            case Submit():
                bot_id = _bot_of(message)
                waiting = (message, told_ns, tuple(self._cancels.get(bot_id, ())))
                lane = self._submits.get(bot_id)
                if lane is None:
                    self._submits[bot_id] = deque([waiting])
                    tasks.start_soon(self._empty, bot_id)
                else:
                    lane.append(waiting)
            case Cancel(client_order_id=key, reason=reason):
                order = self._on.book.orders.get(key)
                if order is not None:
                    tasks.start_soon(self._cancel, order.bot_id, message, self._begin(order.bot_id))
                else:
                    self._on.alarm("cancel.unknown", f"order {key} ({reason}) is not known here: nothing to cancel")
            case CancelBot(bot_id=bot_id):
                tasks.start_soon(self._cancel, bot_id, message, self._begin(bot_id))

    def _begin(self, bot_id: BotId) -> anyio.Event:
        done = anyio.Event()
        self._cancels.setdefault(bot_id, set()).add(done)
        return done

    async def _empty(self, bot_id: BotId) -> None:
        lane = self._submits[bot_id]
        while lane:
            message, told_ns, cancels = lane.popleft()
            for done in cancels:
                await done.wait()
            await self._sender.submit(message, told_ns)
        del self._submits[bot_id]

    async def _cancel(self, bot_id: BotId, message: Cancel | CancelBot, done: anyio.Event) -> None:
        try:
            if isinstance(message, CancelBot):
                await self._canceler.cancel_bot(bot_id, message.reason)
            else:
                await self._canceler.cancel(message.client_order_id, message.reason)
        except NotFound:
            pass  # it ended long ago
        finally:
            self._cancels[bot_id].discard(done)
            done.set()


def _bot_of(message: Submit) -> BotId:
    if message.intents:
        return message.intents[0].bot_id
    return message.checkpoint.bot_id if message.checkpoint is not None else BotId("")
