"""The Hub: every event numbered, the newest kept, all followers told; whoever publishes never waits.

Laws
- `seq` grows by one with every event that leaves the Hub, from the microsecond of its birth on, so that a number from
  an earlier daemon's life is never taken for one of this.
- Before an event leaves, a state (`state_key`) may be replaced by a newer one of the same thing; a fact (an order
  moved, a fill, a line) is never dropped or reordered.
- Pushes are coalesced (`COALESCE_S`): one wake-up per event costs twenty times as much. The urgent ones go at once.
- The ring keeps the newest facts and the latest of each state, so `follow(since)` resumes or says that it cannot.
- A follower's queue is bounded and conflates states; one that overflows is marked lost, and nobody else notices.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from itertools import islice
from typing import Final

import anyio
import msgspec

from algobot.model import AccountId, Fill, Order
from algobot.protocol.events import (
    AccountChanged,
    AlarmRaised,
    AnyEvent,
    BarClosed,
    BotAdded,
    BotChanged,
    BotRemoved,
    DaemonStopping,
    DecisionMade,
    FeedChanged,
    FillRecorded,
    HaltsChanged,
    LineLogged,
    OrderChanged,
    PositionsChanged,
)
from algobot.protocol.rows import AccountRow, BalanceRow, HaltRow, LogRow, PositionRow
from algobot.protocol.rpc import encode_event

COALESCE_S: Final = 0.03
RING: Final = 8192  # events kept for those who come back
QUEUE: Final = 16384  # frames a follower may be behind
CHUNK: Final = 1 << 17  # bytes handed to a follower at once
LINES: Final = 5000  # log lines kept
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_URGENT: Final = (HaltsChanged, AlarmRaised, DaemonStopping)
_FOR_ALL: Final = (HaltsChanged, DaemonStopping)


class Entry:
    """An event that left, encoded when the first follower wants it."""

    __slots__ = ("_frame", "event")

    def __init__(self, event: AnyEvent) -> None:
        self.event = event
        self._frame = b""

    @property
    def seq(self) -> int:
        """Return its number."""
        return self.event.seq

    @property
    def frame(self) -> bytes:
        """Return it as it goes over the wire."""
        if not self._frame:
            self._frame = encode_event(self.event)
        return self._frame


class Follower:
    """One client's queue of events; `lost` once it could not keep up."""

    def __init__(self, *, bot_id: str | None, complete: bool, since: int) -> None:
        self.bot_id = bot_id
        self.since = since  # what the client knows: events after it follow
        self.complete = complete
        self.lost = False
        self._queue: OrderedDict[Hashable, Entry] = OrderedDict()
        self._wake = anyio.Event()

    def offer(self, key: Hashable, entry: Entry) -> None:
        """Queue an event, replacing the same state if it still waits; never blocks."""
        if self.lost or (self.bot_id is not None and not concerns(entry.event, self.bot_id)):
            return
        self._queue[key] = entry
        self._queue.move_to_end(key)
        if len(self._queue) > QUEUE:
            self.lost = True
            self._queue.clear()
        self._wake.set()

    async def frames(self) -> bytes:
        """Return the next frames, waiting for one; b"" means the follower is lost and must be dropped."""
        while not self._queue and not self.lost:
            self._wake = anyio.Event()
            await self._wake.wait()
        chunk, size = [], 0
        while self._queue and size < CHUNK:
            _, entry = self._queue.popitem(last=False)
            chunk.append(entry.frame)
            size += len(entry.frame)
        return b"".join(chunk)


