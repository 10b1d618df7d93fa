"""`algobot kill`: stop all trading, whether or not the daemon answers, and say truthfully what that came to.

First the latch file, durable before anything else is tried; then the daemon is told, with a short deadline. Standard
library only, no question asked, no configuration needed beyond where the state directory is.
"""

from __future__ import annotations

import sys
import time

from algobot import latch

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from algobot.line import Line

USAGE = """\
usage: algobot kill [--mode halt|cancel|flatten] [--reason TEXT] [--account NAME | --bot NAME]
                    [--state-dir DIR] [--socket PATH] [--timeout SECONDS] [--json]

Stop all trading now. halt: open nothing new; cancel (default): and cancel our orders; flatten: and close positions.
Writes the latch file first, then tells the daemon. Works with the daemon down or hung; nothing is asked.
Clear it with `algobot ctl unhalt --reason TEXT`.

exit codes: 0 safe and confirmed; 8 latched, but not confirmed safe; 1 nothing was achieved; 2 wrong usage
"""
GATE_S = 2.0  # how long the daemon may take to confirm its closed gate
WORK_S = 30.0  # how long it may take to cancel and look twice
_FLAGS = ("mode", "reason", "account", "bot", "state-dir", "socket", "timeout")


class Outcome:
    """What was achieved so far; nothing in it is a hope."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.latch_path = ""
        self.latch_error = ""
        self.daemon = "unreachable"  # "confirmed", "silent", "refused", "unreachable"
        self.gate_ms: float | None = None
        self.orders_left: list[str] | None = None  # None: nobody could look
        self.safe = False
        self.notes: list[str] = []

    @property
    def exit_code(self) -> int:
        """0 when all that was asked for is confirmed, 8 when a part is, 1 when nothing is."""
        if self.gate_ms is not None and (self.safe or self.mode == "halt"):
            return 0
        return 8 if self.latch_path or self.gate_ms is not None else 1

    def lines(self) -> list[str]:
        """Return it for a person, the verdict last."""
        told = [f"latched: {self.latch_path} ({self.mode})" if self.latch_path else f"NOT LATCHED: {self.latch_error}"]
        told.append(self._gate())
        if self.orders_left:
            told.append(f"open at the venue: {', '.join(self.orders_left)}")
        elif self.orders_left is not None:
            told.append(
                "open orders of ours at the venue: none" if self.safe else "open orders: none known, not proved"
            )
        else:
            told.append("open orders at the venue: unknown")
        told += self.notes
        return [*told, self._verdict()]

    def _gate(self) -> str:
        if self.gate_ms is not None:
            return f"gate closed: the daemon confirmed it in {self.gate_ms:.0f} ms"
        later = "its gate closes when it reads the latch, at its next send or start" if self.latch_path else ""
        said = {
            "silent": "gate NOT confirmed: the daemon did not answer",
            "refused": "gate NOT confirmed: the daemon refused",
            "unreachable": "no daemon answers at the socket",
        }[self.daemon]
        return f"{said}; {later}" if later else said

    def _verdict(self) -> str:
        if self.safe and self.gate_ms is not None:
            return "SAFE: nothing of ours is open at the venue and nothing goes out"
        if self.gate_ms is not None and self.mode == "halt":
            return "HALTED: nothing new goes out; open orders stay at the venue"
        return "NOT SAFE: open orders may remain at the venue"

    def as_json(self) -> dict[str, object]:
        """Return it for a program."""
        return {
            "schema_version": 1,
            "mode": self.mode,
            "latched": bool(self.latch_path),
            "latch_path": self.latch_path,
            "daemon": self.daemon,
            "gate_closed": self.gate_ms is not None,
            "gate_ms": self.gate_ms,
            "orders_left": self.orders_left,
            "safe": self.safe,
            "notes": [self.latch_error, *self.notes] if self.latch_error else self.notes,
        }


def main(argv: Sequence[str]) -> int:
    """Latch, tell the daemon, say what that came to, and return the exit code."""
    words = _parse(list(argv))
    if isinstance(words, str):
        return _usage(words)
    outcome = Outcome(words["mode"])
    _latch(words, outcome)
    try:
        _tell_daemon(words, outcome)
    except KeyboardInterrupt:
        outcome.notes.append("interrupted while the daemon was asked")
    if words["json"]:
        import json

        print(json.dumps(outcome.as_json()))
    else:
        print("\n".join(outcome.lines()))
    return outcome.exit_code


def _parse(argv: list[str]) -> dict[str, str] | str:
    """Return the flags' values, or what is wrong ("" asks for help)."""
    words = {**dict.fromkeys(_FLAGS, ""), "mode": "cancel", "timeout": str(GATE_S), "json": ""}
    while argv:
        flag, equals, value = argv.pop(0).partition("=")
        if flag in ("-h", "--help"):
            return ""
        if flag == "--json" and not equals:
            words["json"] = "yes"
            continue
        if flag.removeprefix("--") not in _FLAGS or not flag.startswith("--"):
            return f"there is no {flag!a}"
        if not equals:
            if not argv or argv[0].startswith("--"):  # a reason may start so: --reason=--why
                return f"{flag} wants a value"
            value = argv.pop(0)
        words[flag[2:]] = value
    return _judge(words) or words


