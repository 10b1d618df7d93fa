"""What the command palette offers: every verb on every bot, the rooms, and any line of `ctl`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from algobot.errors import UsageError
from tui.verbs import BOT_VERBS, MEANING, Command, as_ctl, parse
from tui.view import View

MOST: Final = 60  # hits of one search
WORLD: Final = (
    ("status", "home: equity and what happened last"),
    ("bots", "all bots and why they do what they do"),
    ("orders", "orders, fills and positions"),
    ("logs", "the daemon's log"),
    ("health", "the machinery"),
    ("reload", "read the configuration again"),
    ("reconcile", "compare ledger and venue now"),
    ("kill --mode halt", "open nothing new, anywhere"),
    ("kill --mode cancel", "and cancel all orders"),
)


class Commanded(Protocol):
    """What the palette needs of the app."""

    view: View | None

    def do(self, command: Command) -> None:
        """Do what was chosen."""


class CtlProvider(Provider):
    """Search over bots × verbs; what parses as a `ctl` line can be run as it is."""

    @property
    def _commanded(self) -> Commanded:
        return cast(Commanded, self.app)

    def _names(self) -> list[str]:
        view = self._commanded.view
        return sorted(view.bots) if view else []

    def _runner(self, command: Command) -> Callable[[], None]:
        return lambda: self._commanded.do(command)

    async def discover(self) -> Hits:
        """What is offered before a letter is typed."""
        for line, meaning in WORLD:
            yield DiscoveryHit(line, self._runner(parse(line, [])), text=line, help=meaning)

    async def search(self, query: str) -> Hits:
        """What matches, best first."""
        names = self._names()
        try:
            typed = parse(query, names)
        except UsageError:
            typed = None
        if typed is not None:
            words = as_ctl(typed.request) if typed.request else query.strip()
            yield Hit(2.0, words, self._runner(typed), text=words, help="run this line")
        count = 0
        async for hit in self._matches(query, names):
            yield hit
            count += 1
            if count >= MOST:
                return

    async def _matches(self, query: str, names: list[str]) -> AsyncIterator[Hit]:
        matcher = self.matcher(query)
        asked = query.lower().split()
        lines = [(f"{verb} {name}", MEANING[verb]) for name in names for verb in (*BOT_VERBS, "show")]
        for line, meaning in [*WORLD, *lines]:
            if not all(word[:3] in line for word in asked):
                continue  # a thousand bots times eight verbs: most are out after one look
            score = matcher.match(line)
            if score > 0:
                yield Hit(score, matcher.highlight(line), self._runner(parse(line, names)), text=line, help=meaning)
