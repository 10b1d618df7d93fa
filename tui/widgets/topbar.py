"""The bar on every screen: whose money, the connection, the age of the data, the kill switch, the time."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal

from algobot.protocol.rows import HaltRow
from tui import format
from tui.ink import Piece
from tui.scene import DAEMON_SILENT_NS, DATA_STALE_NS, Scene
from tui.view import Money
from tui.widgets.words import Words

BADGES: Final[dict[Money, Piece]] = {
    "real": (" LIVE ", "live"),
    "simulated": (" LIVE SIM ", "sim"),
    "paper": (" PAPER ", "paper"),
}


class TopBar(Horizontal):
    """Never hidden; its border is a thin line for play money, a heavy one for real money, red while halted."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 2; background: $panel; border-bottom: solid $paper 50%; }
    TopBar.-sim { border-bottom: solid $note 50%; }
    TopBar.-live { border-bottom: heavy $live; }
    TopBar.-halted { background: $kill; }
    TopBar.-halted:nocolor > Words { text-style: bold reverse; }
    TopBar > Words { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    TopBar > #bar-left { width: 1fr; }
    TopBar > #bar-right { width: auto; padding-right: 1; }
    """

    def compose(self) -> ComposeResult:
        """Left: whose money, and the kill switch once it is on. Right: everything that ages."""
        yield Words(id="bar-left")
        yield Words(id="bar-right")

    def draw(self, scene: Scene) -> None:
        """Show the scene."""
        halts = scene.view.halts if scene.view else ()
        money = scene.view.main if scene.view else "paper"
        self.set_class(money == "real", "-live")
        self.set_class(money == "simulated", "-sim")
        self.set_class(bool(halts), "-halted")
        narrow = self.size.width < 100
        left, right = whose_money(scene), ages(scene, narrow=narrow)
        if self.size.width < 60:
            right = [connection(scene)] if scene.trust else [data_age(scene)]
        if halts:
            left = [*left, *_white(halted_words(halts, scene, narrow=narrow))]
            right = _white(right)
        self.query_one("#bar-left", Words).say(left)
        self.query_one("#bar-right", Words).say(right)


def whose_money(scene: Scene) -> list[Piece]:
    """PAPER, LIVE SIM (orders go to a simulated venue) or LIVE, in words; then whose daemon it is."""
    if scene.view is None:
        return [(" NO DAEMON ", "dim")]
    badge = BADGES[scene.view.main]
    name = scene.view.status.instance
    pieces = [badge, (f" {name}", "strong")]
    if not scene.may_change:
        pieces.append(("  READ-ONLY", "warn"))
    return pieces


def halted_words(halts: tuple[HaltRow, ...], scene: Scene, *, narrow: bool) -> list[Piece]:
    """What is halted; on a wide screen also why and since when."""
    everything = next((halt for halt in halts if halt.scope == "all"), None)
    what = "ALL" if everything else ", ".join(halt.target for halt in halts)
    words = f"  {scene.glyphs.halt} HALTED {what}"
    first = everything or halts[0]
    if not narrow:
        words += f" since {format.clock(first.since_ns)}: {first.reason or first.mode}"
    return [(words, "kill")]


def ages(scene: Scene, *, narrow: bool) -> list[Piece]:
    """Connection, data age, kill switch, clock."""
    gap: Piece = (f" {scene.glyphs.dot} " if narrow else f"  {scene.glyphs.dot}  ", "dim")
    halted = bool(scene.view and scene.view.halts)
    pieces = [connection(scene), gap, data_age(scene), gap]
    if not halted and scene.may_change:
        pieces += [kill_state(scene), gap]
    return [*pieces, (f"{format.clock(scene.now_ns)} UTC", "plain")]


def connection(scene: Scene) -> Piece:
    """Whether the daemon is there and talks."""
    glyphs = scene.glyphs
    if scene.link.phase == "connecting":
        return (f"{glyphs.pause} connecting", "warn")
    if scene.link.phase == "lost":
        return (f"{glyphs.error} disconnected", "bad")
    if scene.silent_ns > DAEMON_SILENT_NS:
        return (f"{glyphs.pause} daemon silent {format.age(scene.silent_ns)}", "warn")
    return (f"{glyphs.run} connected", "good")


def data_age(scene: Scene) -> Piece:
    """How old the oldest market data is that a bot acts on."""
    age = scene.view.data_age_ns(scene.daemon_now_ns) if scene.view else None
    if age is None:
        return ("no data", "dim")
    if scene.link.phase != "linked" or age > DATA_STALE_NS:
        return (f"data {format.age(age)} old", "warn")
    return (f"data {format.age(age)}", "plain")


def kill_state(scene: Scene) -> Piece:
    """Whether the kill switch could be thrown from here right now."""
    return ("kill ready", "plain") if scene.kill_ready else ("kill: NO LINE", "bad")


def _white(pieces: list[Piece]) -> list[Piece]:
    return [(text, ink if ink in {"live", "sim", "paper"} else "kill") for text, ink in pieces]
