"""`python -m tests.campaign.hangable --config FILE`: the real daemon, which can be made to hang from outside.

SIGUSR2 blocks its loop (the interpreter goes on in other threads); SIGRTMIN holds the interpreter in a C call, so that
nothing of Python runs in the process any more; SIGRTMIN+1 spins in the thread in which the bots' turns are.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import time
from types import FrameType

from algobot.cli.stage import Stage

HANG_S = 120
BLOCK = int(signal.SIGUSR2)
HOLD = int(signal.SIGRTMIN)
SPIN = HOLD + 1


class HangableStage(Stage):
    """A stage whose daemon is this module's."""

    def command(self) -> list[str]:
        """Return what starts the daemon."""
        return [sys.executable, "-m", "tests.campaign.hangable", "--config", str(self.config)]


def _block(number: int, frame: FrameType | None) -> None:
    time.sleep(HANG_S)


def _spin(number: int, frame: FrameType | None) -> None:
    ends_s = time.monotonic() + HANG_S
    while time.monotonic() < ends_s:
        pass


def _hold(number: int, frame: FrameType | None) -> None:
    ctypes.PyDLL(None).sleep(HANG_S)  # PyDLL keeps the interpreter's lock


if __name__ == "__main__":
    from algobot.cli.main import main as algobot

    signal.signal(BLOCK, _block)
    signal.signal(HOLD, _hold)
    signal.signal(SPIN, _spin)
    algobot(["daemon", *sys.argv[1:]])
