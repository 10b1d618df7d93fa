"""The command's edge: words in, one clear message and an exit code out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from algobot import errors
from algobot.cli import app as commands
from algobot.cli import edge
from algobot.cli.help import EXIT_CODES
from algobot.version import VERSION

ROOT = Path(__file__).parents[2]
HEAVY = ("numba", "numpy", "ccxt", "aiosqlite", "textual", "structlog", "pyarrow", "aiohttp", "rich", "daemon", "tui")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, so that nothing of this machine is read or written."""
    for name in list(os.environ):
        if name.startswith(("XDG_", "ALGOBOT")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def algobot(*words: str, code: str = "from algobot.cli.main import main; main()") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


def test_the_version_is_the_packages() -> None:
    """The constant, `--version` and pyproject.toml say the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert algobot("--version").stdout == f"algobot {VERSION}\n"
    assert json.loads(algobot("version", "--json").stdout)["version"] == VERSION


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["paths"], ["help", "exit-codes"], ["ctl", "status"]])
def test_light_commands_load_nothing_heavy(words: list[str]) -> None:
    """What a shell prompt may call loads no compiler, no venue, no screen."""
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: sys.stderr.write('LOADED ' + ' '.join(m for m in {HEAVY!r} if m in sys.modules)))\n"
        "from algobot.cli.main import main\n"
        "main()"
    )
    done = algobot(*words, code=code)
    assert done.stderr.split("LOADED ")[1] == "", words


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing a newcomer reads costs no import and forgets nothing."""
    assert edge.run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, (_, text) in commands.COMMANDS.items():
        assert re.search(rf"(?m)^  {name} +{re.escape(text)}", shown)


@pytest.mark.parametrize("name", [name for name, (target, _) in commands.COMMANDS.items() if target])
def test_every_command_in_the_list_exists_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No entry points at nothing."""
    assert edge.run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: algobot {name}")


def test_no_word_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`algobot` alone is a question."""
    assert edge.run([]) == 2
    assert capsys.readouterr().err.startswith("Usage: algobot")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("demno", "did you mean demo?"), ("status", "`algobot ctl status`?"), ("statsu", "`algobot ctl status`?")],
)
def test_a_word_that_is_no_command_gets_the_one_that_was_meant(
    word: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one line of error, one of hint, nothing on stdout."""
    assert edge.run([word]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error: there is no command '{word}'")
    assert meant in told.err
    assert told.err.endswith("hint: see `algobot --help`\n")


def test_with_json_an_error_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts read code, message and hint."""
    assert edge.run(["config", "check", "/nonexistent.toml", "--json"]) == 2
    told = json.loads(capsys.readouterr().err)
    assert told == {
        "schema_version": 1,
        "code": "config.invalid",
        "message": "/nonexistent.toml: no such file",
        "hint": "`algobot init` writes a first configuration",
    }


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["x", "--json"], True),
        (["x", "--format", "json"], True),
        (["x", "--format=json"], True),
        (["x", "--format", "csv"], False),
        (["x", "--", "--json"], False),
    ],
)
def test_whether_json_was_asked_for(words: list[str], asked: bool) -> None:
    """Both spellings count; what comes after `--` is data."""
    assert edge.wants_json(words) is asked


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `algobot paths` raise."""

    @click.command()
    def paths() -> None:
        raise error

    monkeypatch.setattr("algobot.cli.paths.paths", paths)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AlgobotError("x", hint="do y"), 1),
        (errors.DaemonUnreachable("x", hint="do y"), 3),
        (errors.NotPermitted("x", hint="do y"), 4),
        (errors.NotFound("x", hint="do y"), 5),
        (errors.Halted("x", hint="do y"), 6),
        (errors.DeadlineExceeded("x", hint="do y"), 7),
        (errors.PartialFailure("x", hint="do y"), 8),
    ],
)
def test_each_error_ends_with_its_own_code(
    error: errors.AlgobotError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Message and hint on stderr; the code is the documented one."""
    raising(error, monkeypatch)
    assert edge.run(["paths"]) == code
    assert capsys.readouterr().err == "error: x\nhint: do y\n"
    assert code in dict(EXIT_CODES)


def test_a_file_that_cannot_be_written_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system's own errors name the file."""
    raising(PermissionError(13, "Permission denied", "/x/y"), monkeypatch)
    assert edge.run(["paths"]) == 1
    assert capsys.readouterr().err.startswith("error: /x/y: Permission denied\nhint: ")


def test_a_defect_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only errors raised on purpose become messages; anything else keeps its traceback."""
    raising(ZeroDivisionError("ours"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        edge.run(["paths"])


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a traceback."""
    raising(KeyboardInterrupt(), monkeypatch)
    assert edge.run(["paths"]) == 130
    assert capsys.readouterr().err.strip() == "aborted"


def test_a_real_ctrl_c_ends_with_130() -> None:
    """The signal, in a process of its own, while a command runs."""
    code = (
        "import click, time, sys\n"
        "import algobot.cli.paths as module\n"
        "@click.command()\n"
        "def slow():\n"
        "    print('running', flush=True)\n"
        "    time.sleep(60)\n"
        "module.paths = slow\n"
        "from algobot.cli.main import main\n"
        "main(['paths'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"Traceback" not in told


def test_a_reader_that_has_enough_is_no_error() -> None:
    """`algobot config schema | head -1` prints no traceback."""
    code = "from algobot.cli.main import main; main(['config', 'schema'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        told = child.stderr.read()
        child.wait(20)
    assert told == b""


def test_help_explains_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """`help config check`, `help exit-codes`, and a topic that is none."""
    assert edge.run(["help", "config", "check"]) == 0
    assert capsys.readouterr().out.startswith("Usage: algobot config check")
    assert edge.run(["help", "exit-codes"]) == 0
    assert [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()] == [code for code, _ in EXIT_CODES]
    assert edge.run(["help", "nothing"]) == 5


def test_every_errors_exit_code_is_documented() -> None:
    """No class ends with a number `help exit-codes` does not explain."""
    todo, codes = [errors.AlgobotError], set()
    while todo:
        kind = todo.pop()
        codes.add(kind.exit_code)
        todo += kind.__subclasses__()
    assert codes <= dict(EXIT_CODES).keys()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_us_back(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell gets a script that asks `algobot` itself."""
    assert edge.run(["completion", shell]) == 0
    assert "_ALGOBOT_COMPLETE" in capsys.readouterr().out


def test_completion_knows_commands_and_options() -> None:
    """What the script asks, answered in a process of its own."""
    env = {**os.environ, "_ALGOBOT_COMPLETE": "bash_complete", "COMP_WORDS": "algobot con", "COMP_CWORD": "1"}
    code = "from algobot.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT
    )
    assert done.stdout.split() == ["plain,config"]


def test_the_documented_codes_are_the_promised_ones() -> None:
    """0 to 8 and 130, each once: scripts count on them."""
    assert [code for code, _ in EXIT_CODES] == [*range(9), 130]
