"""The README's pictures, from the real thing: `python -m tests.tui.picture [FOLDER]`.

Starts the demo's venue, daemon and bots, attaches the screen, lets them trade for half a minute, and writes what it
shows as SVG.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import anyio

from algobot.cli import demo
from algobot.cli.stage import a_stage
from tests.tui.stage import CELL, attached, redraw

SIZE = (118, 36)
SECONDS = 30
BLANK = "&#160;"
SHOTS = {"home": "1", "bots": "2", "orders": "3"}


def tight(svg: str) -> str:
    """Return the picture with no text that begins or ends with a blank: some viewers drop those, and shift the rest."""

    def one(found: re.Match[str]) -> str:
        head, x, middle, tail, text = found.groups()
        kept = re.sub(f"^(?:{BLANK})+", "", text)
        shown = re.sub(f"(?:{BLANK})+$", "", kept)
        if not shown:
            return ""
        left = float(x) + (len(text) - len(kept)) // len(BLANK) * CELL
        width = len(html.unescape(shown)) * CELL
        return f'{head}x="{left:.1f}"{middle}textLength="{width:.1f}"{tail}>{shown}</text>'

    return re.sub(r'(<text [^>]*?)x="([\d.]+)"([^>]*?)textLength="[\d.]+"([^>]*)>([^<]*)</text>', one, svg)


async def shoot(socket: Path, folder: Path) -> None:
    """Write one file per screen."""
    async with attached(socket, size=SIZE) as (app, pilot):
        await anyio.sleep(SECONDS)
        for name, key in SHOTS.items():
            await pilot.press(key)
            await redraw(app, pilot)
            path = folder / f"{name}.svg"
            path.write_text(tight(app.export_screenshot(title="algobot tui")))
            print(f"wrote {path}")


def main() -> None:
    """Make the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    with a_stage() as stage:
        demo.raise_curtain(stage, speed=demo.SPEED, seed=7)
        anyio.run(shoot, stage.socket, folder)


if __name__ == "__main__":
    main()
