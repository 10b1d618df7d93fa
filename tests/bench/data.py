"""What reading bars costs: `python -m tests.bench.data [--bars 1000000] [--rounds 7] [--most-ratio 6]`.

A library of a million one-minute bars, read whole into the kernel's records and checked, against pyarrow's bare read of
the same files; one file of all the bars; a month out of the middle; and what writing and checking cost. The last line
is one JSON object; exit code 1 if the ratio is above `--most-ratio` or a million bars take more than `--most-s`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from algobot.market.checks import Limits, findings
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.store import read_bars, to_columns
from algobot.market.writing import open_writer, write_bars
from tests.kernel.markets import random_bars
from tests.market.bars import MINUTE_NS

KEY = Key("bench", "BTC/USDT", "1m")


def best(rounds: int, call: Callable[[], object]) -> float:
    """Return the seconds of the quickest of some calls, the first not counted."""
    call()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> int:
    """Measure, print, and say by the exit code whether reading is still near the bare read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most-ratio", type=float, default=6.0)
    parser.add_argument("--most-s", type=float, default=0.1)
    words = parser.parse_args()
    bars = random_bars(words.bars, step=0.001)
    start_ns = int(bars["open_ns"][0])
    with tempfile.TemporaryDirectory() as folder:
        library, single = Library(Path(folder)), Path(folder, "BENCH_BTC_USDT_1m.parquet")
        begun = time.perf_counter()
        with open_writer(library, KEY) as writer:
            writer.add(bars)
        written = time.perf_counter() - begun
        write_bars(single, bars)
        files = library.files(KEY)
        assert library.read(*KEY).bars.tobytes() == bars.tobytes()
        middle_ns = start_ns + words.bars // 2 * MINUTE_NS
        seconds = {
            "bare": best(words.rounds, lambda: [pq.read_table(path) for path in files]),
            "library": best(words.rounds, lambda: library.read(*KEY)),
            "bare file": best(words.rounds, lambda: pq.read_table(single)),
            "file": best(words.rounds, lambda: read_bars(single)),
            "30 days": best(words.rounds, lambda: library.read(*KEY, middle_ns, middle_ns + 43_200 * MINUTE_NS)),
            "holding": best(words.rounds, lambda: library.holding(KEY)),
            "check": best(words.rounds, lambda: findings(to_columns(bars), Limits(MINUTE_NS, time.time_ns()))),
            "write": written,
        }
        size = sum(path.stat().st_size for path in files)
    for name, value in seconds.items():
        print(f"{name:10} {value * 1e3:8.1f} ms   {words.bars / value / 1e6:8.1f} M bars/s")
    print(f"{len(files)} files, {size / words.bars:.1f} bytes a bar")
    ratio = seconds["library"] / seconds["bare"]
    print(json.dumps({"seconds": seconds, "ratio": ratio, "bytes_per_bar": size / words.bars}))
    return 0 if ratio <= words.most_ratio and seconds["library"] <= words.most_s * words.bars / 1e6 else 1


if __name__ == "__main__":
    sys.exit(main())
