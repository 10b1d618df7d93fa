"""One bot's place in the daemon: it outlives the bot's incarnations, runs and rests."""

from __future__ import annotations

from collections.abc import Hashable

import anyio

from algobot.model import BotSpec, BotState, Instrument
from daemon.account_book import Book
from daemon.bot import Bot
from daemon.bot_ports import Memory
from daemon.feed import BotMailbox
from daemon.mailbox import Mailbox
from daemon.messages import BotFill, BotMarket, FillArrived, QuoteArrived

BARS_WAITING = 256


def conflation_key(message: BotMarket) -> Hashable | None:
    """Return what quotes conflate by; bars never do."""
    return QuoteArrived if isinstance(message, QuoteArrived) else None  # a bot has one instrument


class Place:
    """What the daemon knows of one bot."""

    __slots__ = (
        "at_rest",
        "bot",
        "ended",
        "instrument",
        "joined",
        "late",
        "launching",
        "mailbox",
        "memory",
        "origin",
        "owned",
        "reason",
        "simulated",
        "spec",
        "state",
    )

    def __init__(self, spec: BotSpec, origin: str, memory: Memory, *, simulated: bool = False) -> None:
        self.spec = spec
        self.origin = origin  # "config" or "ctl"
        self.memory = memory
        self.simulated = simulated  # where it trades no real money moves
        self.owned: Book | None = None  # by the ledger, before it first runs
        self.bot: Bot | None = None  # the present incarnation, or the last one
        self.instrument: Instrument | None = None
        self.mailbox: BotMailbox = Mailbox(conflation_key, limit=BARS_WAITING)
        self.state: BotState | None = BotState.CREATED  # None: ask the bot itself
        self.reason = ""
        self.at_rest = True
        self.joined = False  # its mailbox is read
        self.late: list[FillArrived] = []  # came while it rested
        self.launching = anyio.CancelScope()
        self.ended = anyio.Event()

    def begin_launch(self, state: BotState) -> None:
        """It is about to run."""
        self.at_rest = False
        self.bot = None
        self.state, self.reason = state, ""
        self.launching = anyio.CancelScope()
        self.ended = anyio.Event()

    def join(self, instrument: Instrument) -> None:
        """Its mailbox, a fresh one with the fills that came meanwhile, is read from now on."""
        self.instrument = instrument
        self.mailbox = Mailbox(conflation_key, limit=BARS_WAITING)
        self.joined = True
        for arrived in self.late:
            self.mailbox.tell_fill(arrived)
        self.late.clear()

    def keep(self, message: BotFill) -> None:
        """Keep for the next start what happened to its orders while nobody read."""
        if isinstance(message, FillArrived):
            self.late.append(message)
        else:
            self.memory.slate = self.memory.slate.move(message.order)

    def end(self, state: BotState, reason: str) -> None:
        """It runs no more; what it was told of its orders and did not read any more is kept for the next start."""
        self.at_rest, self.joined = True, False
        for message in self.mailbox.take_fills():
            self.keep(message)
        self.state, self.reason = state, reason
        self.bot = None
        self.ended.set()
