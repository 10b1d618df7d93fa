"""The app without a terminal: attached to a socket, or still over a view made by hand; and its screen as text."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from algobot.protocol.rows import BotDetail
from tests.tui.builders import NOON, a_link
from tests.waiting import until
from tui.app import AlgobotApp
from tui.glyphs import UNICODE
from tui.link import KillLine, Link
from tui.scene import LinkState
from tui.view import View

CELL = 12.2  # the width of a character in Textual's SVG
LINE = 24.4  # and the height of a line


@asynccontextmanager
async def attached(
    path: Path, *, size: tuple[int, int] = (80, 24), read_only: bool = False
) -> AsyncIterator[tuple[AlgobotApp, Pilot[None]]]:
    """The app on the daemon at `path`, once it shows it."""
    place = str(path)
    others = ("algobot kill", "touch HALT")
    app = AlgobotApp(Link(place), KillLine(place), read_only=read_only, other_paths=others, marks=UNICODE)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: app.view is not None and app.kill.ready)
        await redraw(app, pilot)
        yield app, pilot


class StillLink(Link):
    """A connection that never moves: it shows the view it was given, at noon."""

    def __init__(self, view: View | None, state: LinkState, detail: BotDetail | None) -> None:
        super().__init__("/run/algobot/control.sock", clock=lambda: NOON)
        self.view = view
        self.state = state
        self.detail = detail

    async def run(self) -> None:
        """Nothing ever happens."""

    async def watch(self, bot_id: str | None) -> None:
        """The page is the one it was given."""


class StillKillLine(KillLine):
    """A line that is open, and never asked."""

    async def run(self) -> None:
        """Nothing ever happens."""
        self.ready = True


@asynccontextmanager
async def still(
    view: View | None,
    *,
    size: tuple[int, int] = (80, 24),
    state: LinkState | None = None,
    detail: BotDetail | None = None,
    **options: object,
) -> AsyncIterator[tuple[AlgobotApp, Pilot[None]]]:
    """The app over `view`, its clock stopped at noon."""
    link = StillLink(view, state or a_link(), detail)
    app = AlgobotApp(link, StillKillLine("/run/algobot/control.sock"), **{"marks": UNICODE, **options})
    async with app.run_test(size=size, notifications=True) as pilot:
        await redraw(app, pilot)
        yield app, pilot


async def redraw(app: AlgobotApp, pilot: Pilot[None]) -> None:
    """Draw a frame now, and wait until it is on the screen."""
    await pilot.pause()
    app.draw()
    await pilot.pause()


async def shows(app: AlgobotApp, pilot: Pilot[None], *words: str) -> str:
    """Wait until the screen shows all of `words`; the screen."""
    for _ in range(200):
        await redraw(app, pilot)
        seen = text_of(app)
        if all(word in seen for word in words):
            return seen
        await pilot.pause(0.02)
    raise AssertionError(f"the screen never showed {words}:\n{text_of(app)}")


def text_of(app: AlgobotApp) -> str:
    """What is on the screen, without colours; lines without the spaces at their ends."""
    width, height = app.size
    cells = [[" "] * width for _ in range(height)]
    pattern = r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*clip-path[^>]*>([^<]*)</text>'
    for x, y, text in re.findall(pattern, app.export_screenshot()):
        row, column = int(float(y) // LINE), round(float(x) / CELL)
        for place, character in enumerate(html.unescape(text).replace("\xa0", " ")):
            if row < height and column + place < width:
                cells[row][column + place] = character
    return "\n".join("".join(row).rstrip() for row in cells) + "\n"
