"""What every room has: the top bar, the banner, a body, the words while there is no daemon, the bottom line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.widgets.banner import Banner
from tui.widgets.footbar import FootBar
from tui.widgets.topbar import TopBar
from tui.widgets.unlinked import Unlinked
from tui.widgets.words import Words

TINY: tuple[int, int] = (40, 10)


class Room(Screen[None]):
    """One mode of the TUI. A room makes its widgets in `body` and shows a scene in `show`; the rest is here."""

    NAME: ClassVar[str] = ""
    DEFAULT_CSS = """
    Room { layout: vertical; }
    Room > #body { height: 1fr; }
    Room > #tiny { display: none; height: 1fr; padding: 0 1; }
    Room.-unlinked > #body { display: none; }
    Room.-unlinked > Unlinked { display: block; }
    Room.-tiny > #body, Room.-tiny > FootBar, Room.-tiny > Banner, Room.-tiny > Unlinked { display: none; }
    Room.-tiny > #tiny { display: block; }
    """

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        yield TopBar()
        yield Banner()
        with Vertical(id="body"):
            yield from self.body()
        yield Unlinked()
        yield Words(id="tiny")
        yield FootBar(self.NAME)

    def body(self) -> Iterable[Widget]:
        """The room's own widgets."""
        return ()

    def show(self, scene: Scene) -> None:
        """Draw a scene that has a view."""

    def targets(self) -> list[str]:
        """The bots that start, pause and stop act on."""
        return []

    def draw(self, scene: Scene) -> None:
        """Show one frame."""
        self.query_one(Banner).draw(scene)
        self.set_class(scene.view is None, "-unlinked")
        if self.has_class("-tiny"):
            self.query_one("#tiny", Words).say(*tiny(scene), struck=scene.trust == "struck")
        elif scene.view is None:
            self.query_one(Unlinked).draw(scene)
        else:
            self.show(scene)

    def on_resize(self, event: events.Resize) -> None:
        """Below 40 × 10 there is room for the bar, the equity and a hint only."""
        self.set_class(event.size.width < TINY[0] or event.size.height < TINY[1], "-tiny")


def tiny(scene: Scene) -> list[list[Piece]]:
    """Equity and the one key that matters."""
    if scene.view is None:
        return [[("no daemon", "warn")]]
    rows = scene.view.bots.values()
    equity, day = sum(row.equity for row in rows), sum(row.pnl_day for row in rows)
    return [
        [(format.money(equity, scene.glyphs), "strong")],
        [(format.signed(day, scene.glyphs), format.ink_of(day)), (" today", "dim")],
        [("F9", "key"), (" KILL  make it larger", "dim")],
    ]
