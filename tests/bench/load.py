"""Many paper bots in one daemon: `python -m tests.bench.load [--bots 1000] [--symbols 50] [--seconds 70] [--speed 1]`.

A simulated venue sends quotes and closed bars of every symbol; the daemon's own probes measure. Prints a table and, as
the last line, one JSON object. The goals for 1,000 bots on 50 symbols at one quote a second each: resident memory
≤ 400 MiB, loop lag p99 ≤ 20 ms, event to decision p99 ≤ 5 ms.
"""

from __future__ import annotations

import argparse
import json
import time

from algobot.cli.stage import Stage, a_stage
from algobot.protocol.requests import GetStatus
from algobot.protocol.rows import Status

STRATEGIES = ("ma_crossover", "trend_following", "mean_reversion")
MIB = 1 << 20


def tables(bots: int, symbols: list[str]) -> str:
    """Return the bots, spread over symbols and strategies."""
    return "\n".join(
        f'[bots.bot-{number:04d}]\nstrategy = "{STRATEGIES[number % 3]}"\nsymbol = "{symbols[number % len(symbols)]}"\n'
        f'account = "demo"\nmode = "paper"\ncapital = "1000"\n'
        for number in range(bots)
    )


def look(stage: Stage) -> tuple[Status, float]:
    """Return the daemon's status and the processor seconds it has used."""
    status = stage.ask(GetStatus(), Status, timeout_s=30.0)
    with open(f"/proc/{status.pid}/stat") as file:  # noqa: PTH123 – a kernel file, not a path of ours
        fields = file.read().rsplit(")", 1)[1].split()
    return status, (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    """Run it once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bots", type=int, default=1000)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=70.0, help="long enough for a minute's bars to close")
    parser.add_argument("--speed", type=float, default=1.0, help="market seconds a second")
    chosen = parser.parse_args()
    symbols = [f"C{number:02d}/USDT" for number in range(chosen.symbols)]
    with a_stage() as stage:
        names = ",".join(symbol.replace("/", "") for symbol in symbols)
        stage.start_venue(["--symbols", names, "--speed", str(chosen.speed), "--history", "200"], balances="USDT=1000")
        stage.write_config(tables(chosen.bots, symbols), live=False)
        begun = time.monotonic()
        stage.start_daemon()
        stage.wait_ready(180.0)
        ready_s = time.monotonic() - begun
        running = _all_running(stage, chosen.bots)
        _, cpu_before = look(stage)
        measured = time.monotonic()
        time.sleep(chosen.seconds)
        status, cpu = look(stage)
        took = time.monotonic() - measured
        stage.stop_daemon()
    result = {
        "bots": chosen.bots,
        "symbols": chosen.symbols,
        "speed": chosen.speed,
        "ready_s": round(ready_s, 1),
        "running_s": round(running - begun, 1),
        "rss_mib": round(status.rss_bytes / MIB),
        "loop_lag_p99_ms": round(status.loop_lag_p99_ns / 1e6, 2),
        "decision_p99_ms": round(status.decision_p99_ns / 1e6, 2),
        "cpu_fraction": round((cpu - cpu_before) / took, 3),
    }
    for name, value in result.items():
        print(f"{name:<18} {value}")
    print(json.dumps(result))


def _all_running(stage: Stage, bots: int) -> float:
    """Return when all bots are warm."""
    deadline = time.monotonic() + 180
    while True:
        status, _ = look(stage)
        if status.bots.get("running", 0) == bots:
            return time.monotonic()
        assert time.monotonic() < deadline, status.bots
        time.sleep(0.2)


if __name__ == "__main__":
    main()
