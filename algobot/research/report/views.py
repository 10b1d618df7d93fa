"""What people look at: the page, the pictures, the summary in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from algobot.research.report.record import Run

_PICTURED: Final = 200_000  # bars; the pictures of more take longer than the run itself


def write(folder: Path, run: Run, *, pictures: bool | None = True) -> list[str]:
    """Write report.html and the PNGs into `folder`; return what to tell of those that were not made.

    With None they are made unless the run is long.
    """
    from algobot.research.report import html

    (folder / "report.html").write_text(html.page(run), encoding="utf-8")
    if pictures is None and len(run.equity) > _PICTURED:
        return [f"no PNGs of so many bars; to have them: algobot report {folder.name}"]
    if pictures is False:
        return []
    try:
        import matplotlib as _  # noqa: F401 – an extra
    except ImportError:
        return ["no PNGs: they need matplotlib (pip install 'algobot[charts]')"]
    from algobot.research.report import pictures as drawn

    drawn.write(folder, run)
    return []


def show(run: Run) -> None:
    """Print the summary of a run."""
    from rich.console import Console

    from algobot.research.report import terminal

    terminal.show(Console(highlight=False), run)
