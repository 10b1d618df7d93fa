"""What people look at: the page, the pictures, the summary in a terminal."""

from __future__ import annotations

from pathlib import Path

from algobot.research.report.record import Run


def write(folder: Path, run: Run, *, pictures: bool = True) -> list[str]:
    """Write report.html and the PNGs into `folder`; return what to tell of those that could not be made."""
    from algobot.research.report import html

    (folder / "report.html").write_text(html.page(run), encoding="utf-8")
    if not pictures:
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
