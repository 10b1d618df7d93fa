"""From a request to its toast: asks a person first where it cannot be taken back, sends it, says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from algobot.errors import AlgobotError
from algobot.protocol.requests import Request
from algobot.text import safe_text
from tui.link import Link
from tui.said import told
from tui.screens.ask import AskScreen
from tui.verbs import as_ctl, question


class Steering:
    """What keys and palette have in common; `last` is the last request sent, in the words of `ctl`."""

    def __init__(self, app: App[Any], link: Link, may_change: Callable[[], bool]) -> None:
        self.last = ""
        self._app = app
        self._link = link
        self._may_change = may_change

    def consider(self, request: Request) -> None:
        """Send it, after asking where that is due; where nothing may be changed, say what to type elsewhere."""
        line = as_ctl(request)
        if request.MUTATES and not self._may_change():
            self.refuse(line)
            return
        kind = question(request)
        if not kind:
            self._app.run_worker(self._send(request))
            return
        target = str(getattr(request, "bot_id", None) or getattr(request, "client_order_id", "") or "everything")
        words = f"{line.split()[2].capitalize()} {target}?"

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's shape of a callback
            if yes:
                self._app.run_worker(self._send(request))

        self._app.push_screen(AskScreen(words, line, name=target if kind == "name" else ""), answered)

    def refuse(self, instead: str) -> None:
        """Say that this screen changes nothing, and what does."""
        self._app.notify(instead, title="This screen is read-only", severity="warning", markup=False)

    def complain(self, error: AlgobotError) -> None:
        """Say what was not done, why, and the remedy."""
        hint = f"\n{safe_text(error.hint)}" if error.hint else ""
        words = f"{safe_text(error.message)}{hint}"
        self._app.notify(words, title="Not done", severity="error", timeout=8, markup=False)

    async def _send(self, request: Request) -> None:
        self.last = as_ctl(request)
        try:
            reply = await self._link.ask(request, request.REPLY)
        except AlgobotError as error:
            self.complain(error)
            return
        self._app.notify(self.last, title=told(reply), timeout=4, markup=False)
