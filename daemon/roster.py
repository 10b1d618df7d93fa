"""All the bots there are: who runs, who rests, and everything that is told to them by name."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import anyio
import anyio.abc
import msgspec
import structlog

from algobot.errors import AlgobotError, NotFound, Refused
from algobot.latch import Latch
from algobot.model import (
    BotId,
    BotMode,
    BotSpec,
    BotState,
    ClientOrderId,
    Instrument,
    as_decimal,
    timeframe_ns,
)
from algobot.protocol.rows import BotDetail, BotRow
from daemon import messages as m
from daemon.account_book import birth, fold
from daemon.bot import Bot
from daemon.bot_ports import Birth, Memory, Weather
from daemon.bot_record import Record
from daemon.bot_row import row_at_rest, row_of
from daemon.chores import Chores
from daemon.gallery import Gallery
from daemon.order_slate import Slate, Tracked
from daemon.outlets import RoomOutlets
from daemon.place import Place
from daemon.rooms import Rooms
from daemon.store import BotForgotten, BotRecord
from daemon.supervisor import Supervisor
from daemon.tally import Totals, tally

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.bots")


class Roster:
    """The bots by name. Also the supervisor's observer and the gateways' `Deliver`."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._places: dict[BotId, Place] = {}
        self.chores = Chores()
        self.gallery = Gallery(self._places.values(), rooms.announcer.hub)
        self._group: anyio.abc.TaskGroup | None = None
        self._supervisor: Supervisor | None = None

    def enter(self, group: anyio.abc.TaskGroup) -> None:
        """Run the bots in this task group from now on."""
        self._group = group
        self._supervisor = Supervisor(group, self)
        group.start_soon(self.chores.run, name="chores")
        group.start_soon(self.gallery.run, name="gallery")

    # --- who there is ---------------------------------------------------------------------------------------------

    async def admit(self, spec: BotSpec, origin: str) -> None:
        """Take in a bot, at rest.

        Raises:
            Refused: the name is taken.
            ConfigError: no such account, strategy, parameter or timeframe; or real money is not allowed there.
        """
        if spec.bot_id in self._places:
            raise Refused(f"there is a bot {spec.bot_id!r} already", hint="remove it first, or choose another name")
        await self.check(spec)
        memory = Memory(weather=Weather(), record=Record(float(spec.capital)))
        simulated = self._rooms.venues[spec.account_id] in self._rooms.simulated
        self._places[spec.bot_id] = Place(spec, origin, memory, simulated=simulated)
        if spec.mode is BotMode.LIVE:
            self._rooms.money[spec.account_id].add_bot(spec)
        self._rooms.announcer.bot_added(self.row(spec.bot_id))

    async def check(self, spec: BotSpec) -> None:
        """Return if this bot can be run here. Raises ConfigError."""
        timeframe_ns(spec.timeframe)
        if spec.account_id not in self._rooms.venues:
            known = ", ".join(sorted(self._rooms.venues)) or "none"
            raise NotFound(f"there is no account {spec.account_id!r}", hint=f"accounts: {known}")
        if spec.mode is BotMode.LIVE and spec.account_id not in self._rooms.money:
            hint = "set live = true and a key_file for the account in config.toml, then restart the daemon"
            raise Refused(f"account {spec.account_id!r} does not trade real money", hint=hint)
        strategy = await self._rooms.strategies.get(spec.strategy)
        strategy.params(spec.params)

    def forget(self, bot_id: BotId) -> None:
        """Let go of a bot that rests and owns nothing. Raises Refused when it does not."""
        place = self.place(bot_id)
        row = self.row(bot_id)
        if not place.at_rest:
            raise Refused(f"{bot_id} is {row.state.value}", hint=f"stop it first: algobot ctl stop {bot_id}")
        if self.holds(bot_id):
            raise Refused(f"{bot_id} holds {row.position}", hint=f"start it, then: algobot ctl stop {bot_id} --flatten")
        del self._places[bot_id]
        if money := self._rooms.money.get(place.spec.account_id):
            money.drop_bot(bot_id)
        self._rooms.store.soon(BotForgotten(bot_id))
        self._rooms.announcer.bot_removed(bot_id)

    def holds(self, bot_id: BotId) -> bool:
        """Return whether a bot has a position that a venue would take an order for; dust is none."""
        row, instrument = self.row(bot_id), self.place(bot_id).instrument
        if instrument is None or not row.mark:  # what cannot be judged is no dust
            return bool(row.position)
        return bool(row.position) and not instrument.is_dust(row.position, as_decimal(row.mark))

    def place(self, bot_id: BotId) -> Place:
        """Return a bot's place. Raises NotFound."""
        if bot_id not in self._places:
            known = ", ".join(sorted(self._places)) or "there are none"
            raise NotFound(f"there is no bot {bot_id!r}", hint=f"bots: {known}")
        return self._places[bot_id]

    def places(self) -> list[Place]:
        """Return all places, by name."""
        return [self._places[bot_id] for bot_id in sorted(self._places)]

    def specs(self) -> list[BotSpec]:
        """Return all specs, by name."""
        return [place.spec for place in self.places()]

    def row(self, bot_id: BotId) -> BotRow:
        """Return a bot as it stands. Raises NotFound."""
        place = self.place(bot_id)
        if place.bot is not None and not place.at_rest and place.state is None:
            return row_of(place.bot, simulated=place.simulated)
        book = place.memory.book or place.owned or birth(place.spec.capital)
        if place.instrument is not None:
            book = fold(book, (late.fill for late in place.late), place.instrument)
        mark = self._rooms.feed(place.spec.account_id).mark(place.spec.symbol)
        return row_at_rest(
            place.spec,
            place.memory,
            book,
            state=place.state or BotState.STOPPED,
            reason=place.reason,
            mark=mark,
            bar_ns=timeframe_ns(place.spec.timeframe),
            simulated=place.simulated,
        )

    def rows(self) -> list[BotRow]:
        """Return all rows, by name."""
        return [self.row(bot_id) for bot_id in sorted(self._places)]

    async def totals(self) -> Totals:
        """Return what all bots come to."""
        return await tally(self._places, self.row)

    def detail(self, bot_id: BotId) -> BotDetail:
        """Return a bot with its curves and decisions; orders and fills are for the caller to add."""
        place = self.place(bot_id)
        record = place.memory.record
        return BotDetail(
            row=self.row(bot_id),
            spec=place.spec,
            orders=[],
            fills=[],
            equity_curve=record.curve.equities(),
            prices=record.curve.prices(),
            decisions=list(record.decisions),
        )

    # --- starting and stopping ------------------------------------------------------------------------------------

    def start(self, bot_id: BotId) -> bool:
        """Let a bot run as soon as its account and its market data are there; False when it does already."""
        place = self.place(bot_id)
        if not place.at_rest:
            return False
        assert self._group is not None
        place.begin_launch(BotState.RECONCILING if place.spec.mode is BotMode.LIVE else BotState.WARMING)
        self._show(place)
        self._group.start_soon(self._launch, place, name=f"launch {bot_id}")
        return True

    async def look_up(self, bot_id: BotId) -> None:
        """Find out what a bot that does not run owns, for its row."""
        place = self.place(bot_id)
        feed = self._rooms.feed(place.spec.account_id)
        try:
            instrument = await feed.instrument(place.spec.symbol)
            fills = await self._rooms.store.reads.fills_after(0, bot_id)
            orders, _ = await self._rooms.store.reads.counts(bot_id)
            before = await self._rooms.store.reads.checkpoint(bot_id)
        except (AlgobotError, sqlite3.Error) as error:
            log.error("bot.not_looked_up", bot_id=bot_id, message=str(error))
            return
        if place.at_rest and place.memory.book is None:
            paper = place.spec.mode is BotMode.PAPER
            mine = (one.fill for one in fills if one.paper is paper)
            place.instrument, place.memory.orders = instrument, orders
            place.owned = fold(birth(place.spec.capital), mine, instrument)
            place.state = BotState.STOPPED if before is not None else place.state
            self._show(place)

    async def halt_task(self, bot_id: BotId) -> None:
        """End a bot's task where it stands: its orders stay, its memory too."""
        place = self.place(bot_id)
        place.launching.cancel()
        if self._supervisor is not None:
            await self._supervisor.stop(bot_id)
        self._rest(place, BotState.STOPPED, "")

    async def _launch(self, place: Place) -> None:
        """Wait for account and market, load, run."""
        with place.launching:
            try:
                instrument = await self._instrument(place)
                if place.memory.book is None:
                    await self._load(place)
                self._run(place, instrument)
            except (AlgobotError, sqlite3.Error) as error:
                log.error("bot.not_started", bot_id=place.spec.bot_id, message=str(error))
                self._rest(place, BotState.QUARANTINED, str(error))

    async def _instrument(self, place: Place) -> Instrument:
        spec = place.spec
        if spec.mode is BotMode.LIVE:
            money = self._rooms.money[spec.account_id]
            place.reason = money.row().reason or "its account is being compared with the venue"
            while not money.ready:  # asked again: an account that is connected anew is ready anew
                with anyio.move_on_after(1):
                    await money.wait_ready()
            return money.instrument(spec.symbol)
        feed = self._rooms.feed(spec.account_id)
        return await feed.instrument(spec.symbol)

    async def _load(self, place: Place) -> None:
        """Fill a bot's memory from the store: checkpoint, every fill, its course, its orders that may still move."""
        spec, reads, memory = place.spec, self._rooms.store.reads, place.memory
        memory.checkpoint = await reads.checkpoint(spec.bot_id)
        fills = await reads.fills_after(0, spec.bot_id)
        paper = spec.mode is BotMode.PAPER
        memory.ledger = tuple(m.FillArrived(one.fill, one.ledger_seq) for one in fills if one.paper is paper)
        memory.orders, _ = await reads.counts(spec.bot_id)
        if checkpoint := memory.checkpoint:
            memory.record = Record(
                float(spec.capital), day_start=checkpoint.day_start_equity, day_start_ns=checkpoint.day_start_ns
            )
        memory.record.resume(await reads.equity(spec.bot_id))
        booked: dict[ClientOrderId, Decimal] = {}
        for one in memory.ledger:
            key = one.fill.client_order_id
            booked[key] = booked.get(key, Decimal(0)) + one.fill.quantity
        if money := self._rooms.money.get(spec.account_id):
            live = money.orders(spec.bot_id)
            memory.slate = Slate(
                tracked={o.client_order_id: Tracked(o, booked.get(o.client_order_id, Decimal(0))) for o in live}
            )

    def _run(self, place: Place, instrument: Instrument) -> None:
        """Hand a bot to the supervisor and its mailbox to the feed."""
        assert self._supervisor is not None
        spec, rooms, memory = place.spec, self._rooms, place.memory
        place.join(instrument)
        memory.stopping, memory.closing = False, ""
        money = rooms.money.get(spec.account_id) if spec.mode is BotMode.LIVE else None
        latch = rooms.halts.covering(spec.account_id, spec.bot_id)
        memory.weather = msgspec.structs.replace(
            memory.weather,
            account_ready=money is None or money.ready,
            feed_live=False,
            halt_reason=latch.words if latch is not None else "",
            may_reduce=latch is None or latch.mode == "flatten",
        )
        feed = rooms.feed(spec.account_id)
        outlets = RoomOutlets(place, rooms, self.chores)
        strategy = rooms.strategies.known(spec.strategy)

        def make() -> Bot:
            bot = Bot(
                Birth(place.spec, instrument, strategy, memory), rooms.strategies.session(spec, instrument), outlets
            )
            place.bot, place.state, place.reason = bot, None, ""
            return bot

        guards = spec.mode is BotMode.LIVE  # a paper bot's stops are matched within bars
        feed.join(spec.bot_id, spec.symbol, spec.timeframe, place.mailbox, quotes=guards)
        self._supervisor.start(spec.bot_id, place.mailbox, make)

    def _rest(self, place: Place, state: BotState, reason: str) -> None:
        """Take a bot off the feed and leave it at rest."""
        self._rooms.feed(place.spec.account_id).leave(place.spec.bot_id)
        place.end(state, reason)
        self._show(place)

    # --- telling --------------------------------------------------------------------------------------------------

    def deliver(self, bot_id: BotId, message: m.BotFill | m.BotControl) -> None:
        """Put a message in a bot's mailbox, in the lane of its kind; what a resting bot must know, is kept for it."""
        place = self._places.get(bot_id)
        if place is None:
            return
        match message:
            case m.FillArrived() | m.OrderMoved() if place.joined:
                place.mailbox.tell_fill(message)
            case m.FillArrived() | m.OrderMoved():
                place.keep(message)
            case _ if place.joined:
                place.mailbox.tell_control(message)
            case m.PauseBot() | m.ResumeBot():
                paused = isinstance(message, m.PauseBot)
                reason = "paused by a person" if paused else ""
                place.memory.weather = msgspec.structs.replace(place.memory.weather, paused=paused, pause_reason=reason)
            case _:
                pass  # all else it sees for itself when it starts

    def halts_changed(self, latches: list[Latch]) -> None:
        """Tell every bot what now halts it, if anything; a wish to flatten closes its position."""
        for place in self._places.values():
            latch = self._rooms.halts.covering(place.spec.account_id, place.spec.bot_id)
            reason = latch.words if latch is not None else ""
            flatten = latch is not None and latch.mode == "flatten"
            self.deliver(place.spec.bot_id, m.HaltChanged(reason, latch is None or flatten))
            if flatten and latch in latches:  # a missing guard allows exits, it asks for none
                self.deliver(place.spec.bot_id, m.CloseBot(tag="flatten", pause=True))

    def change(self, spec: BotSpec) -> None:
        """Give a bot other limits, at once or when it starts; the store knows them too."""
        place = self.place(spec.bot_id)
        place.spec = spec
        self.keep(place)
        self.deliver(spec.bot_id, m.SpecChanged(spec))
        if spec.mode is BotMode.LIVE:
            self._rooms.money[spec.account_id].add_bot(spec)

    def keep(self, place: Place) -> None:
        """Make a bot's spec durable."""
        self._rooms.store.soon(BotRecord(place.spec, place.origin, self._rooms.clock.wall_ns()))

    def look_again(self) -> None:
        """Remind the bots that wait for it that time has passed; a thousand that do not are left asleep."""
        message = m.LookAgain()
        for place in self._places.values():
            if place.joined and place.bot is not None and place.bot.restless:
                place.mailbox.tell_control(message)

    def last_words(self) -> None:
        """Checkpoint every running bot; ask it first to settle the bar it decided on last."""
        for place in self._places.values():
            if place.joined and place.state is None and place.bot is not None:
                place.bot.settle()
            if place.joined and place.memory.checkpoint is not None:
                self._rooms.store.soon(place.memory.checkpoint)

    # --- the supervisor's observer --------------------------------------------------------------------------------

    def slow(self, name: str, message: object, duration_ns: int) -> None:
        """As the port promises."""
        log.warning("bot.slow", bot_id=name, handling=type(message).__name__, ms=duration_ns // 1_000_000)

    def poisoned(self, name: str, message: object, reason: str) -> None:
        """As the port promises."""
        text = f"{type(message).__name__} crashed it twice and is skipped: {reason}"
        self._rooms.announcer.alarm("bot.message_skipped", text, "please report it with the log", name)
        log.error("bot.poison", bot_id=name, content=repr(message)[:2000])

    def faulted(self, name: str, reason: str, delay_s: float) -> None:
        """As the port promises."""
        log.error("bot.faulted", bot_id=name, message=reason, restart_in_s=round(delay_s, 2))
        place = self._places[BotId(name)]
        place.state, place.reason = BotState.FAULTED, f"{reason}; restarts in {delay_s:.1f} s"
        self._show(place)

    def restarted(self, name: str, restarts: int) -> None:
        """As the port promises."""
        self._places[BotId(name)].memory.restarts += 1

    def quarantined(self, name: str, reason: str) -> None:
        """As the port promises; what it has open is canceled, nobody would look after it."""
        place = self._places[BotId(name)]
        self._rest(place, BotState.QUARANTINED, reason)
        if money := self._rooms.money.get(place.spec.account_id):
            money.tell(m.CancelBot(place.spec.bot_id, "quarantined"))
        hint = f"look at its log, then release it: algobot ctl start {name}"
        self._rooms.announcer.alarm("bot.quarantined", f"{name} failed too often: {reason}", hint, name)

    def ended(self, name: str) -> None:
        """As the port promises."""
        place = self._places.get(BotId(name))
        if place is not None and not place.at_rest:
            self._rest(place, BotState.STOPPED, "")

    def _show(self, place: Place) -> None:
        self._rooms.announcer.bot_changed(self.row(place.spec.bot_id))
