"""The verbs that only look: status, orders, fills, positions, balances."""

from __future__ import annotations

import click

from algobot.cli.ctl import columns
from algobot.cli.ctl.asking import Asker, complete_bots, on_terminal, reading
from algobot.cli.ctl.status import status_lines
from algobot.cli.ctl.tables import raw

_limit_option = click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=50, help="At most so many [50].")


@click.command()
@reading
def status(asker: Asker) -> None:
    """The daemon in one look."""
    color = on_terminal()

    def write(reply: dict[str, object]) -> None:
        if asker.form == "table":
            print("\n".join(status_lines(reply, color=color)), flush=True)
        else:
            join = "," if asker.form == "csv" else "\t"
            plain = {key: value for key, value in reply.items() if not isinstance(value, list | dict)}
            print("\n".join(f"{key}{join}{raw(value)}" for key, value in plain.items()), flush=True)

    asker.show(lambda: asker.ask("status"), write)


@click.command()
@click.argument("bot", required=False, shell_complete=complete_bots)
@click.option("--open", "open_only", is_flag=True, help="Only those that may still fill.")
@_limit_option
@reading
def orders(asker: Asker, bot: str | None, open_only: bool, limit: int) -> None:
    """Orders, newest first; of one BOT if it is named."""
    asker.show_rows(
        lambda: asker.ask("orders.list", bot_id=bot, open_only=open_only, limit=limit),
        "orders",
        columns.ORDERS,
        empty="no open orders" if open_only else "no orders yet",
    )


@click.command()
@click.argument("bot", required=False, shell_complete=complete_bots)
@_limit_option
@reading
def fills(asker: Asker, bot: str | None, limit: int) -> None:
    """Fills, newest first; of one BOT if it is named."""
    asker.show_rows(
        lambda: asker.ask("fills.list", bot_id=bot, limit=limit), "fills", columns.FILLS, empty="no fills yet"
    )


@click.command()
@reading
def positions(asker: Asker) -> None:
    """Bots, external holdings and the venue, side by side: the drift must be nothing."""
    asker.show_rows(lambda: asker.ask("positions.list"), "positions", columns.POSITIONS, empty="nothing reconciled yet")


@click.command()
@reading
def balances(asker: Asker) -> None:
    """What the venues say the accounts hold."""
    asker.show_rows(lambda: asker.ask("balances.list"), "balances", columns.BALANCES, empty="no venue has answered yet")
