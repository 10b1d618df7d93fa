"""`algobot kill`: stop all trading, whether or not the daemon answers, and say truthfully what that came to.

First the latch file, durable before anything else is tried; then the guard is woken and the daemon told, with a short
deadline; where the daemon cannot say SAFE the guard's own looks at the venue decide. Standard library only, no question
asked, no configuration needed beyond where the state directory is.
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
                    [--foreign] [--state-dir DIR] [--socket PATH] [--timeout SECONDS] [--wait SECONDS] [--json]

Stop all trading now. halt: open nothing new; cancel (default): and cancel our orders; flatten: and close positions.
Writes the latch file first, then wakes the guard and tells the daemon. Works with the daemon down or hung; nothing is
asked. --foreign: the guard cancels orders that are not ours, too. --wait: how long to wait for the guard's proof [30].
Clear it with `algobot ctl unhalt --reason TEXT`.

exit codes: 0 safe and confirmed; 8 latched, but not confirmed safe; 1 nothing was achieved; 2 wrong usage
"""
GATE_S = 2.0  # how long the daemon may take to confirm its closed gate
WORK_S = 30.0  # how long it may take to cancel and look twice
WAKE_S = 0.5
_FLAGS = ("mode", "reason", "account", "bot", "state-dir", "socket", "timeout", "wait")
_SWITCHES = ("json", "foreign")


class Outcome:
    """What was achieved so far; nothing in it is a hope."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.latch_path = ""
        self.latch_error = ""
        self.daemon = "unreachable"  # "confirmed", "silent", "refused", "unreachable"
        self.guard = "absent"  # "absent", "woken", "safe", "halted", "not_safe"
        self.guard_said = ""
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
        told += [f"guard: {self.guard_said}"] if self.guard_said else []
        told += self.notes
        return [*told, self._verdict()]

    def _gate(self) -> str:
        if self.gate_ms is not None:
            by = "the daemon" if self.daemon == "confirmed" else "the guard"
            return f"gate closed: {by} confirmed it in {self.gate_ms:.0f} ms"
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
        goes_on = "; the guard goes on" if self.guard == "not_safe" else ""
        return f"NOT SAFE: open orders may remain at the venue{goes_on}"

    def as_json(self) -> dict[str, object]:
        """Return it for a program."""
        return {
            "schema_version": 1,
            "mode": self.mode,
            "latched": bool(self.latch_path),
            "latch_path": self.latch_path,
            "daemon": self.daemon,
            "guard": self.guard,
            "guard_said": self.guard_said,
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
    started = time.monotonic()
    _latch(words, outcome)
    try:
        _ask_guard(words, outcome, 0.0, started)
        _tell_daemon(words, outcome)
        if outcome.exit_code != 0:
            _ask_guard(words, outcome, float(words["wait"]), started)
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
    words = {**dict.fromkeys(_FLAGS, ""), "mode": "cancel", "timeout": str(GATE_S), "wait": str(WORK_S)}
    words.update(dict.fromkeys(_SWITCHES, ""))
    while argv:
        flag, equals, value = argv.pop(0).partition("=")
        if flag in ("-h", "--help"):
            return ""
        if flag.removeprefix("--") in _SWITCHES and flag.startswith("--") and not equals:
            words[flag[2:]] = "yes"
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
    if words["bot"] and words["foreign"]:
        return "--foreign goes with an account or with everything: no foreign order is a bot's"
    for flag in ("timeout", "wait"):
        if not words[flag].replace(".", "", 1).isdecimal() or (flag == "timeout" and float(words[flag]) <= 0):
            return f"--{flag} {words[flag]!a} is not a number of seconds"
    return ""


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
        latch.close(folder, scope, target, words["mode"], words["reason"], _who(), foreign=bool(words["foreign"]))
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


def _ask_guard(words: dict[str, str], outcome: Outcome, wait_s: float, started: float) -> None:
    """Wake the guard, and for a `wait_s` wait for its proof; a guard that is not there is said once."""
    from algobot import paths
    from algobot.errors import AlgobotError
    from algobot.line import Line

    if not outcome.latch_path:
        return
    place = paths.client_state_dir(words["state-dir"]) / paths.GUARD_SOCKET
    try:
        line = Line(str(place), name="kill", connect_s=WAKE_S)
    except AlgobotError:
        if wait_s:
            outcome.notes.append("no guard runs here; `algobot guard` cancels our orders without the daemon")
        return
    try:
        told = line.ask("wake", {"wait_s": wait_s}, timeout_s=wait_s + WAKE_S)
        outcome.guard = "woken"
        if wait_s:
            _take_guard(told, outcome, started)
    except AlgobotError as error:
        outcome.notes.append(f"guard: {error.message}")
    finally:
        line.close()


def _take_guard(told: dict[str, object], outcome: Outcome, started: float) -> None:
    """Take the guard's report as it is; only its word `safe` is one."""
    from algobot.text import safe_text

    report = told.get("report")
    report = report if isinstance(report, dict) else {}
    swept = report.get("accounts")
    accounts = [one for one in swept if isinstance(one, dict)] if isinstance(swept, list) else []
    if report.get("gate_closed") is True and outcome.gate_ms is None:
        outcome.gate_ms = round((time.monotonic() - started) * 1e3, 1)
        gate_ms = report.get("gate_ms")
        outcome.gate_ms = gate_ms if isinstance(gate_ms, float) else outcome.gate_ms
    outcome.guard = safe_text(str(report.get("state", "")))
    outcome.guard_said = safe_text(str(report.get("gate", "")))
    outcome.orders_left = [safe_text(str(name)) for one in accounts for name in one.get("left", ())]
    outcome.safe = outcome.guard == "safe"
    if outcome.mode == "flatten" and outcome.daemon != "confirmed":
        outcome.notes.append("positions stay as they are until a daemon runs: it closes them at its start")
    for one in accounts:
        if not one.get("safe"):
            outcome.notes.append(safe_text(f"account {one.get('account_id')}: {one.get('reason')}"))
        elif one.get("foreign"):
            outcome.notes.append(
                safe_text(f"account {one.get('account_id')}: {one['foreign']} foreign orders left alone")
            )


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
