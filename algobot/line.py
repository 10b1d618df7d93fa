"""One question to the daemon, asked with the standard library alone: for programs that must start fast.

The same protocol as `algobot.client`, with replies as plain JSON objects. Only json and socket are loaded.
"""

from __future__ import annotations

import json
import socket
import time

from algobot.errors import AlgobotError, DaemonUnreachable, DeadlineExceeded, ProtocolError
from algobot.text import safe_text

TYPE_CHECKING = False  # `typing` costs as much as the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = 1  # `algobot.protocol.requests.PROTOCOL`; a test keeps them equal
CONNECT_S = 3.0
ASK_S = 30.0
_READ = 1 << 16


def unreachable(path: str, why: str) -> DaemonUnreachable:
    """Return the error that says where nobody answered, and what to do."""
    hint = "start it with `algobot daemon`, or see `systemctl --user status algobot`; --socket names another place"
    return DaemonUnreachable(f"no daemon at {path}: {why}", hint=hint)


class Line:
    """A greeted connection. `hello` is what the daemon said of itself."""

    def __init__(self, path: str, *, name: str = "algobot", connect_s: float = CONNECT_S) -> None:
        """Connect and say hello, in one round trip with the first `ask`.

        Raises:
            DaemonUnreachable: nobody answers there.
        """
        self.path = path
        self.hello: dict[str, object] = {}
        self._buffer = bytearray()
        self._early: list[dict[str, object]] = []  # events that came while a reply was waited for
        self._count = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(connect_s)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise unreachable(path, error.strerror or str(error)) from error
        self._hello = self._send("hello", {"protocol": PROTOCOL, "client": name})

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(
        self, method: str, params: dict[str, object] | None = None, *, timeout_s: float = ASK_S
    ) -> dict[str, object]:
        """Return the reply as a JSON object.

        Raises:
            DeadlineExceeded: no answer in time; the work may go on.
            DaemonUnreachable: the connection ended.
            AlgobotError: what the daemon refused with, as the class it was raised as.
        """
        deadline = time.monotonic() + timeout_s
        number = self._send(method, params or {})
        try:
            if not self.hello:
                self.hello = self._reply(self._hello, deadline)
            return self._reply(number, deadline)
        except TimeoutError:
            hint = "the work may still be going on: look at `algobot ctl status`, or wait longer with --timeout"
            raise DeadlineExceeded(f"{method}: no answer in {timeout_s:g} s", hint=hint) from None

    def events(self, *, timeout_s: float | None = None) -> Iterator[dict[str, object]]:
        """Yield the events followed on this connection; raises TimeoutError after `timeout_s` in all."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            frame = self._early.pop(0) if self._early else self._frame(deadline)
            if frame.get("method") == "event" and isinstance(event := frame.get("params"), dict):
                yield event

    def _send(self, method: str, params: dict[str, object]) -> int:
        self._count += 1
        call = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        try:
            self._socket.sendall(json.dumps(call).encode() + b"\n")
        except TimeoutError as error:
            raise unreachable(self.path, "it takes no request") from error
        except OSError:
            pass  # it hung up: why is in what it said before, or the end of it
        return self._count

    def _reply(self, number: int, deadline: float) -> dict[str, object]:
        while True:
            frame = self._frame(deadline)
            if "error" in frame and frame.get("id") in (number, None):
                raise error_of(frame["error"])
            if frame.get("method") == "event":
                self._early.append(frame)
            result = frame.get("result")
            if frame.get("id") == number and isinstance(result, dict):
                return result

    def _frame(self, deadline: float | None) -> dict[str, object]:
        while (end := self._buffer.find(b"\n")) < 0:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(_READ)
            except TimeoutError:
                raise
            except OSError as error:
                raise unreachable(self.path, error.strerror or str(error)) from error
            if not data:
                raise unreachable(self.path, "the connection ended")
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            frame = json.loads(line)
        except ValueError as error:
            raise ProtocolError(f"the daemon sent what is not JSON: {error}") from error
        return frame if isinstance(frame, dict) else {}


def error_of(body: object) -> AlgobotError:
    """Return the error a daemon told, as the class it was raised as (else `AlgobotError`), safe to print."""
    told = body if isinstance(body, dict) else {}
    data = told.get("data")
    data = data if isinstance(data, dict) else {}
    message, hint = safe_text(str(told.get("message", ""))), safe_text(str(data.get("hint", "")))
    waiting: list[type[AlgobotError]] = [AlgobotError]
    while waiting:
        kind = waiting.pop(0)
        if kind.code == data.get("code"):
            try:
                return kind(message, hint=hint)
            except TypeError:  # VenueRateLimited wants more than words
                parent: type[AlgobotError] = kind.__mro__[1]
                return parent(message, hint=hint)
        waiting.extend(kind.__subclasses__())
    return AlgobotError(message, hint=hint)
