"""What every verb shares: its options, its connection, the ways an answer is written."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from algobot.cli.ctl.tables import FORMATS, Column, Row, colorful, write_json, write_rows
from algobot.cli.ctl.words import rows_of
from algobot.errors import AlgobotError, DaemonUnreachable, NotFound, PartialFailure, UsageError
from algobot.line import ASK_S, Line
from algobot.paths import client_socket
from algobot.text import safe_text

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_CLEAR = "\x1b[H\x1b[2J"


class Duration(click.ParamType[float]):
    """`500ms`, `2s`, `5m`, `1h`, or plain seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        if isinstance(value, float):
            return value
        text = str(value)
        digits = text.rstrip("dhms")
        try:
            seconds = float(digits) * _SECONDS[text[len(digits) :] or "s"]
        except (ValueError, KeyError):
            self.fail(f"{text!r} is not a duration: write it like 500ms, 2s, 5m or 1h", param, ctx)
        if not 0 < seconds < 1e9:
            self.fail(f"{text!r} is not a duration greater than nothing", param, ctx)
        return seconds


DURATION = Duration()


class Asker:
    """The options a verb was called with, and the one connection it makes."""

    def __init__(
        self, socket: str, *, form: str = "table", timeout_s: float = ASK_S, watch_s: float | None = None
    ) -> None:
        self.form = form
        self.timeout_s = timeout_s
        self.watch_s = watch_s
        self._place = socket
        self._line: Line | None = None

    @property
    def line(self) -> Line:
        """Return the connection, made when it is first wanted. Raises DaemonUnreachable."""
        if self._line is None:
            self._line = Line(str(client_socket(self._place)), name="ctl")
        return self._line

    @property
    def named(self) -> bool:
        """Whether a socket was named: the daemon meant need not be the one of this configuration."""
        return bool(self._place or os.environ.get("ALGOBOT__DAEMON__SOCKET"))

    @contextmanager
    def within(self, timeout_s: float) -> Iterator[None]:
        """Wait no longer than this for what is asked inside."""
        before, self.timeout_s = self.timeout_s, timeout_s
        try:
            if self._line is None:
                self._line = Line(str(client_socket(self._place)), name="ctl", connect_s=timeout_s)
            yield
        finally:
            self.timeout_s = before

    def hang_up(self) -> None:
        """Close the connection; the next question makes another."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(self, method: str, **params: object) -> Row:
        """Return the daemon's reply; parameters that are None are left to their defaults.

        Raises:
            AlgobotError: as `Line.ask`; of a bot nobody knows, with the name that was probably meant.
        """
        given = {key: value for key, value in params.items() if value is not None}
        try:
            return self.line.ask(method, given, timeout_s=self.timeout_s)
        except NotFound as error:
            meant = self._meant(str(params.get("bot_id") or ""))
            raise NotFound(error.message, hint=meant or error.hint) from error

    def show(self, question: Callable[[], Row], write: Callable[[Row], None]) -> None:
        """Write what `question` gives, once, or again and again with --watch until interrupted."""
        while True:
            reply = question()
            if self.watch_s is not None and self.form == "table" and sys.stdout.isatty():
                print(_CLEAR, end="")
            if self.form == "json":
                write_json(reply)
            else:
                write(reply)
            if self.watch_s is None:
                return
            time.sleep(self.watch_s)
            if self.form == "table" and not sys.stdout.isatty():
                print()

    def show_rows(self, question: Callable[[], Row], key: str, columns: Sequence[Column], *, empty: str) -> None:
        """Write the rows a reply holds under `key`."""
        self.show(question, lambda reply: write_rows(rows_of(reply, key), columns, self.form, empty=empty))

    def _meant(self, name: str) -> str:
        if not name:
            return ""
        from difflib import get_close_matches

        names = [str(row["bot_id"]) for row in rows_of(self.line.ask("bots.list"), "bots")]
        near = get_close_matches(name, names, n=1)
        if near:
            return f"did you mean {near[0]}?"
        return f"there are: {', '.join(names)}" if names else "there are no bots yet: algobot ctl bots add"


def reading(verb: Callable[..., object]) -> Callable[..., object]:
    """Give a verb that only looks its asker, and --socket, --timeout, --json, --format, --watch."""

    @functools.wraps(verb)
    def call(socket: str, timeout_s: float, as_json: bool, form: str, watch_s: float | None, **given: object) -> object:
        with an_asker(socket, timeout_s, form="json" if as_json else form, watch_s=watch_s) as asker:
            return verb(asker, **given)

    command: Callable[..., object] = call
    for option in (
        click.option("-w", "--watch", "watch_s", type=DURATION, is_flag=False, flag_value="2s", help="Repeat [2s]."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="table", help="How to write it."),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
    ):
        command = option(command)
    return _reaching(command)


def asking(verb: Callable[..., object]) -> Callable[..., object]:
    """Give a verb its asker, and --socket and --timeout."""

    @functools.wraps(verb)
    def call(socket: str, timeout_s: float, **given: object) -> object:
        with an_asker(socket, timeout_s) as asker:
            return verb(asker, **given)

    return _reaching(call)


def _reaching(command: Callable[..., object]) -> Callable[..., object]:
    wait = click.option("--timeout", "timeout_s", type=DURATION, default=ASK_S, help="How long to wait [30s].")
    return click.option("--socket", default="", metavar="PATH", help="Where the daemon listens.")(wait(command))


def alone(ctx: click.Context) -> bool:
    """Return whether a group was called without a verb; options given before one would be lost, and are refused."""
    if ctx.invoked_subcommand is None:
        return True
    for name in ctx.params:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            ctx.fail(f"options go after the verb: {ctx.command_path} {ctx.invoked_subcommand} …")
    return False


@contextmanager
def an_asker(socket: str, timeout_s: float, *, form: str = "table", watch_s: float | None = None) -> Iterator[Asker]:
    """Give the asker of one call and hang up after it."""
    asker = Asker(socket, form=form, timeout_s=timeout_s, watch_s=watch_s)
    try:
        yield asker
    finally:
        asker.hang_up()


def for_each(names: Sequence[str], act: Callable[[str], Row]) -> None:
    """Do `act` to each and say what the daemon said.

    Raises:
        PartialFailure: some were done and some were not.
        DaemonUnreachable: at the first.
        AlgobotError: what the first was refused with, if none was done.
    """
    failed: list[tuple[str, AlgobotError]] = []
    for name in names:
        try:
            say(act(name))
        except DaemonUnreachable:
            raise
        except AlgobotError as error:
            failed.append((name, error))
    if failed and len(failed) == len(names) == 1:
        raise failed[0][1]
    if failed:
        told = "; ".join(f"{name}: {error.message}" for name, error in failed)
        if len(failed) == len(names) and len({type(error) for _, error in failed}) == 1:
            raise type(failed[0][1])(told, hint=failed[0][1].hint)
        raise PartialFailure(f"{len(names) - len(failed)} of {len(names)} done; {told}", hint=failed[0][1].hint)


def say(reply: Row) -> None:
    """Print what was done, on stdout."""
    print(safe_text(str(reply.get("message") or "done")), flush=True)


def suggest(command: str) -> None:
    """Name the one command that probably comes next, on a terminal's stderr."""
    if sys.stderr.isatty():
        print(f"Next: {command}", file=sys.stderr)


