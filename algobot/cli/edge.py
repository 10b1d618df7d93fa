"""The edge between commands and a person: whatever is raised becomes one clear message and an exit code."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
from collections.abc import Sequence

import click

from algobot.cli.app import app
from algobot.errors import AlgobotError, UsageError

INTERRUPTED = 130


def run(words: Sequence[str]) -> int:
    """Run one command and return its exit code; errors meant for a person are told on stderr, never as a traceback."""
    as_json = wants_json(words)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no "×" is no reason to fail
    try:
        code = app.main(args=list(words), prog_name="algobot", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("aborted", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return tell(_as_usage_error(error), as_json=as_json)
    except AlgobotError as error:
        return tell(error, as_json=as_json)
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        return tell(_as_error(error), as_json=as_json)
    return code if isinstance(code, int) else 0


def tell(error: AlgobotError, *, as_json: bool) -> int:
    """Write `error` to stderr, for a person or as one JSON object, and return its exit code."""
    if as_json:
        told = {"schema_version": 1, "code": error.code, "message": error.message, "hint": error.hint}
        click.echo(json.dumps(told), err=True)
    else:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
    return error.exit_code


def wants_json(words: Sequence[str]) -> bool:
    """Return whether the caller asked for JSON, which errors then are, too."""
    before = list(words[: words.index("--")] if "--" in words else words)
    pairs = itertools.pairwise(before)
    return "--json" in before or "--format=json" in before or ("--format", "json") in pairs


def _as_usage_error(error: click.ClickException) -> AlgobotError:
    message = error.format_message()
    if not isinstance(error, click.UsageError):
        return UsageError(message[:1].lower() + message[1:])
    path = error.ctx.command_path if error.ctx else "algobot"
    return UsageError(message[:1].lower() + message[1:].removesuffix("."), hint=f"see `{path} --help`")


def _as_error(error: OSError) -> AlgobotError:
    where = f"{error.filename}: " if error.filename else ""
    return AlgobotError(f"{where}{error.strerror or error}", hint="`algobot doctor` looks at folders, modes and disk")


def _reader_gone() -> int:
    """`algobot … | head`: whoever read has enough; stay quiet, also in the interpreter's own last flush."""
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
    return 1
