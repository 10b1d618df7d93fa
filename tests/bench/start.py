"""How fast commands start: `python -m tests.bench start [--bars 1000000] [--only ctl|backtest]`.

The small commands against a bare Python in the same run: the goal for `ctl status` is 4×, for `kill` 2×. Then
`algobot backtest` as a whole process: on a few bars (start-up, goal 1 s), on a million (2 s), with its files and with
pictures; peak memory against the bars' own size (3× and 150 MB); and with nothing compiled yet (15 s). Seconds of
processor time stand beside those of the clock: on a busy machine only they compare. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from algobot.kernel.records import BAR
from algobot.market.writing import write_bars
from tests.kernel.markets import random_bars

ROUNDS = 15
WHOLE_ROUNDS = 2
ALGOBOT = str(Path(sys.executable).parent / "algobot")
SPARED_MB = 150  # what the process may take besides three times its bars
# an installation without tests has no scipy; where it is there, numba loads it
WITHOUT_SCIPY = "import sys; sys.modules['scipy'] = None; from algobot.cli.main import main; main(sys.argv[1:])"


class Cost(NamedTuple):
    """What one run of a command took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


# A process's peak counts what its parent held when it was made, and this one holds the bars: a small one between them.
LAUNCH = """
import os, sys, time
begun = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (1, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
took = time.perf_counter() - begun
print(os.waitstatus_to_exitcode(status), took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def run(command: list[str], env: Mapping[str, str] | None = None) -> Cost:
    """Return what one run of a command costs; it must end well."""
    words = [sys.executable, "-S", "-c", LAUNCH, *command]
    code, *cost = subprocess.run(words, check=True, capture_output=True, text=True, env=env).stdout.split()
    assert code == "0", command
    return Cost(*map(float, cost))


def small() -> dict[str, float]:
    """Print what small commands take and return their ratios to a bare Python."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _a_daemon(Path(folder) / "s") as socket:
        commands = {
            "bare python": [sys.executable, "-c", "pass"],
            "ctl status": [ALGOBOT, "ctl", "status", "--socket", str(socket)],
            "ctl status --json": [ALGOBOT, "ctl", "status", "--json", "--socket", str(socket)],
            "ctl bots list": [ALGOBOT, "ctl", "bots", "list", "--socket", str(socket)],
            "--version": [ALGOBOT, "--version"],
        }
        for command in commands.values():
            run(command)  # warms the file cache
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):  # in turn, so that a drifting machine moves all of them
            for name, command in commands.items():
                taken[name].append(run(command).wall_s)
    floor = statistics.median(taken["bare python"])
    ratios = {name: statistics.median(times) / floor for name, times in taken.items()}
    for name, ratio in ratios.items():
        print(f"{name:<28} {statistics.median(taken[name]) * 1000:7.1f} ms  {ratio:5.2f}×")
    return {name: round(ratio, 2) for name, ratio in ratios.items()}


def whole(bars: int) -> dict[str, object]:
    """Print what `algobot backtest` takes as a process and return it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        few, many = place / "X_BTC_USDT_1m.parquet", place / "Y_BTC_USDT_1m.parquet"
        write_bars(few, random_bars(500, step=0.001))
        write_bars(many, random_bars(bars, step=0.001))
        base = ["backtest", "--strategy", "ma_crossover", "-p", "stop_atr=2", "-p", "target_atr=3", "--data"]
        files = ["--no-pictures", "--out", str(place / "run")]
        commands = {
            "start-up, 500 bars": [ALGOBOT, *base, str(few), "--no-files"],
            "no files": [ALGOBOT, *base, str(many), "--no-files"],
            "no files, no scipy": [sys.executable, "-c", WITHOUT_SCIPY, *base, str(many), "--no-files"],
            "files": [ALGOBOT, *base, str(many), *files],
            "files, no scipy": [sys.executable, "-c", WITHOUT_SCIPY, *base, str(many), *files],
            "files and pictures": [ALGOBOT, *base, str(many), "--out", str(place / "run")],
        }
        run(commands["start-up, 500 bars"])
        costs = {name: _best([run(command) for _ in range(WHOLE_ROUNDS)]) for name, command in commands.items()}
        fresh = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
        fresh.pop("CACHE_DIRECTORY", None)
        costs["nothing compiled yet"] = run(commands["no files"], fresh)
    size_mb = bars * BAR.itemsize / 2**20
    print(f"\nalgobot backtest{'':14} {'clock':>7} {'processor':>10} {'peak':>9}   over {SPARED_MB} MB, of the bars")
    for name, cost in costs.items():
        over = (cost.peak_mb - SPARED_MB) / size_mb
        print(f"{name:<28} {cost.wall_s:8.2f} s {cost.cpu_s:8.2f} s {cost.peak_mb:6.0f} MB   {over:.2f}×")
    return {
        "bars": bars,
        "seconds": {name: round(cost.wall_s, 2) for name, cost in costs.items()},
        "processor_seconds": {name: round(cost.cpu_s, 2) for name, cost in costs.items()},
        "peak_mb": {name: round(cost.peak_mb) for name, cost in costs.items()},
        "memory_ratio": {name: round((cost.peak_mb - SPARED_MB) / size_mb, 2) for name, cost in costs.items()},
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("ctl", "backtest"))
    words = parser.parse_args()
    summary: dict[str, object] = {"rounds": ROUNDS}
    if words.only != "backtest":
        summary["ratios"] = small()
    if words.only != "ctl":
        summary["backtest"] = whole(words.bars)
    print(json.dumps(summary))
    return 0


def _best(costs: list[Cost]) -> Cost:
    return Cost(*(min(values) for values in zip(*costs, strict=True)))


@contextmanager
def _a_daemon(socket: Path) -> Iterator[Path]:
    """Yield the socket of a fake daemon that answers."""
    words = [sys.executable, "-m", "tests.fakes.demo_daemon", "--socket", str(socket)]
    daemon = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        _wait_for(socket)
        yield socket
    finally:
        daemon.terminate()
        daemon.wait()


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
    sys.exit(main())
