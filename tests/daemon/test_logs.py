"""The log: one line an event, no secret in any of them, and never in the way."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog

from algobot.protocol.events import LineLogged
from daemon import logs
from daemon.log_lines import Limit, LineWriter
from daemon.redact import Redactor

CANARY = "kAnaRy/7+secret=="
SECOND = 1_000_000_000


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    """Where the lines go."""
    return io.StringIO()


@pytest.fixture
def running(stream: io.StringIO) -> Iterator[logs.Logs]:
    """A running log that knows one secret."""
    found = logs.start(stream=stream, level="info")
    found.secrets.add(CANARY)
    yield found
    found.close()


def lines(running: logs.Logs, stream: io.StringIO) -> list[dict[str, object]]:
    """All lines written so far, parsed."""
    assert running.flush(5.0)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_becomes_one_line_of_json_with_its_fields(running: logs.Logs, stream: io.StringIO) -> None:
    """Time, level, event and fields; the logger's name where there is one."""
    structlog.get_logger("daemon.bot").warning("order.refused", bot_id="btc", price=1.5, note=None, many=[1])
    (line,) = lines(running, stream)
    assert str(line.pop("ts")).endswith("Z")
    assert line == {
        "level": "warning",
        "event": "order.refused",
        "bot_id": "btc",
        "price": 1.5,
        "note": None,
        "many": "[1]",
        "logger": "daemon.bot",
    }


def test_lines_are_ascii_whatever_a_venue_sends(running: logs.Logs, stream: io.StringIO) -> None:
    """Escape sequences, bidi marks and line breaks cannot reach a terminal or forge a line."""
    structlog.get_logger().info("order.refused", reason='x\n{"event": "forged"}\x1b]52;c;aGk=\x07\u202e\udcff')
    (line,) = lines(running, stream)
    assert line["event"] == "order.refused"
    assert stream.getvalue().rstrip("\n").isascii()
    assert stream.getvalue().rstrip("\n").isprintable()


def test_not_a_number_is_still_json(running: logs.Logs, stream: io.StringIO) -> None:
    """JSON has no nan: it is written as text."""
    structlog.get_logger().info("price.bad", price=float("nan"), other=float("-inf"))
    (line,) = lines(running, stream)
    assert (line["price"], line["other"]) == ("nan", "-inf")


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://api.x/order?key={CANARY}&a=1",
        "https://api.x/order?a=kAnaRy%2F7%2Bsecret%3D%3D",
        f"headers {{'X-MBX-APIKEY': {CANARY!r}}}",
        json.dumps({"k": CANARY}),
        "Basic a0FuYVJ5Lzcrc2VjcmV0PT0=",
    ],
)
def test_a_registered_secret_is_hidden_in_every_form(running: logs.Logs, stream: io.StringIO, text: str) -> None:
    """As it is, quoted for an address, escaped in JSON, in base64; in the event, a name, a value, a nested value."""
    log = structlog.get_logger()
    log.info(text, bot_id=text, url=text, nested={"deep": [text]}, **{text: 1})
    log.error("x.y", error=ValueError(text))
    written = json.dumps(lines(running, stream))
    assert "kAnaRy" not in written
    assert "a0FuYVJ5" not in written
    assert "[hidden]" in written


def test_a_signature_is_hidden_although_nobody_registered_it(running: logs.Logs, stream: io.StringIO) -> None:
    """Signed addresses come with library errors; what signs is known by its name."""
    structlog.get_logger().info("venue.failed", url="https://x/y?symbol=BTC&signature=0badc0de0badc0de&z=1")
    (line,) = lines(running, stream)
    assert line["url"] == "https://x/y?symbol=BTC&signature=[hidden]&z=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("X-MBX-APIKEY: abcdef123456", "X-MBX-APIKEY: [hidden]"),
        ('{"apiKey": "abcdef123456", "symbol": "BTC"}', '{"apiKey": "[hidden]", "symbol": "BTC"}'),
        ("OK-ACCESS-SIGN=abcdef123456", "OK-ACCESS-SIGN=[hidden]"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: [hidden]"),
        ("design=straightforward signal: strong", "design=straightforward signal: strong"),
        ("key_file=/home/ann/keys.toml", "key_file=/home/ann/keys.toml"),
        ("bars=[1, 2] signature=[hidden]", "bars=[1, 2] signature=[hidden]"),
    ],
)
def test_what_is_hidden_by_name_and_what_is_not(text: str, shown: str) -> None:
    """Keys and signatures of several venues go, ordinary words stay, and hiding twice changes nothing."""
    redact = Redactor()
    assert redact(text) == shown
    assert redact(redact(text)) == shown


