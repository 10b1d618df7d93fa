"""The list of commands. Each is imported when it is called, so that one does not pay for the others."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Final

import click

from algobot.version import VERSION

# name: (module:attribute, what `algobot --help` says of it)
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "init": ("algobot.cli.init:init", "Write a first configuration: paper trading, no keys."),
    "daemon": ("algobot.cli.daemon:daemon", "Run the daemon that hosts the bots."),
    "guard": ("algobot.cli.guard:guard", "Stop trading when the daemon cannot: a process beside it."),
    "tui": ("algobot.cli.tui:tui", "Watch and steer the bots on a screen."),
    "ctl": ("algobot.cli.ctl:ctl", "Ask and command the daemon from a shell."),
    "kill": ("", "Stop all trading now, also when the daemon does not answer."),
    "demo": ("algobot.cli.demo:demo", "See it work: a simulated venue, a daemon, four bots."),
    "backtest": ("algobot.cli.backtest:backtest", "Run a strategy over bars from a file."),
    "data": ("algobot.cli.data:data", "Get, check, mend and convert bars."),
    "optimize": ("algobot.cli.optimize:optimize", "Try many parameter sets and show the best."),
    "walkforward": ("algobot.cli.walkforward:walkforward", "Search the past, trade what came next; is it luck?"),
    "report": ("algobot.cli.report:report", "Show a finished backtest and write its report again."),
    "compare": ("algobot.cli.report:compare", "Show backtests side by side."),
    "montecarlo": ("algobot.cli.montecarlo:montecarlo", "Say how else a finished backtest could have come."),
    "strategy": ("algobot.cli.strategy:strategy", "List strategies, show one, check that one is sound."),
    "sim": ("algobot.cli.sim:sim", "Run a simulated venue on this machine."),
    "config": ("algobot.cli.config:config", "Check, show and compare configurations."),
    "paths": ("algobot.cli.paths:paths", "Say where configuration, state and socket are."),
    "doctor": ("algobot.cli.doctor:doctor", "Look for what is wrong with this machine's set-up."),
    "audit": ("algobot.cli.audit:audit", "Prove that the ledger is whole."),
    "backup": ("algobot.cli.backup:backup", "Copy the database, also while the daemon runs."),
    "restore": ("algobot.cli.backup:restore", "Put a backup in the database's place."),
    "service": ("algobot.cli.service:service", "Install the daemon as a systemd service."),
    "completion": ("algobot.cli.completion:completion", "Print the completion script of a shell."),
    "help": ("algobot.cli.help:help_", "Explain a command, or `exit-codes`."),
    "version": ("algobot.cli.version:version", "Print the version."),
}
# what people type when they mean `ctl …`
CTL_WORDS: Final = (
    *("status", "bots", "start", "stop", "pause", "resume", "restart", "reload", "close", "flatten", "orders"),
    *("fills", "positions", "balances", "logs", "events", "wait", "unhalt", "reconcile", "cancel"),
)


class LazyGroup(click.Group):
    """A group whose commands are modules, and whose help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order a newcomer wants them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        target, _ = COMMANDS[cmd_name]
        if not target:
            return _handed_over(cmd_name)
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        word = args[0]
        if word not in COMMANDS and not ctx.resilient_parsing and not word.startswith("-"):
            ctx.fail(f"there is no command {word!a}{_meant(word)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _meant(word: str) -> str:
    if near := close_to(word, COMMANDS):
        return f"; did you mean {near}?"
    near = close_to(word, CTL_WORDS)
    return f"; did you mean `algobot ctl {near}`?" if near else ""


def close_to(word: str, names: Iterable[str]) -> str:
    """Return the one of `names` that `word` resembles, or ""."""
    import difflib

    found = difflib.get_close_matches(word, list(names), n=1, cutoff=0.6)
    return found[0] if found else ""


def _handed_over(name: str) -> click.Command:
    """`kill` never gets here but in help and completion: `algobot.cli.main` runs it before click exists."""
    return click.Command(name, short_help=COMMANDS[name][1], help=f"{COMMANDS[name][1]} See `algobot {name} --help`.")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="New here? `algobot demo` needs no account and no network. `algobot init` starts a configuration.",
)
@click.version_option(VERSION, prog_name="algobot", message="%(prog)s %(version)s")
def app() -> None:
    """Trading bots that run unattended, recover after any crash, and stop when told to."""
