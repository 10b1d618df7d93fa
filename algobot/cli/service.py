"""`algobot service`: the daemon under systemd, without editing unit files by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Final

import click

from algobot import paths
from algobot.errors import AlgobotError, NotFound, NotPermitted, Refused

UNIT: Final = "algobot.service"
UNITS: Final = (UNIT, "algobot-guard.service")
_SYSTEM_FOLDER: Final = Path("/etc/systemd/system")


def _scope(command: click.decorators.FC) -> click.decorators.FC:
    """Add `--user` and `--system`."""
    return click.option(
        "--system/--user", "system", default=False, show_default=True, help="The machine's service, or your own."
    )(command)


@click.group()
def service() -> None:
    """Install the daemon as a systemd service, and look at it."""


@service.command()
@_scope
@click.option("--dry-run", is_flag=True, help="Print the units instead of writing them.")
def install(system: bool, dry_run: bool) -> None:
    """Write the units of daemon and guard with this program's own path. Starts and enables nothing."""
    program = _program()
    texts = {name: unit_text(name, system=system, program=program) for name in UNITS}
    if dry_run:
        click.echo("\n".join(texts.values()), nl=False)
        return
    folder = _SYSTEM_FOLDER if system else _user_folder()
    if system and os.geteuid() != 0:
        raise NotPermitted(f"only root may write to {folder}", hint="sudo algobot service install --system")
    for name, text in texts.items():
        target = folder / name
        if target.exists() and target.read_text() != text:
            hint = f"move it away: mv {target} {target}.old"
            raise Refused(f"{target} exists and differs; it stays as it is", hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
        click.echo(str(folder / name))
    scope = "" if system else " --user"
    click.echo(f"Next: systemctl{scope} daemon-reload && systemctl{scope} enable --now algobot algobot-guard", err=True)
    if not system:
        click.echo("      loginctl enable-linger   # or it stops when you log out", err=True)


@service.command()
@_scope
def status(system: bool) -> int:
    """Show what systemd says of it."""
    return _run(["systemctl", *_manager(system=system), "status", "--no-pager", UNIT])


@service.command()
@_scope
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines.")
@click.option("-n", "--lines", default=100, show_default=True, help="How many of the last lines.")
def logs(system: bool, follow: bool, lines: int) -> int:
    """Show its lines in the journal."""
    follow_option = ["--follow"] if follow else []
    unit = ["--unit"] if system else ["--user-unit"]
    return _run(["journalctl", "--no-pager", f"--lines={lines}", "--output=cat", *follow_option, *unit, UNIT])


def unit_text(unit: str, *, system: bool, program: Path) -> str:
    """Return a shipped unit with `program` as what it starts.

    Raises:
        NotFound: this installation came without the unit files.
    """
    name = unit if system else f"user/{unit}"
    for folder in (Path(__file__).parents[2] / "systemd", Path(str(resources.files("algobot"))) / "systemd"):
        file = folder / name
        if file.is_file():
            return re.sub(r"(?m)^ExecStart=\S+", lambda _: f"ExecStart={_escaped(program)}", file.read_text("utf-8"))
    raise NotFound("the unit files are not part of this installation", hint="copy them from systemd/ of the sources")


def _escaped(program: Path) -> str:
    """Return a path as a unit file takes it: `%` starts a specifier there, and a space ends a word."""
    text = str(program).replace("\\", "\\\\").replace("%", "%%")
    return f'"{text}"' if " " in text else text


def _program() -> Path:
    """Return this very command: the service must run the installation it was installed with."""
    beside = Path(sys.executable).parent / "algobot"
    if beside.is_file():
        return beside
    found = shutil.which("algobot")
    if found is None:
        raise NotFound("the algobot command is not installed here", hint="pip install . in a virtual environment")
    return Path(found).absolute()


def _user_folder() -> Path:
    return paths.config_path().parents[1] / "systemd" / "user"


def _manager(*, system: bool) -> list[str]:
    return [] if system else ["--user"]


def _run(command: list[str]) -> int:
    try:
        return subprocess.run(command, check=False).returncode
    except FileNotFoundError:
        raise AlgobotError(f"there is no {command[0]} on this machine", hint="run `algobot daemon` yourself") from None
