"""What fills a screen before there is anything to show: no daemon answers, why, and what to do."""

from __future__ import annotations

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
        self.say(*words(scene))


def words(scene: Scene) -> list[list[Piece]]:
    """The lines: what, why, do this, and when the next attempt comes."""
    link = scene.link
    if not link.attempts:
        return [[("Connecting to the daemon", "strong")], [(link.socket, "dim")]]
    wait = max(0, link.retry_at_ns - scene.now_ns)
    again = f"Trying again in {format.age(wait)}" if wait else "Trying again now"
    tries = "1 attempt" if link.attempts == 1 else f"{link.attempts:,} attempts"
    return [
        [("No daemon to show", "strong")],
        [],
        [("What   ", "dim"), (safe_text(link.problem) or "nobody answers", "plain")],
        [("Where  ", "dim"), (link.socket, "plain")],
        [("Do     ", "dim"), (safe_text(link.hint) or "start it: algobot daemon", "key")],
        [("       ", "dim"), ("or look around first: algobot demo", "plain")],
        [],
        [(f"{again} ({tries} so far). ", "dim"), ("q", "key"), (" quits.", "dim")],
    ]
