"""The daemon's log: `noun.verb` events with fields, without secrets, at a bounded cost.

One line goes through: limit (a storm of one event is counted, not written) → stamp → every value to safe, redacted
text → the Hub → one line of JSON (journald, pipes) or of text (a terminal) → a queue → a thread that writes, so that a
log nobody reads cannot stop the loop. What libraries log through `logging`, and what nobody caught, takes the same way.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog

from algobot.protocol.events import LineLogged
from algobot.protocol.rows import LogRow
from algobot.text import QUOTED, safe_text
from daemon.log_lines import Limit, LineWriter, as_json, as_text
from daemon.redact import Redactor

Form = Literal["auto", "json", "pretty"]
Level = Literal["debug", "info", "warning", "error"]
Publish = Callable[[LineLogged], None]
EventDict = MutableMapping[str, Any]

_NUMBERS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_LONGEST_VALUE: Final = 4_000
_LONGEST_TRACEBACK: Final = 16_000
_MOST_FIELDS: Final = 64


class Logs:
    """A running log: register secrets, connect the Hub, change the level; `close` puts everything back."""

    def __init__(self, *, level: Level, form: Form, stream: TextIO) -> None:
        self.secrets = Redactor()
        self._publish: Publish | None = None
        self._journal = _is_journal(stream)
        self._render = as_text if _is_pretty(form, stream) else as_json
        self._limit = Limit()
        self._writer = LineWriter(stream)
        self._handler = _FromLogging()
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        self.set_level(level)
        self._take_over()

    def connect(self, publish: Publish) -> None:
        """Feed each line to the Hub from now on; `publish` must not block and may be called from any thread."""
        self._publish = publish

    def set_level(self, level: Level) -> None:
        """Write lines of `level` and above from now on, also through loggers that exist already."""
        structlog.configure(
            processors=[structlog.contextvars.merge_contextvars, self._process],
            wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
            logger_factory=self._sink,
            cache_logger_on_first_use=False,
        )
        # libraries: their warnings, and what they call info when somebody looks closely; their debug is every frame
        # of every socket and every statement, too much to be of use and dear on the loop
        logging.getLogger().setLevel(logging.INFO if level == "debug" else logging.WARNING)

    def flush(self, timeout_s: float = 1.0) -> bool:
        """Return whether every line so far is written, waiting at most `timeout_s`."""
        return self._writer.flush(timeout_s)

    def close(self) -> None:
        """Write what is queued, and give hooks and loggers back."""
        logging.getLogger().removeHandler(self._handler)
        logging.captureWarnings(False)
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        structlog.reset_defaults()
        self._writer.close()

    def _sink(self, *names: str) -> _Sink:
        return _Sink(names[0] if names else "", self._writer.put)

    def _process(self, sink: _Sink, level: str, event: EventDict) -> str:
        """The only processor: an event becomes one line (structlog hands it to the sink)."""
        ts_ns = time.time_ns()
        key = str(event.pop("event", ""))
        bot_id = str(event.get("bot_id", ""))
        suppressed = self._limit.take(key, bot_id, ts_ns)
        if suppressed is None:
            raise structlog.DropEvent
        if suppressed:
            event["suppressed"] = suppressed
        raised = _exc_text(event.pop("exc_info", None))
        fields = {self._clean(str(name)): self._value(value) for name, value in list(event.items())[:_MOST_FIELDS]}
        if sink.name:
            fields.setdefault("logger", sink.name)
        row = LogRow(ts_ns, level, self._clean(key), self._clean(bot_id), _shown(fields, raised, self.secrets))
        if self._publish is not None:
            self._publish(LineLogged(0, ts_ns, row))
        if raised:
            fields["exception"] = self.secrets(raised)
        return self.secrets.registered(self._render(ts_ns, level, row.event, fields, journal=self._journal))

    def _clean(self, text: str) -> str:
        return safe_text(self.secrets(text), most=QUOTED)

    def _value(self, value: object) -> object:
        match value:
            case bool() | int() | None:
                return value
            case float():
                return value if value - value == 0 else str(value)  # JSON knows no nan
            case _:
                text = self.secrets(value if isinstance(value, str) else str(value))
                return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"

    def _take_over(self) -> None:
        logging.getLogger().addHandler(self._handler)
        logging.captureWarnings(True)
        sys.excepthook = self._crashed
        threading.excepthook = self._thread_crashed
        sys.unraisablehook = self._unraisable

    def _crashed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        structlog.get_logger("daemon").critical("process.crashed", exc_info=(kind, error, trace))
        self.flush()

    def _thread_crashed(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and args.exc_type is not SystemExit:
            name = args.thread.name if args.thread else ""
            info = (args.exc_type, args.exc_value, args.exc_traceback)
            structlog.get_logger("daemon").error("thread.crashed", thread=name, exc_info=info)

    def _unraisable(self, args: Any) -> None:
        info = (args.exc_type, args.exc_value, args.exc_traceback)
        structlog.get_logger("daemon").error("exception.ignored", message=args.err_msg or "", exc_info=info)


def start(*, level: Level = "info", form: Form = "auto", stream: TextIO | None = None) -> Logs:
    """Return the running log of this process, on stderr unless told otherwise; call once, and `close` it at the end."""
    return Logs(level=level, form=form, stream=stream or sys.stderr)


class _Sink:
    """What structlog calls a logger: takes the finished line."""

    def __init__(self, name: str, put: Callable[[str], None]) -> None:
        self.name = name
        self.debug = self.info = self.warning = self.error = self.critical = put


class _FromLogging(logging.Handler):
    """Lines of libraries, as events of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on; a record that cannot be formatted says so instead of raising."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError) as error:
            message = f"{record.msg!r} (cannot be formatted: {error})"
        level = "error" if record.levelno >= logging.ERROR else record.levelname.lower()
        log = structlog.get_logger(record.name)
        getattr(log, level if level in _NUMBERS else "info")(
            "library.logged", message=message, exc_info=record.exc_info
        )


def _exc_text(raised: object) -> str:
    """Return the traceback, without local variables, of what `exc_info` may be; "" when nothing was raised."""
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if not isinstance(raised, tuple) or raised[0] is None:
        return ""
    text = "".join(traceback.format_exception(*raised)).rstrip()
    return text if len(text) <= _LONGEST_TRACEBACK else "…" + text[-_LONGEST_TRACEBACK:]


def _shown(fields: dict[str, object], raised: str, secrets: Redactor) -> dict[str, str]:
    """What the Hub shows: short safe text; of a traceback its last line."""
    shown = {name: safe_text(_plain(value), most=QUOTED) for name, value in fields.items() if name != "bot_id"}
    if raised:
        shown["exception"] = safe_text(secrets(raised.rsplit("\n", 1)[-1]), most=QUOTED)
    return shown


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_pretty(form: Form, stream: TextIO) -> bool:
    return form == "pretty" or (form == "auto" and stream.isatty())


def _is_journal(stream: TextIO) -> bool:
    """Whether `stream` is the journal's: systemd names its device and inode."""
    try:
        info = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{info.st_dev}:{info.st_ino}"
