"""The screens as text, at both sizes, against checked-in files. To write them anew: ALGOBOT_GOLDEN=write."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from algobot.model import BotMode, BotState
from algobot.protocol.requests import Killed
from algobot.protocol.rows import BotDetail, HaltRow
from tests.tui.builders import NOON, SECOND, a_bot, a_link, a_position, a_status, a_view
from tests.tui.stage import redraw, still, text_of
from tests.tui.test_detail import a_page
from tui import killing
from tui.glyphs import ASCII
from tui.screens.kill import KillPanel
from tui.view import View, seed

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(80, 24), (140, 50)]


def same_as_golden(name: str, size: tuple[int, int], seen: str) -> None:
    """Compare with the file, or write it when told to."""
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("ALGOBOT_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen)
    assert seen == path.read_text(), f"{path.name} differs; look at it, then ALGOBOT_GOLDEN=write if it is right"


def a_curved_page() -> BotDetail:
    """A page with two hours of prices and equity."""
    minutes = range(120)
    prices = [(NOON - (120 - n) * 60 * SECOND, 64_000.0 + 40 * (n % 17) - 3 * n) for n in minutes]
    curve = [(NOON - (120 - n) * 60 * SECOND, 10_000.0 + n + 5 * (n % 7)) for n in minutes]
    page = a_page()
    fills = [replace(page.fills[0], ts_event_ns=NOON - 3600 * SECOND, price=Decimal("64030"))]
    return replace(page, prices=prices, equity_curve=curve, fills=fills)


def a_curved_view() -> View:
    """The usual view with a past."""
    return seed(a_view(), a_curved_page())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("home", ["1"]),
        ("bots", ["2"]),
        ("bot-now", ["2", "enter"]),
        ("bot-orders", ["2", "enter", "right_square_bracket"]),
        ("bot-config", ["2", "enter", "left_square_bracket"]),
        ("orders", ["3"]),
        ("fills", ["3", "right_square_bracket"]),
        ("logs", ["6"]),
        ("health", ["7"]),
        ("help", ["question_mark"]),
        ("stop", ["2", "x"]),
    ],
)
async def test_a_room_looks_as_it_did(name: str, keys: list[str], size: tuple[int, int]) -> None:
    """With two bots, an open order, two fills."""
    async with still(a_curved_view(), size=size, detail=a_curved_page()) as (app, pilot):
        await pilot.press(*keys)
        await redraw(app, pilot)
        same_as_golden(name, size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("room", ["1", "2", "3", "6", "7"])
async def test_an_empty_daemon_says_what_to_do(room: str, size: tuple[int, int]) -> None:
    """No bots, no orders, no lines: what, why, and the key."""
    status = a_status(bots={}, accounts=[], feeds=[])
    view = a_view(status=status, bots=[], orders=[], fills=[], positions=[], balances=[], logs=[])
    async with still(view, size=size) as (app, pilot):
        await pilot.press(room)
        await redraw(app, pilot)
        same_as_golden(f"empty-{room}", size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_no_daemon_says_why_and_what_to_do(size: tuple[int, int]) -> None:
    """Before the first snapshot there is nothing to show but that."""
    state = a_link(
        phase="connecting",
        attempts=4,
        retry_at_ns=NOON + 2 * SECOND,
        problem="no daemon at /run/algobot/control.sock: No such file or directory",
        hint="start it with `algobot daemon`, or see `systemctl --user status algobot`; --socket names another place",
    )
    async with still(None, size=size, state=state) as (app, _):
        same_as_golden("no-daemon", size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_lost_daemon_leaves_a_banner(size: tuple[int, int]) -> None:
    """The last figures stay, crossed out, and nobody can take them for live ones."""
    state = a_link(phase="lost", lost_ns=NOON - 12 * SECOND, retry_at_ns=NOON + 2 * SECOND, attempts=3)
    async with still(a_view(), size=size, state=state) as (app, pilot):
        await pilot.press("2")
        await redraw(app, pilot)
        assert "text-decoration: line-through" in app.export_screenshot()
        same_as_golden("lost", size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_old_data_and_drift_are_said(size: tuple[int, int]) -> None:
    """A stale bot, and books that do not agree."""
    stale = a_view(bots=[a_bot(data_recv_ns=NOON - 12 * SECOND, state=BotState.DEGRADED, reason="feed is stale")])
    async with still(stale, size=size) as (app, pilot):
        await pilot.press("2")
        await redraw(app, pilot)
        same_as_golden("stale", size, text_of(app))
    async with still(a_view(positions=[a_position("BTC", "-0.0155")]), size=size) as (app, pilot):
        await pilot.press("3")
        await redraw(app, pilot)
        same_as_golden("drift", size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_halt_is_on_every_screen(size: tuple[int, int]) -> None:
    """In the bar; and the panel says what was confirmed."""
    halt = HaltRow("all", "", "halt", "kill switch key", NOON - 5 * SECOND, "root")
    view = a_view(status=a_status(halts=[halt]), bots=[a_bot(state=BotState.HALTED, reason="halted (all)")])
    async with still(view, size=size) as (app, pilot):
        await pilot.press("7")
        await redraw(app, pilot)
        same_as_golden("halted", size, text_of(app))
        state = killing.ask(killing.Killing(), "halt", 0)
        app.kill.state = killing.answer(state, 0, Killed(True, [halt], 0, [], True), 12_000_000)
        await app.push_screen(KillPanel(("algobot kill",)))
        await redraw(app, pilot)
        same_as_golden("kill", size, text_of(app))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("name", "simulated"), [("simulated", True), ("real", False)])
async def test_whose_money_it_is_is_said_in_words(name: str, *, simulated: bool, size: tuple[int, int]) -> None:
    """Orders to a simulator are LIVE SIM, simulated money; those to a real venue LIVE, REAL money."""
    bots = [a_bot(mode=BotMode.LIVE, simulated=simulated), a_bot("bravo", equity=9_000.0)]
    async with still(a_view(bots=bots), size=size) as (app, _):
        seen = text_of(app)
        assert ("LIVE SIM" in seen, "simulated money" in seen) == (simulated, simulated)
        assert ("REAL money" in seen) is not simulated
        same_as_golden(f"money-{name}", size, seen)


async def test_plain_ascii_where_there_is_nothing_else() -> None:
    """On the Linux console no mark of ours is outside its font."""
    async with still(a_curved_view(), marks=ASCII, detail=a_curved_page()) as (app, pilot):
        await pilot.press("2", "enter")
        await redraw(app, pilot)
        seen = text_of(app)
        same_as_golden("ascii", (80, 24), seen)
        assert not any("\u2800" <= character <= "\u28ff" or character in "●◐○✖▲▼−·" for character in seen)


async def test_a_tiny_terminal_keeps_the_bar_and_the_equity() -> None:
    """Below 40 × 10 there is no room for more."""
    async with still(a_view(), size=(38, 8)) as (app, _):
        same_as_golden("tiny", (38, 8), text_of(app))


async def test_without_colour_every_state_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: the words and marks are all there, and the colours are greys."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with still(a_view()) as (app, pilot):
        await pilot.press("2")
        await redraw(app, pilot)
        assert app.no_color
        seen = text_of(app)
        assert all(words in seen for words in ("● RUN", "◐ PAUSE", "▲ +1.2 %", "▼ −1.2 %", "PAPER"))
