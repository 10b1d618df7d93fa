"""`algobot demo`: a simulated venue, the daemon, four bots, and the screen on them: no account, no money at stake."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from types import FrameType
from typing import Final

import click
import msgspec

from algobot.cli.stage import Stage, a_stage
from algobot.errors import PartialFailure, UsageError
from algobot.model import BotId, BotState
from algobot.protocol.requests import Bots, Done, Flatten, ListBots, Reconcile, Reconciled
from algobot.protocol.rows import BotRow, PositionRow

SYMBOLS: Final = "BTC/USDT,ETH/USDT"
SPEED: Final = 300  # five one-minute bars a second
HISTORY: Final = 600  # bars there before the start, so that every bot is warm at once
BALANCES: Final = "USDT=100000,BTC=2,ETH=30"
BOTS: Final = """
[bots.btc-cross]                 # long while the fast average is above the slow one
strategy = "ma_crossover"
symbol = "BTC/USDT"
account = "demo"
mode = "live"                    # orders go to the simulated venue
capital = "10000"
params = { fast = 4, slow = 16 }

[bots.btc-revert]
strategy = "mean_reversion"
symbol = "BTC/USDT"
account = "demo"
mode = "live"
capital = "10000"
allow_short = true               # sells inventory that the account holds
params = { cooldown_bars = 2 }

[bots.eth-trend]
strategy = "trend_following"
symbol = "ETH/USDT"
account = "demo"
mode = "live"
capital = "10000"
allow_short = true
params = { ma_fast = 5, ma_slow = 15, adx_threshold = 15.0 }

[bots.eth-cross]                 # the same market, fills by the kernel: nothing is sent
strategy = "ma_crossover"
symbol = "ETH/USDT"
account = "demo"
mode = "paper"
capital = "10000"
params = { fast = 4, slow = 16 }
"""


class BotResult(msgspec.Struct, frozen=True):
    """How one bot of the demo did."""

    name: BotId
    state: BotState
    mode: str
    strategy: str
    symbol: str
    orders: int
    fills: int
    equity: float
    pnl: float


class DemoResult(msgspec.Struct, frozen=True):
    """What a headless demo prints."""

    schema_version: int
    seconds: float
    bots: list[BotResult]
    fills: int
    reconciled: bool
    drift: Decimal  # the largest |venue - bots - external| of any currency
    positions: list[PositionRow]


@click.command()
@click.option("--headless", is_flag=True, help="No screen: run for a while, reconcile, print the result, end.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=30, show_default=True, help="With --headless: how long."
)
@click.option("--json", "as_json", is_flag=True, help="With --headless: print one JSON object.")
@click.option(
    "--speed", type=click.FloatRange(min=1), default=SPEED, show_default=True, help="Market seconds a second."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The market's seed.")
@click.option("--keep", is_flag=True, help="Keep the demo's directory (configuration, database, logs) and say where.")
def demo(*, headless: bool, seconds: float, as_json: bool, speed: float, seed: int, keep: bool) -> None:
    """Start a simulated venue, the daemon and four bots, and open the screen on them.

    Everything runs on this machine and stops when you leave; no account is needed and no money is at stake.
    """
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the demo's screen needs a terminal", hint="run it in one, or add --headless --seconds 30")
    if as_json and not headless:
        raise UsageError("--json is the result of a headless run", hint="add --headless")
    with a_guarded_stage(keep=keep) as stage:
        raise_curtain(stage, speed=speed, seed=seed)
        if headless:
            result = _watch(stage, seconds)
            click.echo(msgspec.json.encode(result) if as_json else _table(result))
            failed = not result.reconciled or not result.fills
        else:
            failed = _open_screen(stage)
        if keep:
            _tell(f"kept: {stage.directory}")
    raise SystemExit(1 if failed else 0)


@contextlib.contextmanager
def a_guarded_stage(*, keep: bool) -> Iterator[Stage]:
    """Yield a stage that a closed terminal or SIGTERM tidies up as leaving does; a second signal kills at once."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.getsignal(signal.SIGINT)
    try:
        with a_stage(keep=keep) as stage:
            try:
                yield stage
            finally:
                for number in before:
                    signal.signal(number, lambda *_: stage.insist())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_curtain(stage: Stage, *, speed: float, seed: int) -> None:
    """Start venue and daemon, a line for each on stderr."""
    begun = time.monotonic()
    click.echo("demo: starting a venue", err=True)
    arguments = ["--symbols", SYMBOLS, "--speed", str(speed), "--seed", str(seed), "--history", str(HISTORY)]
    stage.start_venue(arguments, balances=BALANCES)
    stage.write_config(BOTS)
    click.echo("demo: starting the daemon (the first time it compiles: about 20 s)", err=True)
    stage.start_daemon()
    stage.wait_ready()
    click.echo(f"demo: four bots are trading after {time.monotonic() - begun:.1f} s", err=True)


