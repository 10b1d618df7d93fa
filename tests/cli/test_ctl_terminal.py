"""`algobot ctl` as a process: questions on a terminal, --watch, following, and what it loads."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.fakes.threaded import a_daemon

ALGOBOT = [sys.executable, "-m", "algobot"]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server, where ctl finds it by itself."""
    with a_daemon(tmp_path) as found:
        monkeypatch.setenv("ALGOBOT__DAEMON__SOCKET", str(found.path))
        yield found


def on_a_terminal(*words: str, typed: str = "", until: str = "", env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run on a pseudo-terminal, type once `until` is asked, and return (exit code, all that was shown)."""
    leader, follower = pty.openpty()
    started = subprocess.Popen(
        [*ALGOBOT, *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", **(env or {})},
        start_new_session=True,
    )
    os.close(follower)
    shown, deadline, asked = b"", time.monotonic() + 20, False
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                data = os.read(leader, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        if typed and not asked and until.encode() in shown:
            asked = True
            os.write(leader, typed.encode())
    code = started.wait(10)
    os.close(leader)
    return code, shown.decode(errors="replace")


def test_stopping_asks_and_no_is_no(served):
    """A plain return means no."""
    code, shown = on_a_terminal("ctl", "stop", "alpha", typed="\n", until="[y/N]")
    assert (code, "nothing was done" in shown) == (1, True)
    assert served.face.calls == []
    code, shown = on_a_terminal("ctl", "stop", "alpha", typed="y\n", until="[y/N]")
    assert code == 0
    assert "Next: algobot ctl start alpha" in shown


def test_flattening_wants_the_name_typed(served):
    """Another word does nothing."""
    assert on_a_terminal("ctl", "flatten", "alpha", typed="yes\n", until="Type alpha")[0] == 2
    assert served.face.calls == []
    assert on_a_terminal("ctl", "flatten", "alpha", typed="alpha\n", until="Type alpha")[0] == 0


def test_colour_is_for_terminals_that_want_it(served):
    """NO_COLOR and TERM=dumb are heard."""
    assert "\x1b[32mrunning" in on_a_terminal("ctl", "bots")[1]
    assert "\x1b[" not in on_a_terminal("ctl", "bots", env={"NO_COLOR": "1"})[1]
    assert "\x1b[" not in on_a_terminal("ctl", "status", env={"TERM": "dumb"})[1]


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    """Read so many lines, or fail after a while."""
    assert process.stdout is not None
    found: list[str] = []
    deadline = time.monotonic() + 15
    while len(found) < count and time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.2)[0]:
            found.append(process.stdout.readline())
    return found


def interrupt(process: subprocess.Popen[str]) -> int:
    """Press Ctrl-C and return the exit code."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(10)
    finally:
        process.kill()
        process.communicate()


def started(*words: str) -> subprocess.Popen[str]:
    """Start `algobot …` with its output in pipes."""
    return subprocess.Popen(
        [*ALGOBOT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def test_watching_goes_on_until_it_is_interrupted(served):
    """As JSON it is one object a look; Ctrl-C is 130."""
    process = started("ctl", "status", "--json", "--watch", "100ms")
    assert [json.loads(line)["state"] for line in lines_of(process, 3)] == ["ready"] * 3
    assert interrupt(process) == 130


def test_following_prints_events_as_they_come(served):
    """One JSON object a line, flushed at once, until Ctrl-C."""
    process = started("ctl", "events", "-f", "--json", "--since", "0")
    deadline = time.monotonic() + 15
    while not served.hub.followers and time.monotonic() < deadline:
        time.sleep(0.01)
    served.call(served.face.log, "info", "just.now")
    event = json.loads(lines_of(process, 1)[0])
    assert (event["type"], event["line"]["event"], event["schema_version"]) == ("line.logged", "just.now", 1)
    assert interrupt(process) == 130


def test_following_comes_back_after_the_daemon_did(tmp_path):
    """The connection breaks, another daemon takes the place, and lines go on."""
    with a_daemon(tmp_path) as first:
        process = started("ctl", "logs", "-f", "--socket", str(first.path))
        first.call(first.face.log, "info", "before.it")
        deadline = time.monotonic() + 15
        while not first.hub.followers and time.monotonic() < deadline:
            time.sleep(0.01)
        first.call(first.face.log, "info", "still.there")
        shown = lines_of(process, 1)
    with a_daemon(tmp_path) as second:
        deadline = time.monotonic() + 15
        while not second.hub.followers and time.monotonic() < deadline:
            time.sleep(0.01)
        second.call(second.face.log, "info", "after.it")
        while "after.it" not in "".join(shown) and time.monotonic() < deadline:
            shown += lines_of(process, 1)
        assert interrupt(process) == 130
    assert "after.it" in "".join(shown)


def test_waiting_sees_the_change(served):
    """It ends when the bot gets there."""
    process = started("ctl", "wait", "alpha", "--for", "state=paused", "--timeout", "20s")
    deadline = time.monotonic() + 15
    while not served.hub.followers and time.monotonic() < deadline:
        time.sleep(0.01)
    served.call(served.face._to, "alpha", type(served.face.rows["alpha"].state)("paused"), "test", "test")
    out, _ = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, "alpha is paused, position 0\n")


@pytest.mark.parametrize(
    ("words", "allowed"),
    [(("ctl", "status"), set()), (("ctl", "bots", "--json"), {"click"}), (("kill", "--help"), set())],
)
def test_what_starts_fast_loads_little(served, words, allowed):
    """No event loop, no msgspec, nothing compiled; `ctl status` not even click."""
    heavy = "click msgspec asyncio anyio structlog rich numpy numba ccxt textual aiosqlite pyarrow"
    script = (
        "import sys; from algobot.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print(sorted(set('{heavy}'.split()) & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=30)
    assert ran.stderr.splitlines()[-1] == str(sorted(allowed)), ran.stderr


def test_the_client_library_loads_nothing_heavy():
    """The TUI and scripts stand on it."""
    script = (
        "import sys, algobot.client\n"
        "heavy = {'numpy', 'numba', 'ccxt', 'aiosqlite', 'textual', 'structlog', 'rich', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert ran.stdout == "[]\n", ran.stderr
