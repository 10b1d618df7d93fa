"""The screens on the real control server: what keys do, and what is shown of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from algobot.model import BotState
from tests.fakes.served import Served, a_server
from tests.tui.stage import attached, shows, text_of
from tests.waiting import until
from tui.screens.ask import AskScreen
from tui.screens.bot import BotRoom
from tui.screens.help import HelpScreen
from tui.screens.kill import KillPanel

pytestmark = pytest.mark.anyio


def killed(served: Served) -> list[str]:
    """The modes the daemon was asked to kill with."""
    return [method for method, _ in served.face.calls if method.startswith("kill")]


@pytest.mark.parametrize("keys", [["1"], ["2"], ["3"], ["6"], ["7"], ["2", "enter"]], ids="".join)
@pytest.mark.parametrize("kill", ["ctrl+k", "f9"])
async def test_the_kill_key_halts_from_every_room(tmp_path: Path, keys: list[str], kill: str) -> None:
    """One press: latched at the daemon, confirmed in the panel, and the bar says so."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press(*keys)
        await pilot.press(kill)
        seen = await shows(app, pilot, "gate closed", "HALTED ALL", "✓ halted")
        assert "ack" in seen
        assert killed(served) == ["kill halt"]


async def test_the_kill_key_fires_inside_a_field(tmp_path: Path) -> None:
    """Ctrl+k would delete to the end of the line there."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("2", "slash", "a", "l")
        assert isinstance(app.focused, Input)
        await pilot.press("ctrl+k")
        await shows(app, pilot, "gate closed")
        assert killed(served) == ["kill halt"]


@pytest.mark.parametrize(
    ("keys", "screen"), [(["question_mark"], HelpScreen), (["2", "x"], AskScreen), (["colon"], CommandPalette)]
)
async def test_the_kill_key_fires_over_anything(tmp_path: Path, keys: list[str], screen: type) -> None:
    """Help, a question, the palette: nothing swallows it."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press(*keys)
        await until(lambda: isinstance(app.screen, screen))
        await pilot.press("f9")
        await shows(app, pilot, "gate closed")
        assert isinstance(app.screen, KillPanel)
        assert killed(served) == ["kill halt"]


async def test_the_same_key_again_cancels_and_typing_flatten_closes(tmp_path: Path) -> None:
    """Halt, cancel, flatten: each asked for once, in this order."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        for _ in range(30):
            served.face.tick()
        await pilot.press("f9")
        await shows(app, pilot, "gate closed")
        await pilot.press("f9")
        await shows(app, pilot, "CANCEL all orders", "SAFE")
        await pilot.press(*"FLATTE")
        assert killed(served) == ["kill halt", "kill cancel"]
        await pilot.press("N")
        await until(lambda: killed(served) == ["kill halt", "kill cancel", "kill flatten"])
        await shows(app, pilot, "FLATTEN: close positions", "SAFE")
        assert not any(row.position for row in served.face.rows.values())


async def test_orders_that_stay_are_never_called_safe(tmp_path: Path) -> None:
    """It asks again and again until the venue shows none, and says how many are left meanwhile."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        while not any(order.status.value == "open" for order in served.face.all_orders.values()):
            served.face.tick()
        served.face.stuck_orders = True
        await pilot.press("f9", "f9")
        seen = await shows(app, pilot, "NOT SAFE")
        assert "SAFE: none" not in seen
        served.face.stuck_orders = False
        await shows(app, pilot, "SAFE: none at the venue")
        assert killed(served).count("kill cancel") >= 2


async def test_escape_keeps_the_halt_and_r_resumes_with_a_reason(tmp_path: Path) -> None:
    """Leaving the panel clears nothing; only a reason does."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("f9")
        await shows(app, pilot, "gate closed")
        await pilot.press("escape")
        assert not isinstance(app.screen, KillPanel)
        assert [halt.scope for halt in served.face.halts] == ["all"]
        await pilot.press("f9")
        await shows(app, pilot, "gate closed")
        await pilot.press("R")
        await pilot.press("enter")  # without a reason nothing is sent
        await pilot.press(*"fixed", "enter")
        await shows(app, pilot, "trading may resume")
        assert served.face.halts == []
        assert "HALTED" not in await shows(app, pilot, "kill switch is clear")


async def test_a_refused_resume_says_why(tmp_path: Path) -> None:
    """While the books do not agree the halt stays."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("f9")
        await shows(app, pilot, "gate closed")
        served.face.drift = Decimal("0.1")
        await pilot.press("R", *"please", "enter")
        await shows(app, pilot, "not reconciled")
        assert served.face.halts


