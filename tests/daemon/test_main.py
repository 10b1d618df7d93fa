"""The whole daemon on a venue in memory: start, trade, steer, halt, reload, stop, come back."""

from __future__ import annotations

import contextlib
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from algobot.config import Config
from algobot.errors import ConfigError, Halted, LockHeld, NotFound, Refused, StrategyError
from algobot.model import AccountId, BotId, BotMode, BotState, OrderStatus, Side
from daemon import messages as m
from daemon.assembly import prepare_state_dir
from tests.daemon.builders import a_spec
from tests.daemon.whole import Whole, a_config, a_daemon, a_section, bars, history
from tests.fakes.venue import Answer, FakeVenue
from tests.waiting import until

pytestmark = pytest.mark.anyio
FLAT = [100.0] * 12
UP = [101.0, 102.0, 103.0]
DOWN = [99.0, 95.0, 90.0]


async def held(whole: Whole, bot_id: str) -> Decimal:
    """Return a bot's position."""
    return (await whole.desk.bot(BotId(bot_id))).row.position


async def test_a_live_and_a_paper_bot_trade_and_the_ledger_agrees_with_the_venue(tmp_path: Path) -> None:
    """From configuration to fills: orders at the venue equal our intents, cash is exact, nothing drifts."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"alpha": a_section(BotMode.LIVE), "paul": a_section()})) as whole:
        status = await whole.desk.status()
        assert status.bots == {"running": 2}
        assert [account.state for account in status.accounts] == ["ready"]
        await bars(venue, whole, UP, bots=["alpha", "paul"])
        await until(lambda: len(venue.trades) == 1)
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).position == venue.trades[0].quantity)
        row = (await whole.desk.bot(BotId("alpha"))).row
        trade = venue.trades[0]
        assert row.cash == Decimal(10_000) - trade.quantity * trade.price - trade.fee
        assert row.last_decision == "long"
        assert "fast SMA" in row.last_reason
        assert (await held(whole, "paul")) > 0
        detail = await whole.desk.bot(BotId("alpha"))
        assert [order.status for order in detail.orders] == [OrderStatus.FILLED]
        assert len(detail.equity_curve) == 3
        done = await whole.desk.reconcile()
        assert done.ok
        assert [position.drift for position in done.positions] == [0] * len(done.positions)
        snapshot = await whole.desk.snapshot()
        assert {order.bot_id for order in snapshot.orders} == {"alpha", "paul"}
        assert snapshot.seq == whole.desk._rooms.announcer.hub.seq


async def test_after_a_restart_bots_go_on_with_position_and_history_and_send_nothing_twice(tmp_path: Path) -> None:
    """Position, cash, counts and the paused state are there again; bars missed meanwhile are folded untraded."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE), "paul": a_section()})
    async with a_daemon(venue, config) as whole:
        await bars(venue, whole, UP, bots=["alpha", "paul"])
        await until(lambda: len(venue.trades) == 1)
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).fills == 1)
        await whole.desk.pause_bot(BotId("paul"))
        before = [msgspec.structs.replace(row, started_ns=0) for row in (await whole.desk.bots()).bots]
    assert "daemon.leaves" in whole.log.getvalue()
    numbers = len(venue.history[("BTC/USDT", "1m")])
    venue.history[("BTC/USDT", "1m")] += [
        msgspec.structs.replace(bar, open_ns=bar.open_ns + 3 * 60 * 10**9, close_ns=bar.close_ns + 3 * 60 * 10**9)
        for bar in venue.history[("BTC/USDT", "1m")][-3:]
    ]
    async with a_daemon(venue, config) as whole:
        after = (await whole.desk.bots()).bots
        for old, new in zip(before, after, strict=True):
            assert (old.position, old.cash, old.orders, old.fills) == (new.position, new.cash, new.orders, new.fills)
            assert new.last_bar_ns == venue.history[("BTC/USDT", "1m")][numbers + 2].close_ns
        assert await whole.state("paul") is BotState.PAUSED
        assert await whole.state("alpha") is BotState.RUNNING
        assert len(venue.submits) == 1
        await bars(venue, whole, DOWN, bots=["alpha", "paul"])
        await until(lambda: len(venue.trades) == 2)
        assert [trade.side for trade in venue.trades] == [Side.BUY, Side.SELL]
        assert (await whole.desk.reconcile()).ok


