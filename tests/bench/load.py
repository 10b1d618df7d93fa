"""Many paper bots in one daemon: `python -m tests.bench.load [--bots 1000] [--symbols 50] [--together] [--screens 1]`.

A simulated venue sends quotes (one per symbol and second unless `--step-s` says otherwise) and closed minute bars of
every symbol; the daemon's own probes measure. Markets move each in its own phase; with `--together` all quotes and all
bars come at one instant, the worst burst there is. Prints a table and, as the last line, one JSON object. The goals
for 1,000 bots on 50 symbols at one quote a second each: resident memory ≤ 400 MiB, loop lag p99 ≤ 20 ms, event to
decision p99 ≤ 5 ms.

Latencies are counted once for each bot and event: a bar when the bot has decided on it, a quote when the bot would see
its price. They are of the last one or two whole minutes, so that the default length leaves the start-up out.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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


@contextmanager
def a_screen(stage: Stage) -> Iterator[None]:
    """Run `algobot tui` on a terminal of its own, whatever it draws is read at once."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "algobot", "tui", "--socket", str(stage.socket)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "50"}
    screen = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)

    def read() -> None:
        try:
            while os.read(ours, 65536):
                pass
        except OSError:
            return  # the screen is gone

    threading.Thread(target=read, daemon=True).start()
    os.close(theirs)
    try:
        yield
        assert screen.poll() is None, "the screen ended by itself"
    finally:
        screen.kill()
        screen.wait()


def figures(before: Status, after: Status, took_s: float, symbols: int) -> dict[str, float]:
    """Return what two looks at the daemon tell."""
    quotes = sum(feed.quotes for feed in after.feeds) - sum(feed.quotes for feed in before.feeds)
    return {
        "quotes_per_symbol_s": round(quotes / took_s / symbols, 3),
        "bars": sum(feed.bars for feed in after.feeds) - sum(feed.bars for feed in before.feeds),
        "rejected_ticks": sum(feed.rejected_ticks for feed in after.feeds),
        "clients": after.clients - 1,  # besides the one that asks
        "rss_mib": round(after.rss_bytes / MIB),
        "loop_lag_p99_ms": round(after.loop_lag_p99_ns / 1e6, 2),
        "decision_p99_ms": round(after.decision_p99_ns / 1e6, 2),
        "bar_p99_ms": round(after.bar_p99_ns / 1e6, 2),
        "quote_p99_ms": round(after.quote_p99_ns / 1e6, 2),
    }


def main() -> None:
    """Run it once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bots", type=int, default=1000)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=125.0)
    parser.add_argument("--speed", type=float, default=1.0, help="market seconds a second")
    parser.add_argument(
        "--step-s", type=float, default=0.78, help="seconds between two moves of a price; a fifth change no quote"
    )
    parser.add_argument("--together", action="store_true", help="all symbols move at the same instants")
    parser.add_argument("--screens", type=int, default=0, help="how many `algobot tui` watch")
    chosen = parser.parse_args()
    symbols = [f"C{number:02d}/USDT" for number in range(chosen.symbols)]
    with a_stage() as stage:
        names = ",".join(symbol.replace("/", "") for symbol in symbols)
        venue = ["--symbols", names, "--speed", str(chosen.speed), "--step-s", str(chosen.step_s), "--history", "200"]
        stage.start_venue([*venue, *(["--together"] if chosen.together else [])], balances="USDT=1000")
        stage.write_config(tables(chosen.bots, symbols), live=False)
        begun = time.monotonic()
        stage.start_daemon()
        stage.wait_ready(180.0)
        ready_s = time.monotonic() - begun
        running = _all_running(stage, chosen.bots)
        with ExitStack() as screens:
            for _ in range(chosen.screens):
                screens.enter_context(a_screen(stage))
            before, cpu_before = look(stage)
            measured = time.monotonic()
            time.sleep(chosen.seconds)
            after, cpu = look(stage)
        took_s = time.monotonic() - measured
        stage.stop_daemon()
    result = {
        **vars(chosen),
        "ready_s": round(ready_s, 1),
        "running_s": round(running - begun, 1),
        **figures(before, after, took_s, chosen.symbols),
        "cpu_fraction": round((cpu - cpu_before) / took_s, 3),
    }
    for name, value in result.items():
        print(f"{name:<20} {value}")
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