def test_a_secret_in_an_exception_is_hidden_in_all_hooks(running: logs.Logs, stream: io.StringIO) -> None:
    """log.exception, causes, sys.excepthook, threads, finalizers, asyncio and warnings."""

    def fail() -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError(f"url?signature={CANARY}") from error

    class Bad:
        def __del__(self) -> None:
            fail()

    try:
        fail()
    except RuntimeError as error:
        structlog.get_logger().exception("bot.failed")
        sys.excepthook(RuntimeError, error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join(5)
    Bad()
    gc.collect()

    async def forgotten() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": CANARY, "exception": RuntimeError(CANARY)})

    asyncio.run(forgotten())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(CANARY, stacklevel=1)
        logging.captureWarnings(False)
    written = lines(running, stream)
    events = [line["event"] for line in written]
    assert events == [
        "bot.failed",
        "process.crashed",
        "thread.crashed",
        "exception.ignored",
        "library.logged",
        "library.logged",
    ]
    assert "kAnaRy" not in stream.getvalue()
    assert "The above exception was the direct cause" in str(written[0]["exception"])


def test_the_hub_gets_each_line_short_safe_and_redacted(running: logs.Logs, stream: io.StringIO) -> None:
    """A row with the bot's name and fields as text; of a traceback only its last line."""
    seen: list[LineLogged] = []
    running.connect(seen.append)
    log = structlog.get_logger()
    log.info("fill.recorded", bot_id="btc", quantity=2, note=f"a\x1b[31m{CANARY}")
    try:
        raise RuntimeError(f"no {CANARY}")
    except RuntimeError:
        log.exception("bot.failed", bot_id="btc")
    first, second = (event.line for event in seen)
    assert (first.event, first.bot_id, first.level) == ("fill.recorded", "btc", "info")
    assert first.fields == {"quantity": "2", "note": "a[31m[hidden]"}
    assert second.fields == {"exception": "RuntimeError: no [hidden]"}


def test_libraries_are_heard_from_warning_on(running: logs.Logs, stream: io.StringIO) -> None:
    """What goes through `logging` comes out as an event of ours; a record that cannot be formatted too."""
    logging.getLogger("ccxt").info("chatter")
    logging.getLogger("ccxt").warning("slow: %s", CANARY)
    broken = logging.LogRecord("ccxt", logging.ERROR, __file__, 1, "%d", ("x",), None)
    ours = next(handler for handler in logging.getLogger().handlers if type(handler).__module__ == logs.__name__)
    ours.handle(broken)  # ours alone: the test runner's own would raise
    warned, unformatted = lines(running, stream)
    assert (warned["event"], warned["logger"], warned["message"]) == ("library.logged", "ccxt", "slow: [hidden]")
    assert unformatted["level"] == "error"
    assert "cannot be formatted" in str(unformatted["message"])


def test_the_level_changes_for_loggers_that_exist(running: logs.Logs, stream: io.StringIO) -> None:
    """A reload can turn debug on."""
    log = structlog.get_logger("x")
    log.debug("a.b")
    running.set_level("debug")
    log.debug("c.d")
    logging.getLogger("aiosqlite").debug("every statement there is")
    running.set_level("error")
    log.warning("e.f")
    assert [line["event"] for line in lines(running, stream)] == ["c.d"]


def test_a_storm_of_one_event_is_counted_instead_of_written() -> None:
    """Fifty lines a second of one event of one bot; the next one says how many went."""
    limit = Limit(per_second=3)
    taken = [limit.take("a.b", "btc", 5 * SECOND + number) for number in range(10)]
    assert taken == [0, 0, 0, *[None] * 7]
    assert limit.take("a.b", "eth", 5 * SECOND) == 0
    assert limit.take("a.b", "btc", 6 * SECOND) == 7
    assert limit.take("a.b", "btc", 6 * SECOND) == 0


def test_values_and_tracebacks_have_a_longest_length(running: logs.Logs, stream: io.StringIO) -> None:
    """A venue that answers with a megabyte of HTML does not fill the disk."""
    try:
        raise RuntimeError("x" * 100_000)
    except RuntimeError:
        structlog.get_logger().exception("bot.failed", body="y" * 100_000, **{f"f{n}": n for n in range(200)})
    assert running.flush(5.0)
    assert len(stream.getvalue()) < 25_000


class Stuck(io.StringIO):
    """A reader that stopped reading, until it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait(10)
        return super().write(text)


def test_a_reader_that_stops_reading_holds_nobody_up() -> None:
    """Lines queue, then are counted as lost, and the next ones come when it reads again."""
    stream = Stuck()
    writer = LineWriter(stream, queued=10)
    writer.put("first")
    for number in range(100):
        writer.put(str(number))
    assert not writer.flush(0.01)
    stream.go_on.set()
    assert writer.flush(5.0)
    writer.put("last")
    writer.close(5.0)
    written = stream.getvalue().splitlines()
    assert written[0] == "first"
    assert written[-1] == "last"
    lost = next(json.loads(line)["lines"] for line in written if "log.lost" in line)
    assert len(written) - 1 + lost == 102


def test_a_disk_that_is_full_stops_no_trading() -> None:
    """A write that fails loses the line and nothing else."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    running = logs.start(stream=Full(), level="info")
    structlog.get_logger().info("a.b")
    assert running.flush(5.0)
    running.close()


def test_a_terminal_gets_lines_for_a_person() -> None:
    """Time, level, event and fields; control characters from outside are gone."""
    stream = Terminal()
    running = logs.start(stream=stream, level="info")
    structlog.get_logger().info("order.refused", bot_id="btc", reason="no\x1b]0;x\x07 funds")
    running.close()
    assert "order.refused" in stream.getvalue()
    assert 'reason="no]0;x funds"' in stream.getvalue()
    assert "\x07" not in stream.getvalue()


def test_the_journal_gets_priorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stderr is the journal's, each line begins with its syslog priority."""
    reader, writer = os.pipe()
    info = os.fstat(writer)
    monkeypatch.setenv("JOURNAL_STREAM", f"{info.st_dev}:{info.st_ino}")
    with os.fdopen(writer, "w") as stream:
        running = logs.start(stream=stream, level="debug")
        log = structlog.get_logger()
        log.debug("a.b")
        log.error("c.d")
        running.close()
    with os.fdopen(reader) as written:
        assert [line[:4] for line in written] == ["<7>{", "<3>{"]


def test_close_gives_everything_back() -> None:
    """Hooks, handlers and loggers are as before."""
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers))
    logs.start(stream=io.StringIO()).close()
    assert before == (sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers))
