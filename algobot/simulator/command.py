"""The command line of the simulator: `algobot sim` and `python -m algobot.simulator` are both this."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final, Literal

import click
import msgspec

from algobot.errors import AlgobotError, UsageError
from algobot.simulator.config import SimConfig, load_accounts, parse_account
from algobot.simulator.server import Simulator

DEFAULT_SYMBOLS: Final = "BTCUSDT,ETHUSDT"
DEFAULT_ACCOUNT: Final = "sim-key:sim-secret:USDT=1000000,BTC=10,ETH=100"


@click.command()
@click.option("--symbols", help="What trades, comma-separated.  [default: that of --data, else BTCUSDT,ETHUSDT]")
@click.option(
    "--data", multiple=True, metavar="SYMBOL=FILE", help="Replay a Parquet file of bars or trades; repeatable."
)
@click.option(
    "--speed", default=1.0, show_default=True, help="Market seconds per second; 0 moves by POST /sim/advance."
)
@click.option("--start", default="", help="Market time to start at: ISO, epoch ms, or a bar's number.")
@click.option("--bars", default=0, help="End after so many bars; 0 is never, or the end of the data.")
@click.option("--history", default=1000, show_default=True, help="Bars that exist before the start.")
@click.option("--timeframe", default="1m", show_default=True, help="Length of the base bars.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same prices.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--port", default=0, show_default=True, help="0 is any free one, told on standard output.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append what happens, as JSON lines.")
@click.option("--account", multiple=True, metavar="KEY:SECRET:ASSET=N,...", help="An account; repeatable.")
@click.option("--accounts", type=click.Path(exists=True, path_type=Path), help="A TOML or JSON file of accounts.")
@click.option("--spread-bps", default=2.0, show_default=True, help="Between the maker's best bid and ask.")
@click.option("--step-s", default=0.25, show_default=True, help="Seconds between a price's moves, at least 4 a bar.")
@click.option("--together", is_flag=True, help="Move all markets at the same instants, which no real venue does.")
@click.option("--weight-limit", default=6000, show_default=True, help="Request weight per minute and address.")
@click.option("--order-limit", default=100, show_default=True, help="New orders per ten seconds and account.")
@click.option("--loop/--pause-at-end", default=False, help="Start the data over, or stand still at their end.")
def sim(*, loop: bool, accounts: Path | None, account: tuple[str, ...], **options: object) -> None:
    """Serve a spot venue on loopback that speaks Binance's protocol.

    Prints one JSON line {"url", "pid"} when it is ready and runs until it is told to stop.
    """
    try:
        config = _config(at_end="loop" if loop else "pause", accounts=accounts, account=account, options=options)
        asyncio.run(_serve(config))
    except AlgobotError as error:
        click.echo(f"algobot sim: {error.message}" + (f"\n  {error.hint}" if error.hint else ""), err=True)
        sys.exit(error.exit_code)


def _config(
    *,
    at_end: Literal["loop", "pause"],
    accounts: Path | None,
    account: tuple[str, ...],
    options: dict[str, object],
) -> SimConfig:
    specs = [parse_account(text) for text in account]
    if accounts is not None:
        specs.extend(load_accounts(accounts))
    if not specs:
        specs.append(parse_account(DEFAULT_ACCOUNT))
    data = {}
    given = options.pop("data")
    for item in given if isinstance(given, tuple) else ():
        symbol, equals, path = str(item).partition("=")
        if not equals:
            raise UsageError(f"--data {item} is not of the form SYMBOL=FILE", hint="--data BTCUSDT=bars.parquet")
        data[symbol.upper()] = Path(path)
    listed = str(options.pop("symbols") or ("" if data else DEFAULT_SYMBOLS))
    symbols = tuple(s.strip().upper() for s in listed.split(",") if s.strip())
    log = options.pop("log")
    config = msgspec.convert(options, SimConfig)
    return msgspec.structs.replace(
        config,
        symbols=symbols,
        data=data,
        accounts=tuple(specs),
        at_end=at_end,
        log=log if isinstance(log, Path) else None,
    )


async def _serve(config: SimConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(config) as simulator:
        click.echo(msgspec.json.encode({"url": simulator.url, "pid": os.getpid()}).decode())
        sys.stdout.flush()
        await stop.wait()