async def test_a_bot_is_added_stopped_started_and_removed_at_run_time(tmp_path: Path) -> None:
    """All of a bot's life by the desk; what a person stopped stays stopped over a restart."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"paul": a_section()})
    spec = a_spec("late", params={"fast": 2, "slow": 4, "atr_period": 1})
    async with a_daemon(venue, config) as whole:
        await whole.desk.add_bot(spec)
        await until(lambda: whole.daemon.roster.row(BotId("late")).state is BotState.RUNNING)
        with pytest.raises(Refused, match="already"):
            await whole.desk.add_bot(spec)
        with pytest.raises(StrategyError, match="has no parameter"):
            await whole.desk.add_bot(a_spec("wrong", params={"speed": 3}))
        with pytest.raises(NotFound, match="no account"):
            await whole.desk.add_bot(msgspec.structs.replace(a_spec("lost"), account_id=AccountId("nowhere")))
        with pytest.raises(Refused, match="running"):
            await whole.desk.remove_bot(BotId("late"))
        await whole.desk.stop_bot(BotId("late"))
        assert await whole.state("late") is BotState.STOPPED
        with pytest.raises(Refused, match="stopped"):
            await whole.desk.pause_bot(BotId("late"))
        await whole.desk.stop_bot(BotId("paul"))
    async with a_daemon(venue, config) as whole:
        assert [await whole.state(name) for name in ("late", "paul")] == [BotState.CREATED, BotState.CREATED]
        await whole.desk.start_bot(BotId("paul"))
        await until(lambda: whole.daemon.roster.row(BotId("paul")).state is BotState.RUNNING)
        await whole.desk.remove_bot(BotId("late"))
        with pytest.raises(NotFound, match="no bot 'late'"):
            await whole.desk.bot(BotId("late"))


async def test_what_a_person_asked_for_is_on_disk_when_the_answer_comes(tmp_path: Path) -> None:
    """A crash right after the answer forgets nothing."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"paul": a_section()})) as whole:
        for ask, paused in ((whole.desk.pause_bot, 1), (whole.desk.resume_bot, 0)):
            await ask(BotId("paul"))
            with contextlib.closing(sqlite3.connect(tmp_path / "state" / "algobot.db")) as database:
                assert database.execute("SELECT paused FROM checkpoints").fetchall() == [(paused,)]


async def test_stopping_with_flatten_sells_and_restart_keeps_what_is_held(tmp_path: Path) -> None:
    """Close, restart and stop --flatten do what they say, at the venue too."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"alpha": a_section(BotMode.LIVE)})) as whole:
        await bars(venue, whole, UP, bots=["alpha"])
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).position > 0)
        held_before = await held(whole, "alpha")
        await whole.desk.restart_bot(BotId("alpha"))
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).state is BotState.RUNNING)
        assert await held(whole, "alpha") == held_before
        done = await whole.desk.stop_bot(BotId("alpha"), flatten=True)
        assert done.message == "alpha is stopped"
        assert await held(whole, "alpha") == 0
        assert venue.totals["BTC"] == 1


async def test_the_kill_switch_halts_all_bots_and_unhalt_lets_them_trade_again(tmp_path: Path) -> None:
    """Halted bots say so and open nothing; a touched file does the same; the latch survives a restart."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE), "paul": a_section()})
    async with a_daemon(venue, config) as whole:
        killed = await whole.desk.kill(mode="cancel", reason="drill", by="test")
        assert (killed.gate_closed, killed.safe, killed.orders_left) == (True, True, [])
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).state is BotState.HALTED)
        assert "halted" in (await whole.desk.resume_bot(BotId("alpha"))).message, "the latch still holds it"
        await bars(venue, whole, UP, bots=["alpha", "paul"])
        assert venue.submits == []
        assert await held(whole, "paul") == 0
    async with a_daemon(venue, config) as whole:
        assert await whole.state("alpha") is BotState.HALTED
        with pytest.raises(Refused, match="needs a reason"):
            await whole.desk.unhalt(reason=" ")
        await whole.desk.unhalt(reason="the drill is over", by="test")
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).state is BotState.RUNNING)
        (tmp_path / "state" / "HALT.bot.paul").touch()
        await until(lambda: whole.daemon.roster.row(BotId("paul")).state is BotState.HALTED)
        assert await whole.state("alpha") is BotState.RUNNING


