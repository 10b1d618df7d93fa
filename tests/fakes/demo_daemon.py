"""`python -m tests.fakes.demo_daemon --socket PATH`: the real control server over a lively fake, to build clients on.

`--quiet` lets nothing happen by itself; `--seed` and `--interval` (seconds between ticks) choose how it happens.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import anyio

from daemon.control import ControlServer, open_socket
from daemon.hub import Hub
from daemon.roles import Roles
from tests.fakes.face import FakeFace


async def serve(path: Path, *, interval_s: float, seed: int, quiet: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    hub = Hub()
    face = FakeFace(hub, seed=seed)
    async with open_socket(path) as listening, anyio.create_task_group() as tasks:
        tasks.start_soon(ControlServer(face, hub, Roles.of_process()).run, listening)
        face.log("info", "daemon.ready", socket=str(path))
        print(f"a fake daemon serves at {path}", file=sys.stderr)
        if not quiet:
            for _ in range(40):
                face.tick()
            tasks.start_soon(_live, face, interval_s)
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                tasks.cancel_scope.cancel()


async def _live(face: FakeFace, interval_s: float) -> None:
    while True:
        await anyio.sleep(interval_s)
        face.tick()


def main() -> None:
    """Parse the words and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quiet", action="store_true")
    words = parser.parse_args()
    anyio.run(lambda: serve(words.socket, interval_s=words.interval, seed=words.seed, quiet=words.quiet))


if __name__ == "__main__":
    main()
