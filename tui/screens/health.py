"""Room 7: whether the machinery under the bots is well."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.screens.room import Room
from tui.table import name_cells
from tui.tables.health import ACCOUNTS, FEEDS, account_rows, feed_rows
from tui.view import View
from tui.widgets.grid import Grid
from tui.widgets.words import Words

LAG_GOAL_NS = 20_000_000
DECISION_GOAL_NS = 5_000_000
NO_ACCOUNTS: tuple[Piece, ...] = (
    ("No accounts", "strong"),
    ("The configuration names none; paper bots need one only for its market data.", "plain"),
)
NO_FEEDS: tuple[Piece, ...] = (("No market streams", "strong"), ("They open with the first bot that starts.", "plain"))


class HealthRoom(Room):
    """The daemon, its accounts, its feeds."""

    NAME = "health"
    DEFAULT_CSS = """
    HealthRoom #daemon { height: auto; margin: 1 0; padding: 0 1; }
    HealthRoom Grid { height: auto; max-height: 9; min-height: 5; }
    """

    def body(self) -> Iterable[Widget]:
        """Figures, then two tables."""
        yield Words(id="daemon")
        yield Grid(ACCOUNTS, id="accounts", cursor=False)
        yield Grid(FEEDS, id="feeds", cursor=False)

    def show(self, scene: Scene) -> None:
        """Draw the figures."""
        view = scene.view
        if view is None:
            return
        self.query_one("#daemon", Words).say(*daemon_lines(scene, view), struck=scene.trust == "struck")
        accounts, feeds = self.query_one("#accounts", Grid), self.query_one("#feeds", Grid)
        accounts.stale = feeds.stale = scene.trust
        accounts.fit_column("account", name_cells(view.accounts, least=12))
        accounts.show(
            account_rows(scene, sorted(view.accounts.values(), key=lambda r: r.account_id)), empty=NO_ACCOUNTS
        )
        feeds.show(feed_rows(scene, sorted(view.feeds.values(), key=lambda r: r.venue)), empty=NO_FEEDS)


def daemon_lines(scene: Scene, view: View) -> list[list[Piece]]:
    """What the daemon says of itself; a figure past its goal stands out."""
    status, glyphs = view.status, scene.glyphs
    up = format.age(scene.daemon_now_ns - status.started_ns)
    store: Piece = (f"{glyphs.yes} ok", "good") if status.store == "ok" else (safe_text(status.store), "bad")
    rows: list[tuple[str, list[Piece]]] = [
        ("Daemon", [(f"{safe_text(status.state)}, up {up}", "plain"), (f"  pid {status.pid}", "dim")]),
        ("Version", [(f"{safe_text(status.version)}", "plain"), (f"  protocol {status.protocol}", "dim")]),
        ("Store", [store]),
        ("Memory", [(format.size(status.rss_bytes), "plain")]),
        ("Loop lag p99", [_figure(status.loop_lag_p99_ns, LAG_GOAL_NS, scene), ("  goal 20 ms", "dim")]),
        ("Decision p99", [_figure(status.decision_p99_ns, DECISION_GOAL_NS, scene), ("  goal 5 ms", "dim")]),
        ("Clients", [(f"{status.clients:,}", "plain"), ("  screens and scripts attached", "dim")]),
        ("Kill switch", _kill(scene, view)),
        ("Guard", [_guard(view)]),
    ]
    return [[(f"{name:<14}", "dim"), *pieces] for name, pieces in rows]


def _guard(view: View) -> Piece:
    """Return how the process that stops trading when the daemon cannot stands."""
    guard = view.status.guard
    if guard.state == "off":
        return ("none: no account trades, or it is switched off", "dim")
    told = safe_text(guard.state.replace("_", " ") + (f": {guard.reason}" if guard.reason else ""))
    return (told, "bad" if guard.state in ("absent", "not_safe") else "plain")


def _figure(value_ns: int, goal_ns: int, scene: Scene) -> Piece:
    if not value_ns:
        return (f"{scene.glyphs.dash} not measured yet", "dim")
    return (format.milliseconds(value_ns), "good" if value_ns <= goal_ns else "warn")


def _kill(scene: Scene, view: View) -> list[Piece]:
    if view.halts:
        return [
            (
                f"{scene.glyphs.halt} {halt.scope} {halt.target}".rstrip()
                + f": {halt.mode}, {safe_text(halt.reason)}  ",
                "bad",
            )
            for halt in view.halts
        ]
    return [("off", "plain"), ("  its own line is open" if scene.kill_ready else "  NO LINE", "dim")]
