"""The verbs that steer bots: start, stop, pause, resume, restart, close, cancel, reload."""

from __future__ import annotations

import click

from algobot.cli.ctl import words
from algobot.cli.ctl.asking import (
    Asker,
    asking,
    bots_argument,
    confirm,
    confirm_name,
    dry_run_option,
    for_each,
    say,
    suggest,
    yes_option,
)
from algobot.cli.ctl.bots import row_of
from algobot.cli.ctl.tables import Row, write_json


@click.command()
@bots_argument
@asking
def start(asker: Asker, bots: tuple[str, ...]) -> None:
    """Start bots that are stopped, or release them from quarantine."""
    for_each(bots, lambda bot: asker.ask("bot.start", bot_id=bot))
    suggest(f"algobot ctl wait {bots[0]}")


@click.command()
@bots_argument
@click.option("--flatten", is_flag=True, help="Close the position, too.")
@click.option("--confirm", "confirmed", metavar="NAME", help="The bot's name again: needed for --flatten.")
@yes_option
@dry_run_option
@asking
def stop(asker: Asker, bots: tuple[str, ...], flatten: bool, confirmed: str | None, yes: bool, dry_run: bool) -> None:
    """Cancel the orders of bots, then stop them; a position stays unless --flatten."""
    if dry_run:
        for_each(bots, lambda bot: {"message": _would_stop(asker, bot, flatten=flatten)})
        return
    if flatten:
        for bot in bots:
            confirm_name(f"stop {bot} and close its position at market", bot, confirmed=confirmed)
    else:
        confirm(f"Stop {', '.join(bots)}?", yes=yes)
    for_each(bots, lambda bot: asker.ask("bot.stop", bot_id=bot, flatten=flatten))
    suggest(f"algobot ctl start {' '.join(bots)}")


def _would_stop(asker: Asker, bot: str, *, flatten: bool) -> str:
    row = row_of(asker, bot)
    held = words.decimal(row.get("position"))
    what = f"close {held}" if flatten else f"keep the position of {held}"
    return f"would cancel {row.get('orders_open')} orders of {bot}, {what}, and stop it (now {row.get('state')})"


@click.command()
@bots_argument
@asking
def pause(asker: Asker, bots: tuple[str, ...]) -> None:
    """Open nothing new; exits go on."""
    for_each(bots, lambda bot: asker.ask("bot.pause", bot_id=bot))
    suggest(f"algobot ctl resume {' '.join(bots)}")


@click.command()
@bots_argument
@asking
def resume(asker: Asker, bots: tuple[str, ...]) -> None:
    """Trade again after a pause."""
    for_each(bots, lambda bot: asker.ask("bot.resume", bot_id=bot))


@click.command()
@bots_argument
@asking
def restart(asker: Asker, bots: tuple[str, ...]) -> None:
    """Stop the tasks of bots and start them again from their checkpoints; orders stay."""
    for_each(bots, lambda bot: asker.ask("bot.restart", bot_id=bot))
    suggest(f"algobot ctl wait {bots[0]}")


@click.command()
@bots_argument
@yes_option
@dry_run_option
@asking
def close(asker: Asker, bots: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Close the positions of bots at market; they keep running."""
    if dry_run:
        for_each(
            bots,
            lambda bot: {"message": f"would close {words.decimal(row_of(asker, bot).get('position'))} of {bot}"},
        )
        return
    confirm(f"Close the position of {', '.join(bots)} at market?", yes=yes)
    for_each(bots, lambda bot: asker.ask("bot.close", bot_id=bot))


@click.command()
@click.argument("orders", nargs=-1, required=True, metavar="ORDER...")
@yes_option
@asking
def cancel(asker: Asker, orders: tuple[str, ...], yes: bool) -> None:
    """Cancel single orders by their client order ids."""
    confirm(f"Cancel {', '.join(orders)}?", yes=yes)
    for_each(orders, lambda order: asker.ask("order.cancel", client_order_id=order))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write the outcome as JSON.")
@dry_run_option
@asking
def reload(asker: Asker, as_json: bool, dry_run: bool) -> None:
    """Read the configuration again: all of it is applied, or nothing."""
    reply = asker.ask("daemon.reload", dry_run=dry_run)
    if as_json:
        write_json(reply)
        return
    for line in _told(reply, "would be " if dry_run else ""):
        say({"message": line})


def _told(reply: Row, would: str) -> list[str]:
    heads = [(key, f"{would}{key}") for key in ("added", "removed", "changed")]
    lines = []
    for key, head in [*heads, ("restart_needed", "needs a restart of the daemon")]:
        names = reply.get(key)
        if isinstance(names, list) and names:
            lines.append(f"{head}: {', '.join(map(str, names))}")
    return lines or ["nothing changed"]