async def test_kill_with_flatten_closes_every_position(tmp_path: Path) -> None:
    """Live and paper positions are closed, the bots paused, and the truth is told."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE), "paul": a_section()})
    async with a_daemon(venue, config) as whole:
        await bars(venue, whole, UP, bots=["alpha", "paul"])
        await until(lambda: all(row.position > 0 for row in whole.daemon.roster.rows()))
        killed = await whole.desk.kill(mode="flatten", reason="drill", by="test")
        assert killed.notes == []
        assert [row.position for row in (await whole.desk.bots()).bots] == [0, 0]
        assert venue.totals["BTC"] == 1


async def test_closing_under_a_halt_that_lets_nothing_out_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody waits for what cannot come: the answer names the latch and what closes positions all the same."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"ann": a_section()})) as whole:
        await bars(venue, whole, UP, bots=["ann"])
        assert await held(whole, "ann") > 0
        await whole.desk.kill(mode="halt", reason="drill", by="test")
        with pytest.raises(Halted, match="ann cannot close its position"):
            await whole.desk.close_bot(BotId("ann"))
        with pytest.raises(Halted, match="ann cannot close its position"):
            await whole.desk.flatten()
        await whole.desk.kill(mode="flatten", reason="drill", by="test")
        assert await held(whole, "ann") == 0


async def test_flatten_pauses_and_closes_one_bot_and_leaves_the_other(tmp_path: Path) -> None:
    """The scope is kept to."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"ann": a_section(), "bob": a_section()})) as whole:
        await bars(venue, whole, UP, bots=["ann", "bob"])
        await whole.desk.flatten(bot_id=BotId("ann"))
        assert await held(whole, "ann") == 0
        assert await whole.state("ann") is BotState.PAUSED
        assert await held(whole, "bob") > 0


async def test_a_reload_applies_all_of_it_or_nothing(tmp_path: Path) -> None:
    """Added, changed and removed bots follow the file; one mistake and nothing changes."""
    venue = FakeVenue()
    history(venue, FLAT)
    first = a_config(tmp_path, {"ann": a_section(), "bob": a_section()})
    now: list[Config] = [first]
    async with a_daemon(venue, first, load=lambda: now[0]) as whole:
        now[0] = msgspec.structs.replace(
            first, bots={"ann": a_section(position_fraction=0.1), "cat": a_section(), "dud": a_section(strategy="none")}
        )
        with pytest.raises(StrategyError, match="no strategy named 'none'"):
            await whole.desk.reload()
        assert [row.bot_id for row in (await whole.desk.bots()).bots] == ["ann", "bob"]
        now[0] = msgspec.structs.replace(
            first, bots={"ann": a_section(position_fraction=0.1), "cat": a_section(params={"fast": 3, "slow": 5})}
        )
        planned = await whole.desk.reload(dry_run=True)
        assert (planned.added, planned.removed, planned.changed) == (["cat"], ["bob"], ["ann"])
        assert [row.bot_id for row in (await whole.desk.bots()).bots] == ["ann", "bob"]
        assert await whole.desk.reload() == planned
        await until(lambda: whole.daemon.roster.row(BotId("cat")).state is BotState.RUNNING)
        assert [row.bot_id for row in (await whole.desk.bots()).bots] == ["ann", "cat"]
        assert (await whole.desk.bot(BotId("ann"))).spec.position_fraction == 0.1
        now[0] = msgspec.structs.replace(now[0], bots={"ann": now[0].bots["ann"], "cat": a_section()})
        told = await whole.desk.reload()
        assert told.changed == []
        assert told.restart_needed == ["bots.cat.params"]
        assert await whole.desk.reload() == told, "it is as true the second time"


