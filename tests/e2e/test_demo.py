"""The first thing a newcomer runs, as they run it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


def test_the_headless_demo_trades_reconciles_and_prints_one_object() -> None:
    """Four bots trade, the ledger equals the venue, the exit code is 0, stdout is one JSON object."""
    command = [sys.executable, "-m", "algobot", "demo", "--headless", "--seconds", "12", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["bots"]) == 4
    for bot in told["bots"]:
        assert {"name", "state", "mode", "orders", "fills", "equity"} <= bot.keys()
        assert bot["equity"] > 0
    assert {bot["mode"] for bot in told["bots"]} == {"live", "paper"}
    assert told["fills"] == sum(bot["fills"] for bot in told["bots"]) > 0
    assert told["reconciled"] is True
    assert float(told["drift"]) == 0


def test_a_screen_without_a_terminal_is_a_usage_error_that_names_the_flag() -> None:
    """A script that forgets --headless is told so at once."""
    command = [sys.executable, "-m", "algobot", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "--headless" in done.stderr


def children(pid: int) -> set[int]:
    """Return the processes that `pid` started and that still run."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(own) for own, parent, state in rows if int(parent) == pid and not state.startswith("Z")}


def gone(pid: int) -> bool:
    """Return whether no process of that number runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def short() -> Iterator[Path]:
    """A private directory with a path short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="d-", dir="/tmp") as directory:
        yield Path(directory)


@pytest.mark.parametrize("end", ["hang up", "SIGTERM", "SIGKILL"])
def test_the_demo_leaves_nothing_behind_however_it_ends(end: str, short: Path) -> None:
    """Its terminal closed, a polite signal or a rude one: screen, daemon and venue end with it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "TMPDIR": str(short)}
    command = [sys.executable, "-m", "algobot", "demo"]
    demo = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # this terminal is its controlling one
    )
    os.close(theirs)
    try:
        _read_until(ours, b"LIVE SIM", timeout_s=90)
        started = children(demo.pid)
        assert len(started) == 3, "venue, daemon, screen"
        if end == "hang up":
            os.close(ours)
            ours = -1
        else:
            demo.send_signal(signal.SIGTERM if end == "SIGTERM" else signal.SIGKILL)
            threading.Thread(target=_drain, args=(ours,), daemon=True).start()
        demo.wait(40)
        until(lambda: all(gone(pid) for pid in started), f"the end of {started}", timeout_s=40)
        if end != "SIGKILL":
            assert not list(short.glob("*/config.toml")), "its directory is still there"
    finally:
        demo.kill()
        demo.wait()
        if ours >= 0:
            os.close(ours)


def _read_until(terminal: int, words: bytes, *, timeout_s: float) -> None:
    """Return once the terminal was sent `words`."""
    seen, deadline = b"", time.monotonic() + timeout_s
    while words not in seen:
        assert time.monotonic() < deadline, f"never showed {words!r}: {seen[-2000:]!r}"
        if select.select([terminal], [], [], 1.0)[0]:
            seen += os.read(terminal, 65536)


def _drain(terminal: int) -> None:
    """Take what is still written, so that the writer need not wait; until the other end is closed."""
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass
