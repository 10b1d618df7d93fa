"""The verbs that make safe: kill, unhalt, flatten, reconcile."""

from __future__ import annotations

import sys

import click

from algobot.cli.ctl import columns, words
from algobot.cli.ctl.asking import (
    Asker,
    alone,
    asking,
    complete_bots,
    confirm,
    confirm_name,
    dry_run_option,
    reading,
    say,
    suggest,
    yes_option,
)
from algobot.cli.ctl.tables import Row, write_json, write_rows
from algobot.cli.ctl.words import rows_of
from algobot.errors import DaemonUnreachable, DeadlineExceeded, PartialFailure, UsageError
from algobot.text import safe_text

ANSWER_S = 0.3  # a daemon that is well closes its gate in a tenth of it

_account = click.option("--account", metavar="ACCOUNT", help="Only this account.")
_bot = click.option("--bot", metavar="BOT", shell_complete=complete_bots, help="Only this bot.")
_reason = click.option("--reason", required=True, help="Why; it is written down.")
_confirm = click.option("--confirm", "confirmed", metavar="NAME", help="The name a person would have to type.")


@click.command()
@click.option("--mode", type=click.Choice(["halt", "cancel", "flatten"]), default="cancel", help="How far [cancel].")
@click.option("--reason", default="", help="Why; it is written down.")
@_account
@_bot
@_confirm
@click.option("--json", "as_json", is_flag=True, help="Write the outcome as JSON.")
@asking
def kill(
    asker: Asker, mode: str, reason: str, account: str | None, bot: str | None, confirmed: str | None, as_json: bool
) -> None:
    """Latch the kill switch: halt opens nothing new, cancel also cancels all, flatten also closes positions.

    Nothing is asked, but for flatten. If no daemon answers at once, this does what `algobot kill` does.
    """
    _one_scope(account, bot)
    target = bot or account or "all"
    if mode == "flatten":
        confirm_name(f"close every position of {target} at market", target, confirmed=confirmed)
    if not _gate_closes(asker, reason=reason, account_id=account, bot_id=bot):
        raise SystemExit(_without_daemon(mode=mode, reason=reason, account=account, bot=bot, as_json=as_json))
    reply = asker.ask("kill", mode=mode, reason=reason, account_id=account, bot_id=bot)
    if as_json:
        write_json(reply)
    else:
        for line in killed_lines(reply):
            print(line)
    suggest("algobot ctl orders --open" if not reply.get("safe") else "algobot ctl unhalt --reason …")
    if not reply.get("gate_closed") or (mode != "halt" and not reply.get("safe")):
        raise PartialFailure("NOT SAFE: open orders may remain at the venue", hint="algobot ctl orders --open")


def _gate_closes(asker: Asker, **scope: str | None) -> bool:
    """Close the gate first; return False when the daemon does not answer at once and the latch can be had without it.

    With --socket another daemon may be meant than the one whose state directory is known: then it is waited for.
    """
    if asker.named:
        return True
    try:
        with asker.within(ANSWER_S):
            asker.ask("kill", mode="halt", **scope)
    except (DaemonUnreachable, DeadlineExceeded) as error:
        print(f"{error.message}: latching without it", file=sys.stderr)
        return False
    return True


def _without_daemon(*, mode: str, reason: str, account: str | None, bot: str | None, as_json: bool) -> int:
    from algobot.cli.kill import main as latch_and_wake

    given = {"mode": mode, "reason": reason, "account": account, "bot": bot}
    flags = [f"--{name}={value}" for name, value in given.items() if value]
    return latch_and_wake([*flags, *(["--json"] if as_json else [])])


def killed_lines(reply: Row) -> list[str]:
    """Return what the kill switch did, for a person."""
    left = reply.get("orders_left")
    names = [safe_text(str(name)) for name in left] if isinstance(left, list) else []
    lines = ["gate closed: no order goes out" if reply.get("gate_closed") else "GATE NOT CLOSED"]
    lines.append(f"cancels asked: {reply.get('cancels_asked')}")
    lines.append(
        "no order of ours is open at the venue" if reply.get("safe") else "orders may still be open at the venue"
    )
    lines += [f"still open: {', '.join(names)}"] if names else []
    notes = reply.get("notes")
    return lines + [safe_text(str(note)) for note in notes] if isinstance(notes, list) else lines


