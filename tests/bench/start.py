"""How fast the small commands start, against a bare Python in the same run: `python -m tests.bench.start`.

Prints a table and, as the last line, one JSON object with the ratios of the medians. The goal for `ctl status` is 4×,
for `kill` 2×.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROUNDS = 15


def seconds(command: list[str]) -> float:
    """Return how long one run of a command takes; it must end well."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Measure in turn, so that a drifting machine moves all of them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        socket = Path(folder) / "s"
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.demo_daemon", "--socket", str(socket)], stdout=subprocess.DEVNULL
        )
        algobot = str(Path(sys.executable).parent / "algobot")
        commands = {
            "bare python": [sys.executable, "-c", "pass"],
            "ctl status": [algobot, "ctl", "status", "--socket", str(socket)],
            "ctl status --json": [algobot, "ctl", "status", "--json", "--socket", str(socket)],
            "ctl bots list": [algobot, "ctl", "bots", "list", "--socket", str(socket)],
            "--version": [algobot, "--version"],
        }
        try:
            _wait_for(socket)
            for command in commands.values():
                seconds(command)  # warms the file cache
            taken: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(ROUNDS):
                for name, command in commands.items():
                    taken[name].append(seconds(command))
        finally:
            daemon.terminate()
            daemon.wait()
    floor = statistics.median(taken["bare python"])
    ratios = {name: statistics.median(times) / floor for name, times in taken.items()}
    for name, ratio in ratios.items():
        print(f"{name:<20} {statistics.median(taken[name]) * 1000:7.1f} ms  {ratio:5.2f}×")
    print(json.dumps({"rounds": ROUNDS, "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()}}))


def _wait_for(socket: Path) -> None:
    import socket as sockets

    deadline = time.monotonic() + 30
    while True:
        with closing(sockets.socket(sockets.AF_UNIX)) as probe:
            try:
                probe.connect(str(socket))
            except OSError:
                assert time.monotonic() < deadline, "the fake daemon did not start"
                time.sleep(0.05)
            else:
                return


if __name__ == "__main__":
    main()
