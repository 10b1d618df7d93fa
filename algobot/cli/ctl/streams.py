"""The verbs that follow: events, logs, wait. With -f they come back by themselves after a broken connection."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import click

from algobot.cli.ctl import words
from algobot.cli.ctl.asking import DURATION, Asker, complete_bots, on_terminal, reading
from algobot.cli.ctl.tables import Row, paint, write_json
from algobot.cli.ctl.words import rows_of
from algobot.errors import DaemonUnreachable, DeadlineExceeded, UsageError
from algobot.text import safe_text

_LEVELS = ("debug", "info", "warning", "error")
_LEVEL_COLORS = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "alarm"}
_QUIET_S = 0.3  # without -f: so long without an event is the end of what was kept
_RETRY_S = 0.5
_GIVE_UP_S = 15.0

_bot = click.option("-u", "--bot", metavar="BOT", shell_complete=complete_bots, help="Only of this bot.")
_follow = click.option("-f", "--follow", is_flag=True, help="Go on until interrupted.")


@click.command()
@_follow
@_bot
@click.option("--since", type=int, default=-50, help="Start after this seq; -N is the newest N [-50].")
@reading
def events(asker: Asker, follow: bool, bot: str | None, since: int) -> None:
    """What happens, one line each; JSON is one object a line."""
    _no_watch(asker)
    color = on_terminal()
    for event in (_followed if follow else _kept)(asker, since=since, bot=bot):
        if asker.form == "json":
            write_json(event)
        else:
            print(event_line(event, color=color), flush=True)


@click.command()
@_follow
@_bot
@click.option("-p", "--level", type=click.Choice(_LEVELS), default="info", help="From this level on [info].")
@click.option("-n", "--limit", type=click.IntRange(1, 5000), default=100, help="So many of the past [100].")
@click.option("--since", "since_s", type=DURATION, help="Only what is not older: 90s, 5m, 1h.")
@reading
def logs(asker: Asker, follow: bool, bot: str | None, level: str, limit: int, since_s: float | None) -> None:
    """The daemon's log: what it keeps in memory, and with -f what comes."""
    _no_watch(asker)
    oldest_ns = time.time_ns() - int(since_s * 1e9) if since_s is not None else 0
    color = on_terminal()

    def write(line: Row) -> None:
        if asker.form == "json":
            write_json(line)
        else:
            print(log_line(line, color=color), flush=True)

    seq = asker.ask("status").get("seq")  # before the lines: what comes between is in both, and dropped below
    past = rows_of(asker.ask("logs.list", bot_id=bot, level=level, limit=limit), "lines")
    for line in past:
        if words.nanoseconds(line.get("ts_ns")) >= oldest_ns:
            write(line)
    if follow:
        least = _LEVELS.index(level)
        for event in _followed(asker, since=words.nanoseconds(seq), bot=bot):
            new = event.get("line")
            if isinstance(new, dict) and _rank(new) >= least and new not in past:
                write(new)


@click.command()
@click.argument("bot", shell_complete=complete_bots)
@click.option("--for", "wanted", default="state=running", help="state=running,paused or flat [state=running].")
@reading
def wait(asker: Asker, bot: str, wanted: str) -> None:
    """Wait until BOT is in a state, or flat; ends with 7 if it is not within --timeout."""
    _no_watch(asker)
    reached = _condition(wanted)
    row = _wait_for(asker, bot, reached, wanted)
    if asker.form == "json":
        write_json(row)
    else:
        print(safe_text(f"{bot} is {row.get('state')}, position {words.decimal(row.get('position'))}"))


def _wait_for(asker: Asker, bot: str, reached: Callable[[Row], bool], wanted: str) -> Row:
    deadline = time.monotonic() + asker.timeout_s
    seq = words.nanoseconds(asker.ask("status").get("seq"))
    row = asker.ask("bot.show", bot_id=bot).get("row")
    if isinstance(row, dict) and reached(row):
        return row
    asker.ask("events.follow", since=seq, bot_id=bot)
    try:
        for event in asker.line.events(timeout_s=deadline - time.monotonic()):
            row = event.get("row")
            if event.get("type") == "bot.changed" and isinstance(row, dict) and reached(row):
                return row
    except TimeoutError:
        pass
    state = row.get("state") if isinstance(row, dict) else "unknown"
    message = f"{bot} is not {wanted} after {words.span(asker.timeout_s)}; it is {state}"
    raise DeadlineExceeded(message, hint=f"algobot ctl bots show {bot}")


