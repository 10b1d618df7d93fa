"""The attached daemon, as its guard asks it: a beat with what is latched, answered by whether its gate is closed."""

from __future__ import annotations

import anyio
import msgspec

from algobot.protocol.stream import UnixStream
from daemon.guard.report import Report
from daemon.guard.target import Target


class Beat(msgspec.Struct, frozen=True):
    """What the guard tells the daemon, four times a second and at once when something is latched."""

    pid: int
    state: str  # of its report
    reason: str
    latched: list[tuple[str, str]] = []  # (scope, target): is the gate closed for these?


class Answer(msgspec.Struct, frozen=True):
    """What the daemon's loop answers."""

    gate_closed: bool


class Link:
    """One connection of a verified daemon."""

    def __init__(self, stream: UnixStream, target: Target, pid: int) -> None:
        self.target = target
        self.said_bye = False
        self.heard = False  # since somebody last looked
        self._stream = stream
        self._pid = pid
        self._count = 0
        self._waiting: dict[int, anyio.Event] = {}
        self._answers: dict[int, Answer] = {}
        self._sending = anyio.Lock()

    async def ask(self, report: Report, latched: list[tuple[str, str]]) -> bool:
        """Return whether the daemon's loop says that its gate is closed for `latched`; waits until it answers."""
        self._count += 1
        number, done = self._count, anyio.Event()
        self._waiting[number] = done
        beat = Beat(self._pid, report.state, report.words, latched)
        frame = msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": "beat", "params": beat}) + b"\n"
        try:
            async with self._sending:
                await self._stream.send(frame)
            await done.wait()
            return self._answers.pop(number).gate_closed
        except OSError:
            await anyio.sleep(0.05)  # it hung up: whoever reads from it will notice
            return False
        finally:
            self._waiting.pop(number, None)
            self._answers.pop(number, None)

    def answered(self, number: int, answer: Answer) -> None:
        """Take what the daemon answered; late ones are nobody's, but a sign of life."""
        self.heard = True
        if number in self._waiting:
            self._answers[number] = answer
            self._waiting[number].set()
