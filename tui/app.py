"""The application: rooms by number keys, four frames a second, verbs on bots, the kill switch over everything."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar, Final

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen

from algobot.errors import AlgobotError
from algobot.model import BotId, BotState
from algobot.protocol.requests import PauseBot, Reload, Request, ResumeBot, StartBot, StopBot
from tui import glyphs
from tui.killswitch import KillSwitch
from tui.link import KillLine, Link
from tui.palette import CtlProvider
from tui.scene import Scene
from tui.screens.bot import BotRoom
from tui.screens.bots import BotsRoom
from tui.screens.health import HealthRoom
from tui.screens.help import HelpScreen
from tui.screens.home import HomeRoom
from tui.screens.kill import KillPanel
from tui.screens.logs import LogsRoom
from tui.screens.orders import OrdersRoom
from tui.screens.room import Room
from tui.steering import Steering
from tui.theme import CYCLE, SAFE, THEMES
from tui.verbs import Command
from tui.view import View
from tui.widgets.footbar import FootBar
from tui.widgets.topbar import TopBar

FRAME_S: Final = 0.25


class AlgobotApp(App[None]):
    """A screen on a daemon; closing it changes nothing there."""

    TITLE = "algobot"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = {CtlProvider}  # the base class types it as widely
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "home": HomeRoom,
        "bots": BotsRoom,
        "orders": OrdersRoom,
        "logs": LogsRoom,
        "health": HealthRoom,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+k,f9", "kill", "KILL", priority=True, id="kill"),
        Binding("1", "room('home')", "Home", id="home"),
        Binding("2", "room('bots')", "Bots", id="bots"),
        Binding("3", "room('orders')", "Orders", id="orders"),
        Binding("6", "room('logs')", "Logs", id="logs"),
        Binding("7", "room('health')", "Health", id="health"),
        Binding("s", "verb('start')", "Start", id="start"),
        Binding("p", "verb('pause')", "Pause or resume", id="pause"),
        Binding("x", "verb('stop')", "Stop", id="stop"),
        Binding("r", "reload", "Reload", id="reload"),
        Binding("y", "copy_command", "Copy as ctl", id="copy"),
        Binding("t", "next_theme", "Theme", id="theme"),
        Binding("colon", "command_palette", "Commands", id="commands"),
        Binding("question_mark,f1", "help", "Help", id="help"),
        Binding("q", "quit", "Quit", id="quit"),
    ]
    CSS = """
    Toast { width: 60; max-width: 90%; background: $panel; }
    CommandPalette { background: transparent; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette > Vertical { margin-top: 2; background: $panel; }
    """

    def __init__(
        self,
        link: Link,
        kill_line: KillLine,
        *,
        read_only: bool = False,
        other_paths: tuple[str, ...] = ("algobot kill",),
        marks: glyphs.Glyphs | None = None,
    ) -> None:
        super().__init__()
        self.link = link
        self.glyphs = marks or glyphs.choose(os.environ)
        self._kill_line = kill_line
        self.kill = KillSwitch(self._kill_line, self._spawn)
        self._read_only = read_only
        self._other_paths = other_paths  # to the kill switch, where the daemon does not answer
        self.steering = Steering(self, link, lambda: self.scene.may_change)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = CYCLE[0]

    # --- what the rest may know ------------------------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """What is known of the daemon."""
        return self.link.view

    @property
    def scene(self) -> Scene:
        """What this frame is drawn from."""
        return Scene(
            link=self.link.state,
            view=self.link.view,
            now_ns=self.link.clock(),
            glyphs=self.glyphs,
            read_only=self._read_only,
            kill_ready=self.kill.ready,
            detail=self.link.detail,
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours by meaning, for the themes that are not ours."""
        return dict(SAFE)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Of the built-in commands only the one that chooses a theme."""
        yield SystemCommand("theme", "choose among all themes", self.search_themes)

    # --- its life ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Open both connections and begin to draw."""
        self.switch_mode("home")
        self._spawn(self.link.run())
        self._spawn(self._kill_line.run())
        self.set_interval(FRAME_S, self.draw)

    def draw(self) -> None:
        """One frame, on every screen that can be seen."""
        scene = self.scene
        for screen in self.screen_stack:
            if not screen.is_mounted or not screen.is_running:
                continue
            for bar in screen.query(TopBar):
                bar.draw(scene)
            if isinstance(screen, Room):
                screen.draw(scene)
            elif isinstance(screen, KillPanel):
                screen.draw(scene, self.kill.state, time.monotonic_ns())

    def _spawn(self, work: Coroutine[object, object, None]) -> object:
        return self.run_worker(work, exit_on_error=True)

    # --- the kill switch ---------------------------------------------------------------------------------------------

    def action_kill(self) -> None:
        """First press halts and opens the panel; in the panel, cancels."""
        if not self.scene.may_change:
            self.steering.refuse(f"in another terminal: {self._other_paths[0]}")
            return
        panel = next((screen for screen in self.screen_stack if isinstance(screen, KillPanel)), None)
        if panel is None:
            self.kill.open()
            self.push_screen(KillPanel(self._other_paths))
        else:
            self.kill.press()
        self.call_after_refresh(self.draw)

    @on(KillPanel.Flatten)
    def _flatten(self) -> None:
        self.kill.ask("flatten")
        self.draw()

    @on(KillPanel.Resume)
    def _resume(self, event: KillPanel.Resume) -> None:
        self.kill.resume(self.view.halts if self.view else (), event.reason)

    # --- where to go -------------------------------------------------------------------------------------------------

    async def action_room(self, room: str) -> None:
        """Go to a room."""
        await self.switch_mode(room)
        self.draw()

    @on(FootBar.Picked)
    async def _picked(self, event: FootBar.Picked) -> None:
        await self.action_room(event.room)

    @on(BotsRoom.Open)
    async def _open(self, event: BotsRoom.Open) -> None:
        await self.open_bot(event.bot_id, event.tab)

    async def open_bot(self, bot_id: str, tab: str = "now") -> None:
        """Open a bot's page over the room."""
        self._spawn(self._watch(BotId(bot_id)))
        await self.push_screen(BotRoom(bot_id, tab))
        self.draw()

    async def _watch(self, bot_id: BotId) -> None:
        try:
            await self.link.watch(bot_id)
            self.draw()
        except AlgobotError as error:
            self.steering.complain(error)

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(HelpScreen())

    def action_command_palette(self) -> None:
        """Every command, in the words of `ctl`."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a command, as after algobot ctl: pause NAME"))

    def action_next_theme(self) -> None:
        """The next of our own themes; the palette has all."""
        here = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.theme = CYCLE[(here + 1) % len(CYCLE)]
        self.notify(f"theme {self.theme}", timeout=2, markup=False)

    def action_copy_command(self) -> None:
        """Put the last action on the clipboard, as a shell would take it."""
        if self.steering.last:
            self.copy_to_clipboard(self.steering.last)
        words = f"copied: {self.steering.last}" if self.steering.last else "nothing done yet that could be copied"
        self.notify(words, timeout=3, markup=False)

    # --- what to do --------------------------------------------------------------------------------------------------

    def action_verb(self, verb: str) -> None:
        """Start, pause or resume, or stop the bots the screen means."""
        targets = self.screen.targets() if isinstance(self.screen, Room) else []
        rows = self.view.bots if self.view else {}
        for name in targets:
            row = rows.get(BotId(name))
            if row is not None:
                self.do(Command(request=_verb_request(verb, row.bot_id, row.state)))

    def action_reload(self) -> None:
        """Read the configuration again."""
        self.do(Command(request=Reload()))

    def do(self, command: Command) -> None:
        """Do what the palette or a key asked for; ask first where it cannot be taken back."""
        if command.screen:
            self.call_later(self.action_room, command.screen)
        elif command.bot_id:
            self.call_later(self.open_bot, command.bot_id)
        elif command.request is not None:
            self.steering.consider(command.request)


def _verb_request(verb: str, bot_id: BotId, state: BotState) -> Request:
    if verb == "start":
        return StartBot(bot_id=bot_id)
    if verb == "stop":
        return StopBot(bot_id=bot_id)
    return ResumeBot(bot_id=bot_id) if state is BotState.PAUSED else PauseBot(bot_id=bot_id)
