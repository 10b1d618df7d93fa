"""The `algobot` command: where every invocation starts, and where `daemon` and `tui` are let in.

Standard library only at the top. `kill` is handed over before anything else is imported: it must work when nothing
else does. The rest goes through `algobot.cli.edge`, which loads the one command that was asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from algobot.config import Config
    from daemon.logs import Form


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code (`algobot help exit-codes`)."""
    words = sys.argv[1:] if words is None else list(words)
    if words[:1] == ["kill"]:
        from algobot.cli.kill import main as kill

        sys.exit(kill(words[1:]))
    from algobot.cli.edge import run

    sys.exit(run(words))


def run_daemon(load: Callable[[], Config], *, form: Form) -> int:
    """Run the daemon in this process until it is told to stop; `load` is called again on each reload."""
    from daemon.main import run

    return run(load, form=form)


def run_tui(socket: Path, *, read_only: bool) -> int:
    """Run the terminal screens in this process until they are closed."""
    from tui.main import run

    return run(socket, read_only=read_only)
