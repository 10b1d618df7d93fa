"""A venue and a daemon in processes of their own, for the demo and for the end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Final, TypeVar

import msgspec

from algobot.errors import AlgobotError, DaemonUnreachable, DeadlineExceeded
from algobot.line import Line
from algobot.protocol.requests import GetStatus, Request
from algobot.protocol.rows import Status
from algobot.protocol.rpc import method_of

T = TypeVar("T", bound=msgspec.Struct)
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Ready(msgspec.Struct, frozen=True):
    """The one line a simulator prints when it listens."""

    url: str
    pid: int


class Stage:
    """A directory with everything of one run: configuration, keys, state, logs, socket, and the processes on it.

    `directory` must be short: a Unix socket's path has at most 107 characters.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.socket = directory / "run" / "control.sock"
        self.truth = directory / "venue.jsonl"
        self.config = directory / "config.toml"
        self.venue: subprocess.Popen[bytes] | None = None
        self.daemon: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.key = f"demo-{token_hex(8)}"  # its own: two daemons never share a key
        self.secret = token_hex(16)
        for folder in (self.state, self.socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)

    def start_venue(self, arguments: Sequence[str], *, balances: str, timeout_s: float = 60.0) -> str:
        """Start `algobot sim` on a free port and return its URL once it listens."""
        command = [sys.executable, "-m", "algobot", "sim", "--port", "0", "--log", str(self.truth)]
        command += ["--account", f"{self.key}:{self.secret}:{balances}", *arguments]
        with (self.directory / "venue.log").open("ab") as log:
            self.venue = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=_ending_with_us(),
            )
        line = _line_within(self.venue, timeout_s)
        if not line:
            raise AlgobotError(f"the simulator did not start: {self.tail('venue.log')}")
        self.url = msgspec.json.decode(line, type=Ready).url
        return self.url

    def write_config(self, bots: str, *, live: bool = True) -> None:
        """Write a configuration with the venue, one account with keys, and `bots` (TOML tables)."""
        keys = self.directory / "keys.toml"
        keys.touch(mode=0o600)
        keys.write_text(f'api_key = "{self.key}"\nsecret = "{self.secret}"\n')
        head = f"""[daemon]
state_dir = "{self.state}"
socket = "{self.socket}"

[venues.sim]
adapter = "binance"
base_url = "{self.url}"

[accounts.demo]
venue = "sim"
key_file = "{keys}"
live = {str(live).lower()}

"""
        self.config.touch(mode=0o600)
        self.config.write_text(head + bots)

    def start_daemon(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Start `algobot daemon` on this stage; `wait_ready` says when it serves."""
        with (self.directory / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_ending_with_us(),
                env={**os.environ, **(environment or {})},
            )

    def command(self) -> list[str]:
        """Return what starts the daemon."""
        return [sys.executable, "-m", "algobot", "daemon", "--config", str(self.config)]

    def wait_ready(self, timeout_s: float = 90.0) -> None:
        """Return once the daemon has recovered, reconciled and serves.

        Raises:
            AlgobotError: it ended instead; the message carries the end of its log.
            DeadlineExceeded: it is still not ready.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            assert self.daemon is not None
            if self.daemon.poll() is not None:
                raise AlgobotError(f"the daemon ended with {self.daemon.returncode}: {self.tail('daemon.log')}")
            with contextlib.suppress(DaemonUnreachable, DeadlineExceeded):
                if self.ask(GetStatus(), Status, timeout_s=2.0).state == "ready":
                    return
            time.sleep(0.05)
        raise DeadlineExceeded(f"the daemon was not ready within {timeout_s:.0f} s: {self.tail('daemon.log')}")

    def ask(self, request: Request, reply: type[T], *, timeout_s: float = 10.0) -> T:
        """Return the daemon's reply to one request. Raises what the daemon refused with."""
        params = msgspec.to_builtins(request)
        params.pop("type")  # the method says it
        with contextlib.closing(Line(str(self.socket), name="stage")) as line:
            return msgspec.convert(line.ask(method_of(request), params, timeout_s=timeout_s), reply)

    def kill_daemon(self) -> None:
        """SIGKILL the daemon: what a crash looks like."""
        _end(self.daemon, signal.SIGKILL)

    def stop_daemon(self) -> int:
        """Ask the daemon to stop and return its exit code."""
        return _end(self.daemon, signal.SIGTERM)

    def stop(self) -> None:
        """End what is still running."""
        _end(self.daemon, signal.SIGTERM)
        _end(self.venue, signal.SIGTERM)

    def insist(self) -> None:
        """Kill what is still running, without waiting for it."""
        for process in (self.daemon, self.venue):
            if process is not None and process.poll() is None:
                process.kill()

    def tail(self, name: str, lines: int = 12) -> str:
        """Return the last lines of one of the stage's logs."""
        path = self.directory / name
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"


@contextlib.contextmanager
def a_stage(*, keep: bool = False) -> Iterator[Stage]:
    """Yield a stage in a fresh private directory; stop its processes and remove it at the end unless `keep`."""
    with contextlib.ExitStack() as exits:
        if keep:
            directory = tempfile.mkdtemp(prefix="algobot-")
        else:
            directory = exits.enter_context(tempfile.TemporaryDirectory(prefix="algobot-", ignore_cleanup_errors=True))
        stage = Stage(Path(directory))
        exits.callback(stage.stop)
        yield stage


def _ending_with_us() -> Callable[[], None] | None:
    """Return what a child runs first so that the kernel ends it when we are gone, even by SIGKILL; Linux alone can."""
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: between fork and exec nothing is loaded
    us = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != us:  # we were gone before it was asked
            os._exit(1)

    return ask


def _line_within(process: subprocess.Popen[bytes], timeout_s: float) -> bytes:
    """Return the first line `process` prints, or b"" if it ends or stays silent."""
    import select

    assert process.stdout is not None
    with process.stdout as out:
        readable, _, _ = select.select([out], [], [], timeout_s)
        return out.readline() if readable else b""


def _end(process: subprocess.Popen[bytes] | None, how: signal.Signals, *, patience_s: float = 20.0) -> int:
    """Signal a process we started, wait, and insist if it stays."""
    if process is None:
        return 0
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode
