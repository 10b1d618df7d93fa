"""Logs, accounts and feeds as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from algobot.protocol.rows import AccountRow, FeedRow, LogRow
from algobot.text import safe_text
from tui import format
from tui.ink import Piece
from tui.scene import Scene
from tui.table import Column, Row

LOGS: Final = (
    Column("time", "UTC", 8),
    Column("level", "Level", 5),
    Column("bot", "Bot", 14, rank=1),
    Column("event", "Event", 22),
    Column("fields", "Fields", 18, grows=True),
)
ACCOUNTS: Final = (
    Column("account", "Account", 12),
    Column("venue", "Venue", 10, rank=3),
    Column("state", "Gate", 12),
    Column("reconciled", "Reconciled", 13),
    Column("open", "Open", 5, right=True),
    Column("flight", "In flight", 9, right=True),
    Column("foreign", "Foreign", 7, right=True, rank=2),
    Column("latency", "Latency", 9, right=True, rank=1),
    Column("reason", "Why", 12, rank=4, grows=True),
)
FEEDS: Final = (
    Column("venue", "Feed", 12),
    Column("connected", "Stream", 14),
    Column("subscriptions", "Subscribed", 10, right=True),
    Column("reconnects", "Reconnects", 10, right=True),
    Column("rejected", "Bad ticks", 9, right=True, rank=2),
    Column("reason", "Why", 12, rank=3, grows=True),
)

_LEVELS: Final = {"debug": "dim", "info": "note", "warning": "warn", "error": "bad", "critical": "bad"}


def log_rows(scene: Scene, lines: Sequence[LogRow]) -> list[Row]:
    """A row of cells for each line; equal lines of one instant are told apart by their place."""
    seen: dict[str, int] = {}
    rows = []
    for entry in lines:
        name = f"{entry.ts_ns}/{entry.event}/{entry.bot_id}"
        seen[name] = seen.get(name, 0) + 1
        rows.append(Row(f"{name}/{seen[name]}", log_cells(scene, entry)))
    return rows


def log_cells(scene: Scene, entry: LogRow) -> tuple[Piece, ...]:
    """One log line as cells."""
    ink = _LEVELS.get(entry.level, "plain")
    fields = "  ".join(f"{safe_text(name)}={safe_text(value)}" for name, value in entry.fields.items())
    return (
        (format.moment(entry.ts_ns, scene.now_ns), "dim"),
        ("warn" if entry.level == "warning" else safe_text(entry.level), ink),
        (safe_text(entry.bot_id) or scene.glyphs.dash, "plain" if entry.bot_id else "dim"),
        (safe_text(entry.event), "plain" if ink in {"dim", "note"} else ink),
        (fields, "dim"),
    )


def account_rows(scene: Scene, accounts: Sequence[AccountRow]) -> list[Row]:
    """A row of cells for each account."""
    return [Row(row.account_id, _account(scene, row)) for row in accounts]


def _account(scene: Scene, row: AccountRow) -> tuple[Piece, ...]:
    glyphs = scene.glyphs
    gate = {"ready": "good", "halted": "bad", "degraded": "warn"}.get(row.state, "note")
    if row.reconciled:
        age = format.age(scene.daemon_now_ns - row.reconciled_ns) if row.reconciled_ns else ""
        reconciled = (f"{glyphs.yes} {age}", "good")
    else:
        reconciled = (f"{glyphs.error} no", "bad")
    return (
        (row.account_id, "strong"),
        (safe_text(row.venue), "dim"),
        (safe_text(row.state), gate),
        reconciled,
        (f"{row.orders_open:,}", "plain"),
        (f"{row.orders_in_flight:,}", "warn" if row.orders_in_flight else "plain"),
        (f"{row.orders_foreign:,}", "plain"),
        (format.milliseconds(row.latency_ns) if row.latency_ns else glyphs.dash, "plain"),
        (safe_text(row.reason), "warn"),
    )


def feed_rows(scene: Scene, feeds: Sequence[FeedRow]) -> list[Row]:
    """A row of cells for each venue's market stream."""
    glyphs = scene.glyphs
    return [
        Row(
            row.venue,
            (
                (safe_text(row.venue), "strong"),
                (f"{glyphs.run} connected", "good") if row.connected else (f"{glyphs.error} cut", "bad"),
                (f"{row.subscriptions:,}", "plain"),
                (f"{row.reconnects:,}", "plain"),
                (f"{row.rejected_ticks:,}", "warn" if row.rejected_ticks else "plain"),
                (safe_text(row.reason), "warn"),
            ),
        )
        for row in feeds
    ]