def confirm(question: str, *, yes: bool) -> None:
    """Return if a person said yes, or --yes did.

    Raises:
        UsageError: there is no terminal to ask on.
        AlgobotError: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} There is no terminal to ask on", hint="say --yes")
    if not click.confirm(question, err=True):
        raise AlgobotError("not confirmed: nothing was done")


def confirm_name(what: str, name: str, *, confirmed: str | None) -> None:
    """Return if `name` was typed, or given by --confirm.

    Raises:
        UsageError: it was not, or there is no terminal to ask on.
    """
    if confirmed is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(f"{what}: there is no terminal to ask on", hint=f"say --confirm {name}")
        confirmed = click.prompt(f"{what}. Type {name} to go on", err=True, default="", show_default=False)
    if confirmed != name:
        raise UsageError(f"{what}: {confirmed!r} is not {name!r}; nothing was done", hint=f"say --confirm {name}")


def on_terminal() -> bool:
    """Return whether stdout takes colour."""
    return colorful(sys.stdout)


def complete_bots(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the bots' names for the shell's completion; none when no daemon answers."""
    try:
        line = Line(str(client_socket(str(ctx.params.get("socket") or ""))), name="completion", connect_s=0.3)
        rows = rows_of(line.ask("bots.list", timeout_s=0.5), "bots")
        line.close()
    except AlgobotError:
        return []
    return [name for row in rows if (name := str(row.get("bot_id"))).startswith(incomplete)]


bot_argument = click.argument("bot", shell_complete=complete_bots)
bots_argument = click.argument("bots", nargs=-1, required=True, metavar="BOT...", shell_complete=complete_bots)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
