"""How a log line looks, how often it may come, and who writes it."""

from __future__ import annotations

import json
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Final, TextIO

from algobot.text import safe_text

PER_SECOND: Final = 50  # lines of one event of one bot
QUEUED: Final = 20_000  # lines that may wait for a slow reader
_SECOND_NS: Final = 1_000_000_000
_PRIORITY: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # as syslog counts
_COLOR: Final = {"debug": "2", "info": "36", "warning": "33", "error": "31", "critical": "1;31"}


class Limit:
    """Lets `PER_SECOND` lines of one event of one bot through and counts the others."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self._per_second = per_second
        self._second = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}
        self._lock = threading.RLock()  # a finalizer may log in the middle of a line

    def take(self, event: str, bot_id: str, now_ns: int) -> int | None:
        """Return None when the line must go, else how many of its kind went in the second it was last seen in."""
        key = (event, bot_id)
        with self._lock:
            if (second := now_ns // _SECOND_NS) != self._second:
                self._second = second
                self._before = {kind: seen for kind, seen in self._counts.items() if seen > self._per_second}
                self._counts = {}
            seen = self._counts[key] = self._counts.get(key, 0) + 1
            if seen > self._per_second:
                return None
            return max(self._before.pop(key, 0) - self._per_second, 0)


class LineWriter:
    """Writes lines in a thread of its own: `put` never waits, and a full queue loses the new line and counts it."""

    def __init__(self, stream: TextIO, *, queued: int = QUEUED) -> None:
        self._stream = stream
        self._queued = queued
        self._lines: deque[str] = deque()
        self._lost = 0
        self._busy = False
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Queue a line; after `close` it is written at once."""
        with self._change:
            if self._closed:
                self._write(line + "\n")
            elif len(self._lines) >= self._queued:
                self._lost += 1
            else:
                self._lines.append(line)
                self._change.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Return whether all that was put is written, waiting at most `timeout_s`."""
        with self._change:
            return self._change.wait_for(lambda: not self._lines and not self._busy, timeout_s)

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what waits, at most for `timeout_s`, then let the thread end."""
        self.flush(timeout_s)
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                lines, lost = list(self._lines), self._lost
                self._lines.clear()
                self._lost = 0
                self._busy = True
            if lost:
                lines.append(json.dumps({"event": "log.lost", "level": "warning", "lines": lost}))
            self._write("".join(line + "\n" for line in lines))

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone or the disk is full: trading goes on
            return


def as_json(ts_ns: int, level: str, event: str, fields: dict[str, object], *, journal: bool) -> str:
    """Return one line of ASCII JSON, behind journald's `<priority>` where it reads."""
    line = json.dumps({"ts": _stamp(ts_ns), "level": level, "event": event, **fields})
    return f"<{_PRIORITY.get(level, 6)}>{line}" if journal else line


def as_text(ts_ns: int, level: str, event: str, fields: dict[str, object], *, journal: bool) -> str:
    """Return a line for a person: time, level, event, fields; a traceback below it. Control characters are gone."""
    raised = str(fields.pop("exception", ""))
    words = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    below = "".join(f"\n    {safe_text(line)}" for line in raised.splitlines())
    prefix = f"<{_PRIORITY.get(level, 6)}>" if journal else ""
    color = f"\x1b[{_COLOR.get(level, '0')}m{level:<8}\x1b[0m"
    return f"{prefix}{_stamp(ts_ns)[11:23]} {color} {event:<24} {words}{below}"


def _quoted(value: object) -> str:
    text = safe_text(value if isinstance(value, str) else json.dumps(value))
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and (" " in text or not text) else text


def _stamp(ts_ns: int) -> str:
    """UTC with milliseconds, as `2026-01-02T03:04:05.678Z`."""
    seconds, rest = divmod(ts_ns, _SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"
