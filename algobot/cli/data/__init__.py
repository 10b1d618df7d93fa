"""`algobot data`: get, check, mend and convert bars. Each verb is a module, imported when it is called."""

from __future__ import annotations

import difflib
import importlib
from typing import Final

import click

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


class Verbs(click.Group):
    """A group whose verbs are modules, and whose help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order a newcomer wants them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        found = VERBS.get(cmd_name)
        if found is None:
            return None
        module, _, attribute = found[0].partition(":")
        command = getattr(importlib.import_module(f"algobot.cli.data.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        word = args[0]
        if word not in VERBS and not ctx.resilient_parsing and not word.startswith("-"):
            near = difflib.get_close_matches(word, VERBS, n=1)
            ctx.fail(f"data has no verb {word!a}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, importing nothing."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group("data", cls=Verbs, epilog="Bars are named venue:BASE/QUOTE:timeframe, like binance:BTC/USDT:1h.")
def data() -> None:
    """Get, check, mend and convert bars."""
