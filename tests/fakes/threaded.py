"""A control server over a fake face in a thread of its own, for what is not asynchronous: ctl and kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from tests.fakes.served import Served, a_server


@contextmanager
def a_daemon(folder: Path) -> Iterator[Served]:
    """Serve a quiet fake daemon in `folder` until the block ends."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(a_server(folder)) as served:
        served.call = portal.call
        yield served
