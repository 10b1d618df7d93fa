"""The kill switch in action: sends what the keys ask for over its own line, and repeats until the venue is clean."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

from msgspec.structs import replace

from algobot.errors import AlgobotError
from algobot.model import AccountId, BotId
from algobot.protocol.requests import Done, Kill, Killed, Unhalt
from algobot.protocol.rows import HaltRow
from tui import killing
from tui.killing import Killing, Mode
from tui.link import KillLine

REPEAT_S: Final = 1.0  # between looks at whether the venue shows none of our orders
REPEATS: Final = 120


class KillSwitch:
    """What was asked and answered is in `state`; `spawn` starts a task that outlives the panel."""

    def __init__(self, line: KillLine, spawn: Callable[[Coroutine[object, object, None]], object]) -> None:
        self.state = Killing()
        self._line = line
        self._spawn = spawn
        self._again = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether its own connection is open and answered lately."""
        return self._line.ready

    def open(self) -> None:
        """Begin anew: the first press."""
        self.state = Killing()
        self.ask("halt")

    def press(self) -> None:
        """The key again, in the panel."""
        self.ask(killing.press(self.state))

    def ask(self, mode: Mode) -> None:
        """Send it now; the answer arrives in `state`."""
        self.state = killing.ask(self.state, mode, time.monotonic_ns())
        self._again.set()  # an older ask stops repeating itself
        self._again = asyncio.Event()
        self._spawn(self._send(mode, len(self.state.asks) - 1, self.state.asks[-1].asked_ns, self._again))

    def resume(self, halts: Sequence[HaltRow], reason: str) -> None:
        """Clear every latch there is; the daemon refuses while its books do not agree."""
        self._again.set()
        self._spawn(self._resume(halts, reason))

    async def _send(self, mode: Mode, place: int, asked_ns: int, replaced: asyncio.Event) -> None:
        request = Kill(mode=mode, reason="kill switch key")
        for _ in range(REPEATS):
            try:
                killed = await self._line.ask(request, Killed)
            except AlgobotError as error:
                self._tell(place, asked_ns, error)
                return
            self._answer(place, asked_ns, killed)
            if mode == "halt" or killed.safe or replaced.is_set():
                return
            await asyncio.sleep(REPEAT_S)
            if replaced.is_set():
                return

    def _answer(self, place: int, asked_ns: int, killed: Killed) -> None:
        if self._is_mine(place, asked_ns):
            self.state = killing.answer(self.state, place, killed, time.monotonic_ns())

    def _tell(self, place: int, asked_ns: int, error: AlgobotError) -> None:
        if self._is_mine(place, asked_ns):
            words = f"{error.message}; {error.hint}" if error.hint and len(error.message) < 40 else error.message
            self.state = killing.fail(self.state, place, words)

    def _is_mine(self, place: int, asked_ns: int) -> bool:
        """Whether the ask is still on the panel: a panel opened anew has forgotten the older ones."""
        return place < len(self.state.asks) and self.state.asks[place].asked_ns == asked_ns

    async def _resume(self, halts: Sequence[HaltRow], reason: str) -> None:
        try:
            for halt in halts:
                await self._line.ask(_unhalt(halt, reason), Done)
        except AlgobotError as error:
            words = f"{error.message}. {error.hint}" if error.hint else error.message
            self.state = replace(self.state, problem=words, resumed="")
            return
        self.state = Killing(
            resumed="trading may resume: the kill switch is clear"
        )  # what was confirmed is no longer so


def _unhalt(halt: HaltRow, reason: str) -> Unhalt:
    match halt.scope:
        case "account":
            return Unhalt(reason=reason, account_id=AccountId(halt.target))
        case "bot":
            return Unhalt(reason=reason, bot_id=BotId(halt.target))
        case _:
            return Unhalt(reason=reason)