@click.command()
@_reason
@_account
@_bot
@yes_option
@asking
def unhalt(asker: Asker, reason: str, account: str | None, bot: str | None, yes: bool) -> None:
    """Clear the kill switch after a clean reconciliation: bots trade again."""
    _one_scope(account, bot)
    confirm(f"Clear the kill switch of {bot or account or 'all'}? Bots will trade again.", yes=yes)
    say(asker.ask("unhalt", reason=reason, account_id=account, bot_id=bot))
    suggest("algobot ctl status")


@click.command()
@click.argument("bot", required=False, shell_complete=complete_bots)
@_account
@click.option("--all", "everything", is_flag=True, help="Every bot of every account.")
@_confirm
@dry_run_option
@asking
def flatten(
    asker: Asker, bot: str | None, account: str | None, everything: bool, confirmed: str | None, dry_run: bool
) -> None:
    """Pause, cancel all orders and close the position of BOT, of an account, or of --all."""
    if [bool(bot), bool(account), everything].count(True) != 1:
        raise UsageError("flatten what?", hint="name one: BOT, --account ACCOUNT or --all")
    target = bot or account or "all"
    if dry_run:
        for line in _would_flatten(asker, bot, account):
            say({"message": line})
        return
    if bot:
        asker.ask("bot.show", bot_id=bot)  # a wrong name is told before anything is asked
    confirm_name(f"cancel all orders and close every position of {target} at market", target, confirmed=confirmed)
    say(asker.ask("flatten", bot_id=bot, account_id=account))
    suggest("algobot ctl positions")


def _would_flatten(asker: Asker, bot: str | None, account: str | None) -> list[str]:
    if bot:
        asker.ask("bot.show", bot_id=bot)
    meant = [
        row
        for row in rows_of(asker.ask("bots.list"), "bots")
        if bot in (None, row.get("bot_id")) and account in (None, row.get("account_id"))
    ]
    return [
        f"would pause {row.get('bot_id')}, cancel {row.get('orders_open')} orders, "
        f"close {words.decimal(row.get('position'))} {row.get('symbol')}"
        for row in meant
    ] or ["there is no bot to flatten"]


@click.group(invoke_without_command=True)
@_account
@reading
@click.pass_context
def reconcile(ctx: click.Context, asker: Asker, account: str | None) -> None:
    """Compare ledger and venue now; ends with 8 if they differ."""
    if not alone(ctx):
        return
    last: Row = {}

    def ask() -> Row:
        last.clear()
        last.update(asker.ask("reconcile", account_id=account))
        return last

    asker.show(ask, lambda reply: _write_reconciled(reply, asker.form))
    if not last.get("ok"):
        raise PartialFailure(
            "ledger and venue differ", hint="if you know why: algobot ctl reconcile accept ACCOUNT --reason …"
        )


def _write_reconciled(reply: Row, form: str) -> None:
    write_rows(rows_of(reply, "positions"), columns.POSITIONS, form, empty="no positions")
    notes = reply.get("notes")
    for note in notes if isinstance(notes, list) and form == "table" else []:
        print(safe_text(str(note)))


@reconcile.command()
@click.argument("account")
@_reason
@yes_option
@click.option("--json", "as_json", is_flag=True, help="Write the outcome as JSON.")
@asking
def accept(asker: Asker, account: str, reason: str, yes: bool, as_json: bool) -> None:
    """Book the drift of ACCOUNT as external, audited, and open its gate again."""
    confirm(f"Book the drift of {account} as external and open its gate?", yes=yes)
    reply = asker.ask("reconcile.accept", account_id=account, reason=reason)
    if as_json:
        write_json(reply)
    else:
        _write_reconciled(reply, "table")
    if not reply.get("ok"):
        raise PartialFailure(f"account {account} still differs", hint="algobot ctl reconcile")
    suggest("algobot ctl status")


def _one_scope(account: str | None, bot: str | None) -> None:
    if account and bot:
        raise UsageError("--account and --bot together", hint="name one; without both it is everything")
