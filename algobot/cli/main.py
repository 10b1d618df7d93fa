"""The `algobot` command: where every invocation starts, and where `daemon` and `tui` are let in.

Nothing is imported at the top but what Python has loaded anyway. `kill` is handed over before anything else is: it must
work when nothing else does. So is a plain `ctl status`, which prompts and status bars ask all the time. The rest goes
through `algobot.cli.edge`, which loads the one command that was asked for.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import NoReturn

    from algobot.config import Config
    from daemon.logs import Form
    from daemon.main import Audit, Backup, Restored


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code (`algobot help exit-codes`)."""
    words = sys.argv[1:] if words is None else list(words)
    if words[:1] == ["kill"]:
        from algobot.cli.kill import main as kill

        sys.exit(kill(words[1:]))
    if words[:2] == ["ctl", "status"]:
        from algobot.cli.ctl.quick import run as quick

        if (code := quick(words[1:])) is not None:
            sys.exit(code)
    if words == ["--version"]:
        from algobot.version import VERSION

        sys.stdout.write(f"algobot {VERSION}\n")
        sys.exit(0)
    from algobot.cli.edge import run

    sys.exit(run(words))


def run_daemon(load: Callable[[], Config], *, form: Form) -> int:
    """Run the daemon in this process until it is told to stop; `load` is called again on each reload."""
    from daemon.main import run

    return run(load, form=form)


def run_guard(config: Config, *, form: Form, child: bool = False) -> int:
    """Run the guard in this process until it is told to stop."""
    from daemon.guard.main import run

    return run(config, form=form, child=child)


def run_tui(socket: Path, *, read_only: bool, state_dir: Path, hosted: bool = False) -> int:
    """Run the terminal screens in this process until they are closed; `state_dir` is where the halt latch lies."""
    from tui.main import run

    return run(socket, read_only=read_only, state_dir=str(state_dir), hosted=hosted)


def audit_database(database: Path) -> Audit:
    """Return all that is wrong with a database, also with one that a daemon is writing to."""
    from daemon.main import audit

    return audit(database)


def back_up_database(database: Path, folder: Path | None, *, keep: int) -> Backup:
    """Copy a database, also one that a daemon is writing to, read the copy back, and keep the newest `keep`."""
    from daemon.main import back_up

    return back_up(database, folder, keep=keep)


def restore_database(backup: Path, state_dir: Path, *, by: str) -> Restored:
    """Put a backup in the place of a state directory's database; no daemon may be running there."""
    from daemon.main import restore

    return restore(backup, state_dir, by=by)
