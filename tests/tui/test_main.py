"""What starting the TUI costs, and how it ends."""

from __future__ import annotations

import subprocess
import sys

from algobot.paths import client_socket, state_dir
from tui.main import other_paths


def test_the_screens_load_nothing_heavy() -> None:
    """No numpy, numba, ccxt or SQLite: the TUI draws its charts itself, over a socket."""
    heavy = {"numpy", "numba", "ccxt", "aiosqlite", "pyarrow", "aiohttp"}
    code = f"import sys, tui.main; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_other_paths_to_the_kill_switch_are_those_of_this_daemon() -> None:
    """A latch file in another daemon's state would halt the wrong one, or none."""
    usual = other_paths(str(client_socket()))
    assert usual[0] == "algobot kill"
    assert usual[1] == f"touch {state_dir() / 'HALT'}"
    assert other_paths("/tmp/demo/run/control.sock", "/tmp/demo/state")[:2] == (
        "algobot kill --socket /tmp/demo/run/control.sock --state-dir /tmp/demo/state",
        "touch /tmp/demo/state/HALT",
    )
    elsewhere = other_paths("/tmp/demo/run/control.sock")
    assert elsewhere[0] == "algobot kill --socket /tmp/demo/run/control.sock"
    assert str(state_dir()) not in " ".join(elsewhere)