def _open_screen(stage: Stage) -> bool:
    """Run the TUI on this terminal until the person leaves; return whether it failed."""
    places = ["--socket", str(stage.socket), "--state-dir", str(stage.state)]
    command = [sys.executable, "-m", "algobot", "tui", *places, "--hosted"]
    with subprocess.Popen(command) as screen:
        try:
            code = screen.wait()
        finally:
            if screen.poll() is None:
                screen.terminate()  # it gives the terminal back as it was
    _tell("demo: stopping the bots, the daemon and the venue")
    return code != 0


def _tell(words: str) -> None:
    """Say it on stderr, if there is still somebody to hear it."""
    with contextlib.suppress(OSError):
        click.echo(words, err=True)


def _watch(stage: Stage, seconds: float) -> DemoResult:
    """Let the bots trade, bring them to rest, reconcile, and return how it went."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        time.sleep(min(1.0, seconds))
        stage.wait_ready()  # a daemon that died is reported at once
    _flatten(stage)
    outcome = stage.ask(Reconcile(), Reconciled, timeout_s=30.0)
    rows = stage.ask(ListBots(), Bots).bots
    return DemoResult(
        schema_version=1,
        seconds=round(time.monotonic() - begun, 1),
        bots=[_result(row) for row in rows],
        fills=sum(row.fills for row in rows),
        reconciled=outcome.ok,
        drift=max((abs(row.drift) for row in outcome.positions), default=Decimal(0)),
        positions=outcome.positions,
    )


def _flatten(stage: Stage) -> None:
    """Bring all bots to rest; on a machine that is very busy an order may still be on its way: ask again."""
    for tries_left in (2, 1, 0):
        try:
            stage.ask(Flatten(), Done, timeout_s=40.0)
            return
        except PartialFailure:
            if not tries_left:
                raise


def _result(row: BotRow) -> BotResult:
    """Return the part of a bot's row that the demo reports."""
    return BotResult(
        name=row.bot_id,
        state=row.state,
        mode=row.mode.value,
        strategy=row.strategy,
        symbol=row.symbol,
        orders=row.orders,
        fills=row.fills,
        equity=row.equity,
        pnl=row.pnl_total,
    )


def _table(result: DemoResult) -> str:
    """Return the result as lines for a person."""
    lines = [f"{'bot':<12} {'mode':<6} {'state':<9} {'orders':>6} {'fills':>6} {'equity':>12} {'P&L':>10}"]
    lines += [
        f"{bot.name:<12} {bot.mode:<6} {bot.state.value:<9} {bot.orders:>6} {bot.fills:>6} "
        f"{bot.equity:>12,.2f} {bot.pnl:>+10,.2f}"
        for bot in result.bots
    ]
    verdict = "equal to the venue" if result.reconciled else f"NOT equal to the venue (drift {result.drift})"
    return "\n".join([*lines, f"{result.fills} fills in {result.seconds} s; the ledger is {verdict}"])
