"""`algobot ctl bots`: list, show, add, remove."""

from __future__ import annotations

import click

from algobot.cli.ctl import columns, words
from algobot.cli.ctl.asking import (
    Asker,
    alone,
    asking,
    bot_argument,
    confirm,
    confirm_name,
    dry_run_option,
    on_terminal,
    reading,
    say,
    suggest,
    yes_option,
)
from algobot.cli.ctl.tables import Column, Row, raw, table, write_rows
from algobot.cli.ctl.words import rows_of
from algobot.errors import UsageError
from algobot.text import safe_text

_NONE = "no bots yet; add one: algobot ctl bots add NAME --strategy S --symbol BTC/USDT --account A"


@click.group(invoke_without_command=True)
@reading
@click.pass_context
def bots(ctx: click.Context, asker: Asker) -> None:
    """List (also when nothing else is said), show, add and remove bots."""
    if alone(ctx):
        _list(asker)


@bots.command("list")
@reading
def list_(asker: Asker) -> None:
    """All bots, by name."""
    _list(asker)


def _list(asker: Asker) -> None:
    asker.show_rows(lambda: asker.ask("bots.list"), "bots", columns.BOTS, empty=_NONE)


@bots.command()
@bot_argument
@reading
def show(asker: Asker, bot: str) -> None:
    """One bot: how it is set up, how it stands, what it did last."""
    color = on_terminal()

    def write(detail: Row) -> None:
        row, spec = detail.get("row"), detail.get("spec")
        known = {**(spec if isinstance(spec, dict) else {}), **(row if isinstance(row, dict) else {})}
        if asker.form != "table":
            pairs = [{"field": key, "value": raw(value)} for key, value in known.items()]
            write_rows(pairs, [Column("FIELD", "field"), Column("VALUE", "value")], asker.form, empty="")
            return
        print("\n".join(_lines(known, detail, color=color)), flush=True)

    asker.show(lambda: asker.ask("bot.show", bot_id=bot), write)


def _lines(known: Row, detail: Row, *, color: bool) -> list[str]:
    lines = table([known], columns.BOTS, color=color)
    params = known.get("params")
    if isinstance(params, dict) and params:
        lines += ["", "parameters  " + safe_text(", ".join(f"{key}={raw(value)}" for key, value in params.items()))]
    drawdown = words.percent(-words.number(known.get("drawdown_fraction")))
    lines += [
        "",
        f"capital {words.money(known.get('capital'))}, cash {words.money(known.get('cash'))}, "
        f"total {words.signed(known.get('pnl_total'))}, drawdown {drawdown}, "
        f"{known.get('trades')} round trips, restarted {known.get('restarts')} times",
    ]
    decisions = rows_of(detail, "decisions")[:5]
    if decisions:
        lines += ["", "decisions"]
        lines += [
            f"  {words.clock(d.get('ts_ns'))}  {d.get('decision'):<6} {safe_text(str(d.get('reason')))}"
            for d in decisions
        ]
    for key, kind in (("orders", columns.ORDERS), ("fills", columns.FILLS)):
        rows = rows_of(detail, key)[:5]
        lines += ["", key, *table(rows, kind, color=color)] if rows else ["", f"no {key} yet"]
    return lines


@bots.command()
@click.argument("name")
@click.option("--strategy", required=True, help="One of `algobot backtest --help`, or your own.")
@click.option("--symbol", required=True, help="BTC/USDT, for instance.")
@click.option("--account", required=True, help="A name from [accounts] of the configuration.")
@click.option("--timeframe", default="1m", help="Length of its bars [1m].")
@click.option("--capital", default="1000", help="Its own cash at birth, in quote units [1000].")
@click.option("--mode", type=click.Choice(["paper", "live"]), default="paper", help="Whose money [paper].")
@click.option("--position-fraction", type=float, default=0.2, help="Size of an entry against equity [0.2].")
@click.option("--allow-short", is_flag=True, help="It may sell what it does not hold.")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter of the strategy.")
@click.option("--no-start", is_flag=True, help="Add it stopped.")
@click.option("--confirm", "confirmed", metavar="NAME", help="Its name again: needed for --mode live.")
@dry_run_option
@asking
def add(
    asker: Asker,
    name: str,
    strategy: str,
    symbol: str,
    account: str,
    timeframe: str,
    capital: str,
    mode: str,
    position_fraction: float,
    allow_short: bool,
    params: tuple[str, ...],
    no_start: bool,
    confirmed: str | None,
    dry_run: bool,
) -> None:
    """Make a bot called NAME; it starts at once unless --no-start."""
    spec: Row = {
        "bot_id": name,
        "strategy": strategy,
        "symbol": symbol,
        "timeframe": timeframe,
        "account_id": account,
        "capital": capital,
        "mode": mode,
        "position_fraction": position_fraction,
        "allow_short": allow_short,
        "autostart": not no_start,
        "params": dict(_parameter(text) for text in params),
    }
    if dry_run:
        say({"message": f"would add: {', '.join(f'{key}={raw(value)}' for key, value in spec.items())}"})
        return
    if mode == "live":
        money = "simulated" if _is_simulated(asker, account) else "REAL"
        confirm_name(f"{name} will trade with {money} money on account {account}", name, confirmed=confirmed)
    say(asker.ask("bot.add", spec=spec))
    suggest(f"algobot ctl start {name}" if no_start else f"algobot ctl bots show {name}")


@bots.command()
@bot_argument
@yes_option
@dry_run_option
@asking
def remove(asker: Asker, bot: str, yes: bool, dry_run: bool) -> None:
    """Forget a stopped, flat bot; its orders and fills stay in the ledger."""
    row = row_of(asker, bot)
    if dry_run:
        say({"message": f"would remove {bot} ({row.get('state')}, position {words.decimal(row.get('position'))})"})
        return
    confirm(f"Remove {bot}?", yes=yes)
    say(asker.ask("bot.remove", bot_id=bot))


def _is_simulated(asker: Asker, account: str) -> bool:
    rows = rows_of(asker.ask("status"), "accounts")
    return any(row.get("simulated") is True for row in rows if row.get("account_id") == account)


def row_of(asker: Asker, bot: str) -> Row:
    """Return a bot's row. Raises NotFound."""
    row = asker.ask("bot.show", bot_id=bot).get("row")
    return row if isinstance(row, dict) else {}


def _parameter(text: str) -> tuple[str, object]:
    """Return `fast=20` as ("fast", 20): a whole number, a number, true or false, or else a word."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"--param {text!r} is not KEY=VALUE", hint="write it like --param fast=20")
    if value in ("true", "false"):
        return key, value == "true"
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            continue
    return key, value
