"""The verbs of `algobot ctl`, each imported when it is called."""

from __future__ import annotations

import difflib
import importlib
from typing import Final

import click

# verb: (module:attribute, what `algobot ctl --help` says of it)
VERBS: Final[dict[str, tuple[str, str]]] = {
    "status": ("reads:status", "The daemon in one look."),
    "bots": ("bots:bots", "List, show, add and remove bots."),
    "start": ("steer:start", "Start bots, or release them from quarantine."),
    "stop": ("steer:stop", "Cancel a bot's orders, then stop it."),
    "pause": ("steer:pause", "Open nothing new; exits go on."),
    "resume": ("steer:resume", "Trade again after a pause."),
    "restart": ("steer:restart", "Start a bot again from its checkpoint."),
    "close": ("steer:close", "Close a bot's position at market; it keeps running."),
    "orders": ("reads:orders", "Orders, newest first."),
    "fills": ("reads:fills", "Fills, newest first."),
    "positions": ("reads:positions", "Bots, external holdings and the venue, side by side."),
    "balances": ("reads:balances", "What the venues say."),
    "logs": ("streams:logs", "The daemon's log."),
    "events": ("streams:events", "What happens, as it happens."),
    "wait": ("streams:wait", "Wait until a bot is in a state."),
    "cancel": ("steer:cancel", "Cancel single orders."),
    "reload": ("steer:reload", "Read the configuration again."),
    "reconcile": ("safety:reconcile", "Compare ledger and venue now; accept a drift."),
    "kill": ("safety:kill", "Latch the kill switch."),
    "unhalt": ("safety:unhalt", "Clear the kill switch."),
    "flatten": ("safety:flatten", "Pause, cancel and close positions."),
}
ALIASES: Final = {"balance": "balances", "position": "positions", "order": "orders", "fill": "fills", "log": "logs"}


class Verbs(click.Group):
    """A group whose verbs are modules, and whose help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order a newcomer wants them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        found = VERBS.get(ALIASES.get(cmd_name, cmd_name))
        if found is None:
            return None
        module, _, attribute = found[0].partition(":")
        command = getattr(importlib.import_module(f"algobot.cli.ctl.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        word = args[0]
        if word not in VERBS and word not in ALIASES and not ctx.resilient_parsing and not word.startswith("-"):
            near = difflib.get_close_matches(word, [*VERBS, *ALIASES], n=1)
            ctx.fail(f"ctl has no verb {word!a}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, importing nothing."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(
    "ctl",
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Every read verb takes --json and --watch. Exit codes: `algobot help exit-codes`.",
)
def group() -> None:
    """Ask and command the daemon from a shell."""
