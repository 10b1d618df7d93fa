"""`algobot data`: get, check, mend and convert bars. Each verb is a module, imported when it is called."""

from __future__ import annotations

from typing import Final

import click

from algobot.cli.verbs import Verbs

# verb: (module:attribute, what `algobot data --help` says of it)
VERBS: Final[dict[str, tuple[str, str]]] = {
    "fetch": ("fetch:fetch", "Download what lacks of a venue's bars."),
    "import": ("imports:import_", "Take bars from CSV, Parquet, feather or JSON files."),
    "list": ("listing:list_", "Say what the library holds."),
    "check": ("checking:check", "Look for what is wrong in bars."),
    "repair": ("repairing:repair", "Mend what can be mended, and say what was done."),
    "resample": ("resampling:resample", "Make longer bars of shorter ones."),
    "export": ("exporting:export", "Write bars as CSV, Parquet or feather."),
}


class _Data(Verbs):
    package = "algobot.cli.data"
    verbs = VERBS


@click.group("data", cls=_Data, epilog="Bars are named venue:BASE/QUOTE:timeframe, like binance:BTC/USDT:1h.")
def data() -> None:
    """Get, check, mend and convert bars."""
