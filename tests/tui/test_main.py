"""What starting the TUI costs, and how it ends."""

from __future__ import annotations

import subprocess
import sys


def test_the_screens_load_nothing_heavy() -> None:
    """No numpy, numba, ccxt or SQLite: the TUI draws its charts itself, over a socket."""
    heavy = {"numpy", "numba", "ccxt", "aiosqlite", "pyarrow", "aiohttp"}
    code = f"import sys, tui.main; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