async def test_a_reload_takes_over_how_loud_it_is_and_how_it_ends(tmp_path: Path) -> None:
    """The next line and the next stop are as the file now says; what a restart needs stays as it was."""
    venue = FakeVenue(fills_at_once=False)
    history(venue, FLAT)
    first = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE)})
    wanted = msgspec.structs.replace(first.daemon, log_level="error", on_stop="cancel", instance="other")
    second = msgspec.structs.replace(first, daemon=wanted)
    async with a_daemon(venue, first, load=lambda: second) as whole:
        told = await whole.desk.reload()
        assert sorted(told.changed) == ["daemon.log_level", "daemon.on_stop"]
        assert told.restart_needed == ["daemon.instance"]
        assert whole.daemon._logs.flush()
        before = whole.log.getvalue()
        await whole.desk.reload()
        assert whole.daemon._logs.flush()
        assert whole.log.getvalue() == before, "info lines are no longer written"
        assert whole.daemon.config.daemon.instance == "main"
        await bars(venue, whole, UP, bots=["alpha"])
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).orders_open == 1 and len(venue.accepted) == 1)
    assert [resting.status for resting in venue.orders.values()] == [OrderStatus.CANCELED]


async def test_an_account_whose_venue_is_dead_waits_and_paper_bots_wait_with_a_reason(tmp_path: Path) -> None:
    """Nobody answers: the daemon says so, serves, and goes on by itself once the venue is back."""
    venue = FakeVenue(down=True)
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE), "paul": a_section()})
    async with a_daemon(venue, config, wait=False) as whole:
        await until(lambda: len(whole.daemon.roster.places()) == 2)
        await until(
            lambda: bool(whole.desk._rooms.money) and bool(whole.desk._rooms.money[AccountId("main")].row().reason)
        )
        waiting = [BotState.RECONCILING, BotState.WARMING]
        await until(lambda: [row.state for row in whole.daemon.roster.rows()] == waiting)
        assert (await whole.desk.status()).state == "starting"
        with pytest.raises(Refused, match="starting"):
            await whole.desk.pause_bot(BotId("paul"))
        venue.down = False
        await until(lambda: whole.desk.state == "ready", within_s=20)
        assert [await whole.state(name) for name in ("alpha", "paul")] == [BotState.RUNNING, BotState.RUNNING]


async def test_an_order_of_unknown_fate_is_never_sent_again(tmp_path: Path) -> None:
    """The reply is lost: the bot waits, the order is found at the venue, its fill is booked, one order exists."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"alpha": a_section(BotMode.LIVE)})) as whole:
        venue.submit_answers.append(Answer.LOSE_REPLY)
        await bars(venue, whole, UP, bots=["alpha"])
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).position > 0, within_s=15)
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).state is BotState.RUNNING, within_s=15)
        assert len(venue.submits) == len(venue.accepted) == 1


@pytest.mark.parametrize(("on_stop", "left"), [("leave", 1), ("cancel", 0)])
async def test_a_stop_touches_orders_only_where_the_configuration_says_so(
    tmp_path: Path, on_stop: Literal["leave", "cancel"], left: int
) -> None:
    """An order that rests at the venue stays by default, and is canceled with on_stop = cancel."""
    venue = FakeVenue(fills_at_once=False)
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE)})
    config = msgspec.structs.replace(config, daemon=msgspec.structs.replace(config.daemon, on_stop=on_stop))
    async with a_daemon(venue, config) as whole:
        await bars(venue, whole, UP, bots=["alpha"])
        await until(lambda: whole.daemon.roster.row(BotId("alpha")).orders_open == 1 and len(venue.accepted) == 1)
    assert sum(resting.status is OrderStatus.OPEN for resting in venue.orders.values()) == left


async def test_an_accounts_largest_order_holds_for_every_bot(tmp_path: Path) -> None:
    """The order is written down as refused, with the reason, and the venue never hears of it."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"alpha": a_section(BotMode.LIVE)})
    account = msgspec.structs.replace(config.accounts[AccountId("main")], max_order_notional=Decimal(100))
    config = msgspec.structs.replace(config, accounts={AccountId("main"): account})
    async with a_daemon(venue, config) as whole:
        await bars(venue, whole, UP, bots=["alpha"])

        async def refused() -> bool:
            return any("the account's most 100" in order.reason for order in (await whole.desk.orders()).orders)

        await until(refused)
    assert not venue.submits


