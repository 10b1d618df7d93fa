"""`algobot kill`: the latch first, then the daemon, and the truth about both."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from algobot import latch
from algobot.cli.kill import main
from tests.fakes.threaded import a_daemon


@pytest.fixture
def state(tmp_path):
    """A state directory."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def kill(capsys, state):
    """Run `algobot kill …` on that directory: (exit code, stdout)."""

    def call(*words: str, place: Path | None = None) -> tuple[int, str]:
        code = main([*words, "--state-dir", str(state), "--socket", str(place or state / "none.sock")])
        return code, capsys.readouterr().out

    return call


@contextlib.contextmanager
def a_listener(path: Path, answer: bytes | None = None, *, order: list[str] | None = None, watch: Path | None = None):
    """Someone who accepts, and answers nothing, or always the same; notes whether `watch` was there first."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    listening.settimeout(10)
    held = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            connected, _ = listening.accept()
            held.append(connected)
            if order is not None and watch is not None:
                order.append("latched" if watch.exists() else "not latched")
            if answer is not None:
                connected.recv(65536)
                connected.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listening.close()
        thread.join(11)
        for connected in held:
            connected.close()


def test_with_the_daemon_down_it_latches_and_promises_nothing(kill, state):
    """8: the file is there, orders at the venue are unknown."""
    code, out = kill("--reason", "drill")
    assert code == 8
    assert f"latched: {state / 'HALT'} (cancel)" in out
    assert "no daemon answers" in out
    assert "its gate closes when it reads the latch, at its next send or start" in out
    assert "NOT SAFE: open orders may remain at the venue" in out
    assert [(one.scope, one.mode, one.reason) for one in latch.read(state)] == [("all", "cancel", "drill")]


def test_with_a_daemon_that_answers_it_is_confirmed_and_safe(kill, state, tmp_path):
    """0: gate closed in so many milliseconds, nothing open."""
    with a_daemon(tmp_path) as served:
        code, out = kill("--reason", "drill", place=served.path)
    assert code == 0, out
    assert "the daemon confirmed it in" in out
    assert "SAFE: nothing of ours is open" in out
    assert "NOT SAFE" not in out
    assert [name for name, _ in served.face.calls if name.startswith("kill")] == ["kill halt", "kill cancel"]
    assert latch.read(state)[0].mode == "cancel"


def test_orders_that_stay_are_listed_and_not_safe(kill, tmp_path):
    """8, by name, however closed the gate is."""
    with a_daemon(tmp_path) as served:
        served.face.stuck_orders = True
        served.call(served.face._trade, "alpha")
        code, out = kill(place=served.path)
        told = json.loads(kill("--json", place=served.path)[1])
    assert code == 8
    assert "open at the venue: demo-" in out
    assert "NOT SAFE" in out
    assert (told["gate_closed"], told["safe"], len(told["orders_left"]), told["latched"]) == (True, False, 1, True)


def test_halting_leaves_orders_and_says_so(kill, tmp_path):
    """0 for the gate, and the word safe is not used."""
    with a_daemon(tmp_path) as served:
        code, out = kill("--mode", "halt", place=served.path)
    assert code == 0
    assert "HALTED: nothing new goes out; open orders stay at the venue" in out
    assert "open orders at the venue: unknown" in out


def test_with_a_hung_daemon_it_latches_first_and_says_that_nobody_answered(kill, state):
    """8 after the deadline; when the daemon was asked the file was there already."""
    order: list[str] = []
    place = state / "hung.sock"
    with a_listener(place, order=order, watch=state / "HALT"):
        code, out = kill("--timeout", "0.2", place=place)
    assert (code, order) == (8, ["latched"])
    assert "the daemon did not answer; its gate closes when it reads the latch" in out
    assert "NOT SAFE" in out


@pytest.mark.parametrize(
    "answer", [b"garbage\n", b'{"a":1}\n[]\n', b"\n", b'{"id":1,"result":{}}\n{"id":2,"result":{}}\n']
)
def test_a_daemon_that_answers_nonsense_confirms_nothing(kill, state, answer):
    """Only a plain `gate_closed: true` is a closed gate."""
    place = state / "odd.sock"
    with a_listener(place, answer):
        code, out = kill("--timeout", "0.3", "--mode", "halt", place=place)
    assert code == 8
    assert "gate NOT confirmed" in out
    assert "NOT SAFE" in out


def test_without_a_state_directory_it_still_tells_the_daemon(capsys, tmp_path):
    """What could not be latched is said with the flag that names the place; 1 when nothing was achieved at all."""
    missing = str(tmp_path / "missing")
    with a_daemon(tmp_path) as served:
        code = main(["--state-dir", missing, "--socket", str(served.path)])
    out = capsys.readouterr().out
    assert (code, "NOT LATCHED" in out, "--state-dir" in out, "confirmed" in out) == (0, True, True, True)
    assert main(["--state-dir", missing, "--socket", str(tmp_path / "none")]) == 1
    assert "NOT SAFE" in capsys.readouterr().out


def test_scopes_have_their_own_latch(kill, state, tmp_path):
    """One bot, one account; a name the daemon does not know is not called safe."""
    with a_daemon(tmp_path) as served:
        assert kill("--bot", "alpha", place=served.path)[0] == 0
        code, out = kill("--bot", "alhpa", place=served.path)
        assert (code, "the daemon refused: no bot 'alhpa'" in out) == (8, True)
        assert kill("--account", "sim", place=served.path)[0] == 0
    found = {(one.scope, one.target) for one in latch.read(state)}
    assert found == {("bot", "alpha"), ("bot", "alhpa"), ("account", "sim")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mode", "maybe"], "not one of halt, cancel, flatten"),
        (["--now"], "there is no '--now'"),
        (["--reason"], "--reason wants a value"),
        (["--account", "a", "--bot", "b"], "together"),
        (["--timeout", "soon"], "not a number"),
        (["alpha"], "there is no 'alpha'"),
    ],
)
def test_wrong_words_are_2_and_latch_nothing(capsys, state, words, said):
    """A typo is told with the usage."""
    assert main([*words, "--state-dir", str(state)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "usage: algobot kill" in err
    assert latch.read(state) == []


def test_help_is_not_a_kill(capsys, state):
    """It explains the modes and the exit codes."""
    assert main(["--help", "--state-dir", str(state)]) == 0
    assert "exit codes" in capsys.readouterr().out
    assert latch.read(state) == []


def test_as_a_command_it_loads_next_to_nothing(state):
    """No click, no msgspec, no event loop stands between a person and the latch."""
    script = (
        "import sys; from algobot.cli.main import main\n"
        "try: main(['kill', '--state-dir', sys.argv[1], '--socket', sys.argv[1] + '/none'])\n"
        "except SystemExit as end: code = end.code\n"
        "heavy = {'click', 'msgspec', 'asyncio', 'anyio', 'structlog', 'rich', 'numpy', 'numba', 'ccxt', 'textual'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(state)], capture_output=True, text=True, timeout=30)
    assert ran.stdout.splitlines()[-1] == "8 []", ran.stderr
    assert (state / "HALT").exists()
