"""The line under the top bar that says what is wrong with the whole picture, while something is."""

from __future__ import annotations

from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import DATA_STALE_NS, Scene
from tui.widgets.words import Words


class Banner(Words):
    """Hidden while all is well."""

    DEFAULT_CSS = """
    Banner { height: auto; padding: 0 1; display: none; background: $warn 15%; }
    Banner.-bad { background: $bad 18%; }
    """

    def draw(self, scene: Scene) -> None:
        """Show the scene's trouble."""
        trouble = trouble_of(scene)
        self.display = bool(trouble)
        self.set_class(scene.link.phase == "lost", "-bad")
        if trouble:
            self.say(trouble)


def trouble_of(scene: Scene) -> list[Piece]:
    """One line: what is wrong, since when, and what happens next. Empty while all is well."""
    glyphs, link, view = scene.glyphs, scene.link, scene.view
    if view is None:
        return []
    if link.phase != "linked":
        wait = max(0, link.retry_at_ns - scene.now_ns)
        again = f"retry in {format.age(wait)}" if wait else "trying now"
        since = format.age(scene.now_ns - link.lost_ns)
        words = f" for {since} {glyphs.dash} last known figures, not live {glyphs.dash} {again}"
        return [(f"{glyphs.error} DISCONNECTED", "bad"), (words, "plain")]
    if view.stopping:
        return [("the daemon is stopping", "warn"), (f": {safe_text(view.stopping)}", "plain")]
    if drift := view.drift():
        row = drift[0]
        amount = format.quantity(row.drift, glyphs, sign=True)
        words = f" {row.account_id}: {safe_text(row.currency)} {amount} {glyphs.dash} see 3 Orders"
        return [(f"{glyphs.error} DRIFT", "bad"), (words, "plain")]
    age = view.data_age_ns(scene.daemon_now_ns)
    if age is not None and age > DATA_STALE_NS:
        behind = sum(scene.is_stale(row) for row in view.bots.values())
        bots = "1 bot" if behind == 1 else f"{behind:,} bots"
        return [(f"{glyphs.pause} STALE", "warn"), (f" data {format.age(age)} old for {bots}", "plain")]
    return []