async def test_pausing_resuming_stopping_and_starting_a_bot(tmp_path: Path) -> None:
    """From the keyboard, with the toast in the words of ctl; a stop is asked about."""
    async with a_server(tmp_path) as served, attached(served.path, size=(140, 40)) as (app, pilot):
        await pilot.press("2", "p")
        await shows(app, pilot, "◐ PAUSE", "algobot ctl pause alpha")
        await pilot.press("p")
        await shows(app, pilot, "algobot ctl resume alpha")
        await pilot.press("x")
        await shows(app, pilot, "Stop alpha?")
        await pilot.press("n")
        assert served.face.rows["alpha"].state is BotState.RUNNING
        await pilot.press("x", "y")
        await shows(app, pilot, "○ STOP", "algobot ctl stop alpha")
        await pilot.press("s")
        await until(lambda: served.face.rows["alpha"].state is BotState.RUNNING)


async def test_what_the_daemon_refuses_is_shown_with_its_remedy(tmp_path: Path) -> None:
    """Not a traceback, not silence."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("2", "s")
        await shows(app, pilot, "Not done", "running already")


async def test_marked_bots_are_steered_together(tmp_path: Path) -> None:
    """Space marks; p pauses all of them."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("2", "space", "space")
        await shows(app, pilot, "2 marked")
        await pilot.press("p")
        await until(
            lambda: [r.bot_id for r in served.face.rows.values() if r.state is BotState.PAUSED] == ["alpha", "bravo"]
        )


async def test_the_palette_takes_ctl_words(tmp_path: Path) -> None:
    """Typed as at a prompt, or found by a few letters."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("colon", *"pause carol")
        await shows(app, pilot, "run this line")
        await pilot.press("down", "enter")
        await until(lambda: served.face.rows["carol"].state is BotState.PAUSED)


async def test_a_bots_page_follows_its_fills(tmp_path: Path) -> None:
    """Opened with enter, folded on by events, left with escape."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("2", "enter")
        await until(lambda: app.link.detail is not None)
        await shows(app, pilot, "alpha", "BTC/USDT 1m", "Equity")
        while not served.face.rows["alpha"].fills:
            served.face.tick()
        await until(lambda: bool(app.link.detail and app.link.detail.fills))
        await pilot.press("right_square_bracket", "right_square_bracket")
        await shows(app, pilot, "▲ buy", "taker") if app.size.width > 100 else await shows(app, pilot, "▲ buy")
        await pilot.press("escape")
        assert not isinstance(app.screen, BotRoom)


async def test_a_filter_narrows_and_escape_drops_it(tmp_path: Path) -> None:
    """Typed letters go to the filter, not to verbs."""
    async with a_server(tmp_path) as served, attached(served.path) as (app, pilot):
        await pilot.press("2", "slash", *"echo", "enter")
        seen = await shows(app, pilot, "echo")
        assert "bravo" not in seen
        await pilot.press("escape")
        await shows(app, pilot, "bravo")
        assert served.face.calls == []


@pytest.mark.parametrize("by", ["flag", "role"])
async def test_a_read_only_screen_changes_nothing(tmp_path: Path, by: str) -> None:
    """By its own flag, or because the daemon gives it no more; the bar says so."""
    async with a_server(tmp_path) as served, attached(served.path, read_only=by == "flag") as (app, pilot):
        if by == "role":
            from msgspec.structs import replace

            app.link.state = replace(app.link.state, role="view")
        await pilot.press("2", "p", "x", "r", "f9")
        await shows(app, pilot, "READ-ONLY", "algobot kill")
        assert served.face.calls == []
        assert not isinstance(app.screen, KillPanel)


async def test_it_comes_back_by_itself_after_the_daemon_was_away(tmp_path: Path) -> None:
    """Away: a banner and crossed-out figures. Back: live again, with what happened meanwhile."""
    async with a_server(tmp_path) as first:
        path = first.path
        context = attached(path)
        app, pilot = await context.__aenter__()
        await shows(app, pilot, "connected")
    try:
        seen = await shows(app, pilot, "DISCONNECTED", "not live")
        assert "alpha" in seen
        assert app.scene.trust == "struck"
        async with a_server(tmp_path) as second:
            second.face.log("info", "daemon.back")
            assert second.path == path
            await shows(app, pilot, "● connected")
            assert "DISCONNECTED" not in text_of(app)
            assert app.scene.trust == ""
            await until(lambda: app.kill.ready)
            await context.__aexit__(None, None, None)
    except BaseException:
        await context.__aexit__(None, None, None)
        raise


async def test_several_screens_see_the_same(tmp_path: Path) -> None:
    """What one does, the other shows."""
    async with (
        a_server(tmp_path) as served,
        attached(served.path) as (one, pilot_one),
        attached(served.path) as (other, pilot_other),
    ):
        await pilot_one.press("f9")
        await shows(one, pilot_one, "gate closed")
        await shows(other, pilot_other, "HALTED ALL")
        assert served.hub.followers == 2


async def test_quitting_leaves_the_bots_alone(tmp_path: Path) -> None:
    """And says that they keep running."""
    from tui.main import farewell

    async with a_server(tmp_path) as served:
        async with attached(served.path) as (app, pilot):
            await pilot.press("q")
        assert "6 bots keep running" in farewell(app)
        assert served.face.calls == []
