"""The bottom line: where one can go, and the keys that work everywhere."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.message import Message

from tui.ink import Piece
from tui.widgets.words import Words

ROOMS: Final = (("1", "Home", "home"), ("2", "Bots", "bots"), ("3", "Orders", "orders"), ("6", "Logs", "logs"))
HEALTH: Final = ("7", "Health", "health")
KEYS: Final = ((":", "menu"), ("?", "help"), ("q", "quit"), ("F9", "KILL"))


class FootBar(Words):
    """Names the rooms by their number keys, the one shown in bold; every one can be clicked."""

    DEFAULT_CSS = """
    FootBar { dock: bottom; height: 1; background: $panel; padding: 0 1; }
    """

    class Picked(Message):
        """A room was clicked."""

        def __init__(self, room: str) -> None:
            super().__init__()
            self.room = room

    def __init__(self, here: str) -> None:
        super().__init__(id="foot")
        self._here = here
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Write the line."""
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        """Write it for the new width."""
        self._write()

    def _write(self) -> None:
        pieces: list[Piece] = []
        self._spans = []
        at = 0
        for key, name, room in (*ROOMS, HEALTH):
            here = room == self._here
            words = f"{key} {name}"
            self._spans.append((at, at + len(words), room))
            pieces += [(key, "key"), (f" {name}", "strong" if here else "dim"), ("  ", "dim")]
            at += len(words) + 2
        keys: list[Piece] = []
        for key, name in KEYS:
            keys += [(key, "key"), (f" {name}", "bad" if name == "KILL" else "dim"), ("  ", "dim")]
        taken = at + sum(len(text) for text, _ in keys[:-1])
        room_left = self.size.width - 2 - taken
        if room_left < 0:
            keys = keys[-3:]
            room_left = self.size.width - 2 - at - sum(len(text) for text, _ in keys[:-1])
        self.say([*pieces, (" " * max(0, room_left), "dim"), *keys[:-1]])

    def on_click(self, event: events.Click) -> None:
        """Go to the room that was clicked."""
        for first, last, room in self._spans:
            if first <= event.x - 1 < last:
                self.post_message(self.Picked(room))