def _judge(words: dict[str, str]) -> str:
    if words["mode"] not in latch.MODES:
        return f"--mode {words['mode']!a} is not one of {', '.join(latch.MODES)}"
    if words["account"] and words["bot"]:
        return "--account and --bot together; name one, or neither to stop everything"
    if words["timeout"].replace(".", "", 1).isdecimal() and float(words["timeout"]) > 0:
        return ""
    return f"--timeout {words['timeout']!a} is not a number of seconds"


def _usage(wrong: str) -> int:
    print(f"error: {wrong}\n\n{USAGE}" if wrong else USAGE, end="", file=sys.stderr if wrong else sys.stdout)
    return 2 if wrong else 0


def _latch(words: dict[str, str], outcome: Outcome) -> None:
    from algobot import paths
    from algobot.errors import AlgobotError

    scope = "bot" if words["bot"] else "account" if words["account"] else "all"
    target = words["bot"] or words["account"]
    try:
        folder = paths.client_state_dir(words["state-dir"])
        outcome.latch_path = str(latch.path_of(folder, scope, target))
        latch.close(folder, scope, target, words["mode"], words["reason"], _who())
    except (OSError, ValueError, AlgobotError) as error:
        outcome.latch_error = f"{error}; name the daemon's state directory with --state-dir"
        if not _exists(outcome.latch_path):  # a file that could not be filled halts all the same
            outcome.latch_path = ""


def _exists(path: str | Path) -> bool:
    import os

    return bool(path) and os.path.lexists(path)


def _who() -> str:
    import os

    return f"{os.environ.get('USER') or os.getuid()} by algobot kill"


def _tell_daemon(words: dict[str, str], outcome: Outcome) -> None:
    """Close the daemon's gate, then let it do the rest: two questions, so that the first is answered at once."""
    from algobot import paths
    from algobot.errors import AlgobotError, DaemonUnreachable, DeadlineExceeded
    from algobot.line import Line

    gate_s = float(words["timeout"])
    started = time.monotonic()
    try:
        line = Line(str(paths.client_socket(words["socket"])), name="kill", connect_s=gate_s)
    except AlgobotError as error:
        outcome.daemon = "silent" if isinstance(error.__cause__, TimeoutError | BlockingIOError) else "unreachable"
        outcome.notes.append(error.message)
        return
    try:
        if _ask(line, words, "halt", gate_s).get("gate_closed"):
            outcome.daemon = "confirmed"
            outcome.gate_ms = round((time.monotonic() - started) * 1e3, 1)
        else:
            outcome.daemon = "refused"
        if words["mode"] != "halt":
            _take(_ask(line, words, words["mode"], WORK_S), outcome)
    except (DeadlineExceeded, DaemonUnreachable) as error:
        outcome.daemon = "silent" if outcome.gate_ms is None else outcome.daemon
        outcome.notes.append(error.message)
    except AlgobotError as error:
        outcome.daemon = "refused" if outcome.gate_ms is None else outcome.daemon
        outcome.notes.append(f"the daemon refused: {error.message}")
    finally:
        line.close()


def _ask(line: Line, words: dict[str, str], mode: str, timeout_s: float) -> dict[str, object]:
    params: dict[str, object] = {"mode": mode, "reason": words["reason"]}
    for flag, field in (("account", "account_id"), ("bot", "bot_id")):
        if words[flag]:
            params[field] = words[flag]
    return line.ask("kill", params, timeout_s=timeout_s)


def _take(killed: dict[str, object], outcome: Outcome) -> None:
    from algobot.text import safe_text

    left, notes = killed.get("orders_left"), killed.get("notes")
    outcome.orders_left = [safe_text(str(name)) for name in left] if isinstance(left, list) else None
    outcome.notes += [safe_text(str(note)) for note in notes] if isinstance(notes, list) else []
    outcome.safe = killed.get("safe") is True and not outcome.orders_left
