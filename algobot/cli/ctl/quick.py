"""`algobot ctl status` without click: what a prompt or a status bar asks every second must cost nothing."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(words: Sequence[str]) -> int | None:
    """Answer `status [--json] [--socket PATH]` and return 0; None means that it is for the whole of ctl to do.

    So do errors: whoever gets None runs the command again, and tells what is wrong.
    """
    asked = _understand(list(words))
    if asked is None:
        return None
    place, as_json = asked
    from algobot.cli.ctl.status import status_lines
    from algobot.cli.ctl.tables import colorful, write_json
    from algobot.errors import AlgobotError
    from algobot.line import Line
    from algobot.paths import client_socket

    try:
        line = Line(str(client_socket(place)), name="ctl")
        status = line.ask("status")
        line.close()
    except AlgobotError:
        return None
    try:
        if as_json:
            write_json(status)
        else:
            print("\n".join(status_lines(status, color=colorful(sys.stdout))), flush=True)
    except OSError:
        return None
    return 0


def _understand(words: list[str]) -> tuple[str, bool] | None:
    """Return (socket, whether as JSON), or None for anything but the plainest form."""
    place, as_json, verb = "", False, False
    while words:
        word = words.pop(0)
        if word == "status" and not verb:
            verb = True
        elif word == "--json":
            as_json = True
        elif word == "--socket" and words:
            place = words.pop(0)
        else:
            return None
    return (place, as_json) if verb else None