def _condition(wanted: str) -> Callable[[Row], bool]:
    if wanted == "flat":
        return lambda row: not words.number(row.get("position"))
    key, _, value = wanted.partition("=")
    states = value.split(",")
    known = {*words.STATE_COLORS, "created", "stopped"} - {"ready"}
    wrong = [state for state in states if state not in known]
    if key != "state" or wrong:
        hint = f"write --for flat, or --for state= and one or more of: {', '.join(sorted(known))}"
        raise UsageError(f"--for {wanted!r} is nothing to wait for", hint=hint)
    return lambda row: row.get("state") in states


def _no_watch(asker: Asker) -> None:
    if asker.watch_s is not None:
        raise UsageError("--watch has nothing to repeat here", hint="-f follows")


def _followed(asker: Asker, *, since: int, bot: str | None) -> Iterator[Row]:
    """Yield events after `since` for ever; after a broken connection from the last one seen."""
    gone_since = 0.0
    while True:
        try:
            reply = asker.ask("events.follow", since=since, bot_id=bot)
            if not reply.get("complete", True):
                print("some events are gone; going on from now", file=sys.stderr)
            since = words.nanoseconds(reply.get("seq")) or since
            gone_since = 0.0
            for event in asker.line.events():
                since = words.nanoseconds(event.get("seq"))
                yield event
        except DaemonUnreachable:
            gone_since = gone_since or time.monotonic()
            if since <= 0 or time.monotonic() - gone_since > _GIVE_UP_S:
                raise
            print("the connection ended; connecting again", file=sys.stderr)
            asker.hang_up()
            time.sleep(_RETRY_S)


def _kept(asker: Asker, *, since: int, bot: str | None) -> Iterator[Row]:
    """Yield the events the daemon still keeps, up to the newest one of now."""
    asker.ask("events.follow", since=since, bot_id=bot)
    newest = words.nanoseconds(asker.ask("status").get("seq"))
    try:
        while True:
            event = next(asker.line.events(timeout_s=_QUIET_S))
            yield event
            if words.nanoseconds(event.get("seq")) >= newest:
                return
    except TimeoutError:
        return  # the newest is not of this bot


def _rank(line: Row) -> int:
    level = str(line.get("level"))
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def log_line(line: Row, *, color: bool) -> str:
    """Return one log line for a person."""
    fields = line.get("fields")
    level = str(line.get("level"))
    told = [
        words.clock(line.get("ts_ns")),
        paint(f"{level:<7}", _LEVEL_COLORS.get(level, ""), on=color),
        safe_text(str(line.get("event"))),
        safe_text(str(line.get("bot_id") or "")),
    ]
    if isinstance(fields, dict):
        told += [safe_text(f"{key}={value}") for key, value in fields.items()]
    return " ".join(part for part in told if part)


def event_line(event: Row, *, color: bool) -> str:
    """Return one event for a person: when, what, and its most telling values."""
    kind = str(event.get("type"))
    if kind == "line.logged" and isinstance(line := event.get("line"), dict):
        return log_line(line, color=color)
    bodies = [value for value in event.values() if isinstance(value, dict)]
    body = {**event, **(bodies[0] if bodies else {})}
    keys = ("bot_id", "account_id", "state", "decision", "side", "quantity", "price", "limit_price", "status", "symbol")
    more = ("equity", "close", "venue", "alarm", "message", "reason", "hint")
    told = [
        words.side(body[key]) if key == "side" else str(body[key])
        for key in (*keys, *more)
        if key in body and body[key] not in ("", None)
    ]
    if kind == "halts.changed":
        told = [
            f"{h.get('scope')} {h.get('target')} {h.get('mode')}: {h.get('reason')}" for h in rows_of(event, "halts")
        ]
        told = told or ["off"]
    return f"{words.clock(event.get('ts_ns'))} {kind:<17} {safe_text(' '.join(told))}"
