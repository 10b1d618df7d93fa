"""What fills a screen before there is anything to show: no daemon answers, why, and what to do."""

from __future__ import annotations

import textwrap

from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.widgets.words import Words


class Unlinked(Words):
    """Shown instead of the body until the first snapshot."""

    DEFAULT_CSS = """
    Unlinked { height: 1fr; padding: 2 4; display: none; }
    """

    def draw(self, scene: Scene) -> None:
        """Say how the attempts go."""
        self.say(*words(scene, max(20, self.screen.size.width - 8)))


def words(scene: Scene, width: int) -> list[list[Piece]]:
    """The lines, in `width` cells: what, do this, and when the next attempt comes."""
    link = scene.link
    if not link.attempts:
        return [[("Connecting to the daemon", "strong")], [(link.socket, "dim")]]
    wait = max(0, link.retry_at_ns - scene.now_ns)
    again = f"Trying again in {format.age(wait)}" if wait else "Trying again now"
    tries = "1 attempt" if link.attempts == 1 else f"{link.attempts:,} attempts"
    return [
        [("No daemon to show", "strong")],
        [],
        *_wrapped("What", safe_text(link.problem) or f"nobody answers at {link.socket}", "plain", width),
        [],
        *_wrapped("Do", safe_text(link.hint) or "start it: algobot daemon", "key", width),
        [("        ", "dim"), ("or look around first: algobot demo", "plain")],
        [],
        [(f"{again} ({tries} so far). ", "dim"), ("q", "key"), (" quits.", "dim")],
    ]


def _wrapped(name: str, text: str, ink: str, width: int) -> list[list[Piece]]:
    """A name, and its text beside it on as many lines as it takes."""
    lines = textwrap.wrap(text, width - 8, break_on_hyphens=False) or [""]
    return [[(f"{name if place == 0 else '':<8}", "dim"), (words, ink)] for place, words in enumerate(lines)]
