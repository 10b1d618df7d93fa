"""Progress of downloads on a terminal: a line each, with bars, percentage and the time it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from algobot.market.fetch import Progress


@contextmanager
def shown(names: list[str]) -> Iterator[Callable[[Progress], None]]:
    """Yield who is told of progress; the lines stay as long as the block lasts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("{task.fields[new]:>10,} bars"),
        TimeRemainingColumn(),
        TextColumn("[yellow]{task.fields[waits]}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=None, new=0, waits="") for name in names}

        def tell(progress: Progress) -> None:
            bars.update(
                tasks[str(progress.key)],
                total=progress.total_ns or 1,
                completed=progress.done_ns if progress.total_ns else 1,
                new=progress.new,
                waits=progress.waits,
            )

        yield tell