async def test_a_second_daemon_on_the_same_state_or_key_is_refused(tmp_path: Path) -> None:
    """It says who holds what, and the first goes on."""
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"paul": a_section()})
    elsewhere = msgspec.structs.replace(
        config,
        daemon=msgspec.structs.replace(
            config.daemon, state_dir=str(tmp_path / "other"), socket=str(tmp_path / "run" / "other.sock")
        ),
    )
    async with a_daemon(venue, config) as whole:
        for second, what in ((config, "state directory"), (elsewhere, "API key")):
            with pytest.raises(ExceptionGroup) as caught:
                async with a_daemon(venue, second):
                    pass
            (held_by,) = caught.value.exceptions
            assert isinstance(held_by, LockHeld)
            assert what in held_by.message
        assert await whole.state("paul") is BotState.RUNNING


async def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    """An open state directory, a live account without keys, an unknown strategy: each its own error."""
    loose = tmp_path / "loose"
    loose.mkdir(mode=0o777)
    loose.chmod(0o777)
    with pytest.raises(ConfigError, match="can be written by others"):
        prepare_state_dir(loose)
    venue = FakeVenue()
    history(venue, FLAT)
    config = a_config(tmp_path, {"paul": a_section(strategy="perpetuum")})
    with pytest.raises(ExceptionGroup) as caught:
        async with a_daemon(venue, config):
            pass
    assert "no strategy named 'perpetuum'" in str(_leaf(caught.value))


async def test_a_bot_that_crashes_again_and_again_is_quarantined_and_released_by_a_person(tmp_path: Path) -> None:
    """Its neighbour trades on; start releases it."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"ann": a_section(), "bob": a_section()})) as whole:
        place = whole.daemon.roster.place(BotId("bob"))
        for _ in range(8):
            whole.daemon.roster.deliver(BotId("bob"), m.SpecChanged(None))  # type: ignore[arg-type] - it cannot stand that
        await until(lambda: place.at_rest, within_s=15)
        row = (await whole.desk.bot(BotId("bob"))).row
        assert row.state is BotState.QUARANTINED
        assert "TypeError" in row.reason or "AttributeError" in row.reason
        await until(lambda: "bot.quarantined" in whole.log.getvalue())
        await bars(venue, whole, UP, bots=["ann"])
        assert await held(whole, "ann") > 0
        await whole.desk.start_bot(BotId("bob"))
        await until(lambda: whole.daemon.roster.row(BotId("bob")).state is BotState.RUNNING)


async def test_the_database_is_whole_after_a_stop(tmp_path: Path) -> None:
    """Everything told is written: fills, orders, checkpoints, the audit of who did what."""
    venue = FakeVenue()
    history(venue, FLAT)
    async with a_daemon(venue, a_config(tmp_path, {"paul": a_section()})) as whole:
        await bars(venue, whole, UP, bots=["paul"])
        await whole.desk.pause_bot(BotId("paul"), by="somebody")
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "algobot.db")) as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("fills", "orders", "checkpoints")
        ]
        assert counts == [1, 1, 1]
        assert ("somebody", "bot.pause") in database.execute("SELECT by, method FROM audit").fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _leaf(error: BaseException) -> BaseException:
    """Return the error inside nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
