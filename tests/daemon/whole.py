"""A whole daemon in this process, on a venue in memory: everything real but the venue."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import anyio
import msgspec

from algobot.config import AccountSection, BotSection, Config, DaemonSection, VenueSection
from algobot.model import AccountId, BotId, BotMode, BotState, Symbol
from algobot.venues.keys import Keys
from algobot.venues.port import Account, Market
from daemon import logs
from daemon.desk import Desk
from daemon.lifecycle import Daemon
from tests.daemon.builders import a_bar
from tests.fakes.venue import FakeVenue
from tests.waiting import until

PARAMS: dict[str, int | float | bool | str] = {"fast": 2, "slow": 4, "atr_period": 1}


class Adapters:
    """Every venue and account is the fake one."""

    def __init__(self, venue: FakeVenue) -> None:
        self.venue = venue

    def market(self, name: str, section: VenueSection) -> Market:
        """Return the fake's market."""
        return self.venue.market()

    def account(
        self, name: str, section: AccountSection, venue: VenueSection, keys: Keys, shared: Market | None = None
    ) -> Account:
        """Return the fake's account."""
        return self.venue.account()


def a_section(mode: BotMode = BotMode.PAPER, **changes: object) -> BotSection:
    """Return a bot's section: a crossover on BTC."""
    section = BotSection(
        strategy="ma_crossover",
        symbol=Symbol("BTC/USDT"),
        account=AccountId("main"),
        capital=Decimal(10_000),
        mode=mode,
        position_fraction=0.5,
        params=PARAMS,
    )
    return msgspec.structs.replace(section, **changes)


def a_config(folder: Path, bots: dict[str, BotSection], *, live: bool = True) -> Config:
    """Return a configuration whose state lies in `folder`; the keys are made up."""
    keys = folder / "keys.toml"
    keys.touch(mode=0o600)
    keys.write_text(f'api_key = "key-of-{folder.name}"\nsecret = "a secret"\n')
    return Config(
        daemon=DaemonSection(state_dir=str(folder / "state"), socket=str(folder / "run" / "c.sock"), guard="off"),
        venues={"fake": VenueSection()},
        accounts={AccountId("main"): AccountSection(venue="fake", key_file=str(keys), live=live)},
        bots=bots,
    )


class Whole(msgspec.Struct):
    """What a test holds of a running daemon."""

    daemon: Daemon
    desk: Desk
    log: io.StringIO

    async def state(self, bot_id: str) -> BotState:
        """Return where a bot is."""
        return (await self.desk.bot(BotId(bot_id))).row.state


@asynccontextmanager
async def a_daemon(
    venue: FakeVenue, config: Config, *, load: Callable[[], Config] | None = None, wait: bool = True
) -> AsyncIterator[Whole]:
    """Run a daemon until the block ends, then stop it as SIGTERM does."""
    stream = io.StringIO()
    started = logs.start(level="info", form="json", stream=stream)
    try:
        daemon = Daemon(
            config, load or (lambda: config), started, "test", adapters=Adapters(venue), compile_first=False
        )
        async with anyio.create_task_group() as group:
            group.start_soon(daemon.serve)
            await until(lambda: daemon.desk is not None)
            assert daemon.desk is not None
            whole = Whole(daemon, daemon.desk, stream)
            if wait:
                await until(lambda: whole.desk.state == "ready", within_s=20)
            yield whole
            daemon.stop("the test is over")
    finally:
        started.close()


def history(venue: FakeVenue, closes: list[float], *, symbol: str = "BTC/USDT") -> None:
    """Let the venue have had these bars, and quote the last close."""
    venue.history[(symbol, "1m")] = [a_bar(n, close) for n, close in enumerate(closes)]
    venue.quote(symbol, closes[-1] - 0.01, closes[-1] + 0.01)


async def bars(venue: FakeVenue, whole: Whole, closes: list[float], *, bots: list[str]) -> None:
    """Let bars close one after the other, each after all `bots` folded the one before."""
    for close in closes:
        number = len(venue.history[("BTC/USDT", "1m")])
        bar = a_bar(number, close)
        venue.quote("BTC/USDT", close - 0.01, close + 0.01)
        venue.bar("BTC/USDT", "1m", bar)

        def folded(wanted: int = bar.close_ns) -> bool:
            rows = {row.bot_id: row for row in whole.daemon.roster.rows()}
            return all(rows[BotId(name)].last_bar_ns >= wanted for name in bots)

        await until(folded)
