"""What one frame is drawn from: the view, the state of the link, the time. Screens get it four times a second."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from algobot.protocol.rows import BotDetail, BotRow
from tui.format import SECOND
from tui.glyphs import Glyphs
from tui.view import View

DATA_STALE_NS: Final = 10 * SECOND  # market data older than this is faint
DAEMON_SILENT_NS: Final = 5 * SECOND  # the daemon is asked every two seconds

Trust = Literal["", "stale", "struck"]


class LinkState(msgspec.Struct, frozen=True):
    """How the connection stands. Times are the TUI's own clock."""

    socket: str
    phase: Literal["connecting", "linked", "lost"] = "connecting"
    role: str = ""
    pid: int = 0
    version: str = ""
    attempts: int = 0  # in vain, since the last success
    retry_at_ns: int = 0
    heard_ns: int = 0  # the last reply or event
    lost_ns: int = 0
    problem: str = ""  # why the last attempt failed
    hint: str = ""
    clock_offset_ns: int = 0  # the daemon's clock minus ours: ages are told in the daemon's time


class Scene(msgspec.Struct, frozen=True):
    """Everything a widget may draw from."""

    link: LinkState
    view: View | None
    now_ns: int
    glyphs: Glyphs
    read_only: bool = False
    kill_ready: bool = False  # the kill switch's own connection is open
    detail: BotDetail | None = None  # of the bot whose page is open

    @property
    def daemon_now_ns(self) -> int:
        """The time by the daemon's clock."""
        return self.now_ns + self.link.clock_offset_ns

    @property
    def silent_ns(self) -> int:
        """How long the daemon has said nothing."""
        return max(0, self.now_ns - self.link.heard_ns) if self.link.heard_ns else 0

    @property
    def trust(self) -> Trust:
        """How far the figures may be believed: crossed out while disconnected, faint while the daemon is silent."""
        if self.link.phase != "linked":
            return "struck"
        return "stale" if self.silent_ns > DAEMON_SILENT_NS else ""

    @property
    def may_change(self) -> bool:
        """Whether this screen may ask for changes at all."""
        return not self.read_only and self.link.role != "view"

    def is_stale(self, row: BotRow) -> bool:
        """Whether a bot's market data is too old to act on."""
        return bool(row.data_recv_ns) and self.daemon_now_ns - row.data_recv_ns > DATA_STALE_NS
