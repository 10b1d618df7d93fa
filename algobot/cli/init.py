"""`algobot init`: a first configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from algobot import paths
from algobot.errors import Refused

FIRST: Final = """\
# algobot: paper trading on Binance's public market data. No keys, no real orders.
# `algobot config show` lists every setting with its default; `algobot config check` finds mistakes.

[venues.binance]
adapter = "binance"

[accounts.paper]
venue = "binance"

[bots.btc-cross]
strategy = "ma_crossover"
symbol = "BTC/USDT"
account = "paper"
timeframe = "1m"
capital = 1000                 # play money, in USDT
position_fraction = 0.2        # 20 % of its equity in a position
params = { fast = 20, slow = 50 }

[bots.btc-cross.risk]
max_drawdown_fraction = 0.2    # 20 % below its best: it opens nothing more

[bots.eth-reversion]
strategy = "mean_reversion"
symbol = "ETH/USDT"
account = "paper"
timeframe = "5m"
capital = 1000

[bots.eth-reversion.risk]
max_drawdown_fraction = 0.2
"""


@click.command()
@click.option("--config", "file", metavar="FILE", default="", help="Write it there instead.")
def init(file: str) -> None:
    """Write a first configuration: two bots on paper. Never replaces a file."""
    path = paths.config_path(file)
    write_new(path, FIRST)
    click.echo(str(path))
    click.echo(f"Next: algobot daemon{f' --config {path}' if file else ''}", err=True)


def write_new(path: Path, text: str) -> None:
    """Write `text` to a file that must not exist, readable by us alone, or leave nothing behind.

    Raises:
        Refused: there is one already; it is left as it is.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{path} exists and stays as it is", hint="edit it, or name another with --config") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