class Hub:
    """Numbers events and tells followers; the daemon's `Publisher`."""

    def __init__(self, *, clock_ns: Callable[[], int] = time.time_ns, coalesce_s: float = COALESCE_S) -> None:
        self._clock_ns = clock_ns
        self._coalesce_s = coalesce_s
        self._seq = clock_ns() // 1000
        self._floor = self._seq  # the newest event no longer in the ring
        self._pending: OrderedDict[Hashable, AnyEvent] = OrderedDict()
        self._arrivals = 0
        self._ring: OrderedDict[Hashable, Entry] = OrderedDict()
        self._lines: deque[LogRow] = deque(maxlen=LINES)
        self._followers: set[Follower] = set()
        self._wake = anyio.Event()
        self._home = threading.get_ident()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def seq(self) -> int:
        """Return the number of the last event that left."""
        return self._seq

    @property
    def followers(self) -> int:
        """Return how many follow."""
        return len(self._followers)

    def publish(self, event: AnyEvent) -> None:
        """Take an event whatever its `seq` (the Hub sets it); an unset `ts_ns` becomes now. From any thread."""
        if threading.get_ident() != self._home:
            if self._loop is not None:
                with suppress(RuntimeError):  # the loop is gone: nobody is left to be told
                    self._loop.call_soon_threadsafe(self.publish, event)
            return
        if not event.ts_ns:
            event = msgspec.structs.replace(event, ts_ns=self._clock_ns())
        if isinstance(event, LineLogged):
            self._lines.append(event.line)
        self._arrivals += 1
        key = state_key(event) or self._arrivals
        self._pending[key] = event
        self._pending.move_to_end(key)
        if isinstance(event, _URGENT):
            self.settle()
        else:
            self._wake.set()

    # what the money path tells (`daemon.ports.Publisher`)

    def order_changed(self, order: Order) -> None:
        """Say that an order moved along its life."""
        self.publish(OrderChanged(0, 0, order))

    def fill_recorded(self, fill: Fill) -> None:
        """Say that a fill is in the ledger."""
        self.publish(FillRecorded(0, 0, fill))

    def account_changed(self, row: AccountRow) -> None:
        """Say that an account's gate or reconciliation changed."""
        self.publish(AccountChanged(0, 0, row))

    def positions_changed(
        self, account_id: AccountId, positions: list[PositionRow], balances: list[BalanceRow]
    ) -> None:
        """Say that an account was compared with its venue."""
        self.publish(PositionsChanged(0, 0, account_id, positions, balances))

    def halts_changed(self, halts: list[HaltRow]) -> None:
        """Say what is latched now; followers hear it at once."""
        self.publish(HaltsChanged(0, 0, halts))

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """Ask for a person; followers hear it at once."""
        self.publish(AlarmRaised(0, 0, alarm, message, hint, bot_id, account_id))

    # what the control server uses

    def settle(self) -> int:
        """Let everything published so far leave now and return its `seq`: what a snapshot is consistent at."""
        pending, self._pending = self._pending, OrderedDict()
        for event in pending.values():
            self._leave(event)
        return self._seq

    def follow(self, since: int, *, bot_id: str | None = None) -> Follower:
        """Return a new follower of the events after `since`; `unfollow` it in the end.

        0 is from now on, -N the newest N that are kept; one that is not known (any more) is from now on, incomplete.
        """
        now = self.settle()
        if since < 0:
            kept = list(islice(reversed(self._ring.values()), -since))
            since = kept[-1].seq - 1 if kept else now
        known = 0 < since <= now
        complete = since == 0 or (known and since >= self._floor)
        follower = Follower(bot_id=bot_id, complete=complete, since=since if known and complete else now)
        for entry in self._after(follower.since):
            follower.offer(state_key(entry.event) or -entry.seq, entry)
        self._followers.add(follower)
        return follower

    def unfollow(self, follower: Follower) -> None:
        """Forget a follower."""
        self._followers.discard(follower)

    def lines(self, *, bot_id: str | None = None, level: str = "info", limit: int = 200) -> list[LogRow]:
        """Return the newest `limit` log lines of at least `level`, oldest first."""
        least = LEVELS.get(level, 0)
        found: list[LogRow] = []
        for line in reversed(self._lines):
            if len(found) >= limit:
                break
            if LEVELS.get(line.level, 20) >= least and bot_id in (None, line.bot_id):
                found.append(line)
        return found[::-1]

    async def run(self) -> None:
        """Push what is published, every `coalesce_s` while there is something, until canceled."""
        self._loop = asyncio.get_running_loop()
        while True:
            if not self._pending:
                self._wake = anyio.Event()
                await self._wake.wait()
            await anyio.sleep(self._coalesce_s)
            self.settle()

    def _leave(self, event: AnyEvent) -> None:
        self._seq += 1
        entry = Entry(msgspec.structs.replace(event, seq=self._seq))
        key = state_key(event) or -self._seq
        self._ring[key] = entry
        self._ring.move_to_end(key)
        if len(self._ring) > RING:
            _, oldest = self._ring.popitem(last=False)
            self._floor = oldest.seq
        for follower in self._followers:
            follower.offer(key, entry)

    def _after(self, since: int) -> list[Entry]:
        found: list[Entry] = []
        for entry in reversed(self._ring.values()):
            if entry.seq <= since:
                break
            found.append(entry)
        return found[::-1]


def state_key(event: AnyEvent) -> Hashable:
    """Return what `event` is the whole state of (a newer one replaces it), or None for a fact."""
    match event:
        case BotChanged(row=row):
            return ("bot", row.bot_id)
        case AccountChanged(row=account):
            return ("account", account.account_id)
        case FeedChanged(row=feed):
            return ("feed", feed.venue)
        case PositionsChanged(account_id=account_id):
            return ("positions", account_id)
        case HaltsChanged():
            return ("halts",)
        case _:
            return None


def concerns(event: AnyEvent, bot_id: str) -> bool:
    """Return whether someone who follows one bot wants `event`."""
    match event:
        case BotAdded(row=row) | BotChanged(row=row):
            return row.bot_id == bot_id
        case OrderChanged(order=order):
            return order.bot_id == bot_id
        case FillRecorded(fill=fill):
            return fill.bot_id == bot_id
        case LineLogged(line=line):
            return line.bot_id == bot_id
        case BotRemoved() | DecisionMade() | BarClosed() | AlarmRaised():
            return event.bot_id == bot_id
        case _:
            return isinstance(event, _FOR_ALL)
