"""The verbs of `algobot ctl`, each imported when it is called."""

from __future__ import annotations

from typing import Final

import click

from algobot.cli.verbs import Verbs

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


class _Ctl(Verbs):
    package = "algobot.cli.ctl"
    verbs = VERBS
    aliases = ALIASES


@click.group(
    "ctl",
    cls=_Ctl,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Every read verb takes --json and --watch. Exit codes: `algobot help exit-codes`.",
)
def group() -> None:
    """Ask and command the daemon from a shell."""
