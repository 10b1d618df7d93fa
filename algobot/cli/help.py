"""`algobot help`."""

from __future__ import annotations

from typing import Final

import click

from algobot.errors import NotFound

EXIT_CODES: Final = (
    (0, "done"),
    (1, "failed; the message says what and what to do"),
    (2, "called wrongly, or a wrong configuration"),
    (3, "the daemon cannot be reached"),
    (4, "not permitted"),
    (5, "no such bot, order or account"),
    (6, "refused by a risk rule, a bot's state or the kill switch; nothing was sent"),
    (7, "no answer in time; the work may go on"),
    (8, "done in part; the message says what was not"),
    (130, "interrupted with Ctrl-C"),
)


@click.command("help")
@click.argument("topic", nargs=-1)
@click.pass_context
def help_(ctx: click.Context, topic: tuple[str, ...]) -> None:
    """Explain TOPIC: a command, or `exit-codes`."""
    if topic in (("exit-codes",), ("exit", "codes")):
        for code, meaning in EXIT_CODES:
            click.echo(f"{code:>4}  {meaning}")
        return
    at = ctx.find_root()
    for word in topic:
        command = at.command
        inner = command.get_command(at, word) if isinstance(command, click.Group) else None
        if inner is None:
            raise NotFound(f"there is no help on {' '.join(topic)!r}", hint="`algobot --help` lists the commands")
        at = click.Context(inner, parent=at, info_name=word)
    click.echo(at.command.get_help(at))
