"""Room 3: orders and fills of all bots, and whether the books agree with the venue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import TabbedContent, TabPane

from algobot.model import LIVE
from tui.ink import Piece
from tui.scene import Scene
from tui.screens.room import Room
from tui.table import name_cells
from tui.tables.trading import FILLS, ORDERS, POSITIONS, fill_rows, order_rows, position_rows
from tui.view import View, newest_first
from tui.widgets.filterbar import FilterBar, matching
from tui.widgets.grid import Grid
from tui.widgets.words import Words

NO_ORDERS: tuple[Piece, ...] = (
    ("No orders yet", "strong"),
    ("No bot has wanted to trade since the daemon's ledger began.", "plain"),
    ("2 shows what the bots wait for.", "note"),
)
NO_FILLS: tuple[Piece, ...] = (
    ("No fills yet", "strong"),
    ("Orders that meet the market appear here.", "plain"),
    ("[ and ] change the tab.", "note"),
)
NO_POSITIONS: tuple[Piece, ...] = (
    ("No account has been compared yet", "strong"),
    ("Paper bots hold nothing at a venue, so there is nothing to compare for them.", "plain"),
)


class OrdersRoom(Room):
    """Orders above, positions below."""

    NAME = "orders"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("right_square_bracket", "tab(1)", "Next tab", show=False),
        Binding("left_square_bracket", "tab(-1)", "Previous tab", show=False),
        Binding("escape", "drop", "Drop the filter", show=False),
    ]
    DEFAULT_CSS = """
    OrdersRoom TabbedContent { height: 1fr; }
    OrdersRoom TabPane { padding: 0; }
    OrdersRoom #books { height: 1; margin-top: 1; padding: 0 1; }
    OrdersRoom #positions { height: auto; max-height: 8; min-height: 4; }
    """

    def body(self) -> Iterable[Widget]:
        """Tabs of orders and fills; the books."""
        tabs = TabbedContent(id="trading")
        tabs.compose_add_child(TabPane("Orders", Grid(ORDERS, id="orders"), id="tab-orders"))
        tabs.compose_add_child(TabPane("Fills", Grid(FILLS, id="fills"), id="tab-fills"))
        yield tabs
        yield FilterBar()
        yield Words(id="books")
        yield Grid(POSITIONS, id="positions", cursor=False)

    def on_mount(self) -> None:
        """The orders have the keys."""
        self.query_one("#positions", Grid).can_focus = False
        self.query_one("#orders", Grid).focus()

    def show(self, scene: Scene) -> None:
        """Draw the tables."""
        view = scene.view
        if view is None:
            return
        words = self.query_one(FilterBar).value
        orders = newest_first(view.orders.values())
        orders.sort(key=lambda order: order.status not in LIVE)  # what is open stays on top
        tables = {
            "#orders": (matching(order_rows(scene, orders), words), NO_ORDERS),
            "#fills": (matching(fill_rows(scene, view.fills), words), NO_FILLS),
            "#positions": (position_rows(scene, view.positions, view.balances), NO_POSITIONS),
        }
        nothing: tuple[Piece, ...] = ((f"Nothing matches “{words}”", "strong"), ("esc drops the filter", "note"))
        for name, (rows, empty) in tables.items():
            grid = self.query_one(name, Grid)
            grid.stale = scene.trust
            grid.fit_column("bot", name_cells(view.bots))
            grid.fit_column("account", name_cells(view.accounts, least=7))
            grid.show(rows, empty=nothing if words and name != "#positions" else empty)
        self.query_one("#books", Words).say(books(scene, view), struck=scene.trust == "struck")

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterBar).open()

    def action_drop(self) -> None:
        """Drop the filter."""
        self.query_one(FilterBar).action_drop()

    def action_tab(self, by: int) -> None:
        """Show the other table."""
        tabs = self.query_one(TabbedContent)
        tabs.active = "tab-fills" if tabs.active == "tab-orders" else "tab-orders"

    @on(FilterBar.Done)
    @on(TabbedContent.TabActivated)
    def _back(self) -> None:
        name = "#fills" if self.query_one(TabbedContent).active == "tab-fills" else "#orders"
        self.query_one(name, Grid).focus()


def books(scene: Scene, view: View) -> list[Piece]:
    """Whether what the bots believe is what the venue says, in one line."""
    glyphs = scene.glyphs
    law: Piece = ("bots + external = venue", "strong")
    if not view.positions:
        return [law, (f"  {glyphs.dash}  nothing to compare", "dim")]
    wrong = view.drift()
    if wrong:
        return [law, (f"  {glyphs.error} {len(wrong)} of {len(view.positions)} currencies drift", "bad")]
    return [law, (f"  {glyphs.yes} all {len(view.positions)} currencies agree", "good")]
