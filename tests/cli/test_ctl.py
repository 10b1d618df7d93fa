"""`algobot ctl`, verb by verb, against a fake face behind the real control server."""

from __future__ import annotations

import csv
import json
from decimal import Decimal

import msgspec
import pytest

from algobot.cli.ctl import quick
from algobot.cli.edge import run
from algobot.errors import VenueRejected
from algobot.model import BotState
from algobot.protocol import rows
from algobot.protocol.requests import Balances, Bots, Fills, Killed, Logs, Orders, Positions, Reconciled
from tests.fakes.threaded import a_daemon


@pytest.fixture(scope="module")
def served_once(tmp_path_factory):
    """One server for all tests of this file that leave it as it was."""
    with a_daemon(tmp_path_factory.mktemp("ctl")) as served:
        for _ in range(60):
            served.call(served.face.tick)
        yield served


@pytest.fixture
def served(served_once, monkeypatch):
    """The server, where ctl finds it by itself; all bots run and nothing is halted."""
    monkeypatch.setenv("ALGOBOT__DAEMON__SOCKET", str(served_once.path))
    face = served_once.face
    for name, row in face.rows.items():
        face.rows[name] = msgspec.structs.replace(row, state=BotState.RUNNING)
    face.halts, face.drift, face.stuck_orders = [], Decimal(0), False
    face.calls.clear()
    return served_once


@pytest.fixture
def ctl(capsys):
    """Run `algobot ctl …`: (exit code, stdout, stderr)."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["ctl", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


READS = {
    ("status",): rows.Status,
    ("bots",): Bots,
    ("bots", "list"): Bots,
    ("bots", "show", "alpha"): rows.BotDetail,
    ("orders",): Orders,
    ("orders", "alpha", "--open"): Orders,
    ("fills", "bravo", "-n", "2"): Fills,
    ("positions",): Positions,
    ("balances",): Balances,
    ("reconcile",): Reconciled,
    ("wait", "alpha"): rows.BotRow,
}


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_every_read_verb_gives_one_json_object_with_its_schema(served, ctl, words):
    """`--json` is the reply itself, as its Struct, and `schema_version`; nothing is said beside it."""
    code, out, err = ctl(*words, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told.pop("schema_version") == 1
    msgspec.convert(told, READS[words], strict=True)
    assert out.count("\n") == 1


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_every_read_verb_is_legible(served, ctl, words):
    """A person gets aligned text without escape codes where there is no terminal."""
    code, out, err = ctl(*words)
    assert code == 0
    assert out.strip() or err == "no open orders\n"
    assert "\x1b" not in out


@pytest.mark.parametrize("verb", ["orders", "fills", "positions", "balances"])
def test_csv_is_read_back_as_it_was(served, ctl, verb):
    """Field names first, then exact values: what --json has, without rounding."""
    _, out, _ = ctl(verb, "--format", "csv")
    _, as_json, _ = ctl(verb, "--json")
    found = list(csv.DictReader(out.splitlines()))
    meant = json.loads(as_json)[verb]
    assert len(found) == len(meant)
    for row, told in zip(found, meant, strict=True):
        for key, value in row.items():
            if not key.endswith("_ns"):
                assert value == ("" if told[key] is None else str(told[key]))


def test_status_in_the_fast_way_is_the_same_as_in_the_long_way(served, ctl, capsys):
    """Both give the same object; the fast way leaves everything but the plainest form, and errors, to the other."""
    assert quick.run(["status", "--json"]) == 0
    fast = json.loads(capsys.readouterr().out)
    slow = json.loads(ctl("status", "--json")[1])
    moving = ("now_ns", "seq", "clients", "feeds", "accounts")
    assert {key: fast[key] for key in fast if key not in moving} == {
        key: slow[key] for key in slow if key not in moving
    }
    assert fast.keys() == slow.keys()
    assert quick.run(["status"]) == 0
    assert "algobot 0.1.0 (demo)" in capsys.readouterr().out
    for words in (["status", "--watch"], ["status", "--format", "csv"], ["bots"], ["status", "--socket"], []):
        assert quick.run(words) is None
    assert quick.run(["status", "--socket", str(served.path.parent / "none")]) is None


def test_status_says_what_is_wrong(served, ctl):
    """A halt, a drift and an unreconciled account are on the first screen."""
    served.face.drift = Decimal("0.25")
    ctl("kill", "--mode", "halt", "--reason", "rm -rf \x1b[31m")
    out = ctl("status")[1]
    assert "HALTED all (halt)" in out
    assert "rm -rf [31m" in out
    assert "drift 0.25 BTC" in out
    assert "not reconciled" in out


@pytest.mark.parametrize(
    ("words", "method", "state"),
    [
        (("pause", "alpha"), "pause_bot", "paused"),
        (("stop", "alpha", "--yes"), "stop_bot", "stopped"),
        (("stop", "alpha", "--flatten", "--confirm", "alpha"), "stop_bot", "stopped"),
        (("restart", "alpha"), "restart_bot", "running"),
        (("close", "alpha", "--yes"), "close_bot", "running"),
        (("flatten", "alpha", "--confirm", "alpha"), "flatten", "paused"),
        (("kill", "--bot", "alpha", "--reason", "x"), "kill cancel", "halted"),
    ],
)
def test_steering_verbs_do_what_they_say(served, ctl, words, method, state):
    """The face was asked, by name, and the bot is as said."""
    code, out, _ = ctl(*words)
    assert code == 0, out
    assert method in [call for call, _ in served.face.calls]
    assert served.face.rows["alpha"].state.value == state


def test_pause_and_resume_and_start_after_stop(served, ctl):
    """The way there and back."""
    for words in (("pause", "bravo"), ("resume", "bravo"), ("stop", "bravo", "-y"), ("start", "bravo")):
        assert ctl(*words)[0] == 0
    assert served.face.rows["bravo"].state is BotState.RUNNING


def test_some_done_and_some_not_is_partial(served, ctl):
    """8, with what was not done and why; one alone keeps its own code, all alike too."""
    code, out, err = ctl("pause", "alpha", "nobody")
    assert (code, out) == (8, "alpha is paused\n")
    assert "1 of 2 done; nobody: no bot 'nobody'" in err
    assert ctl("pause", "nobody", "noone")[0] == 5
    assert ctl("resume", "bravo")[0] == 6


def test_a_bot_nobody_knows_is_5_with_the_one_that_was_meant(served, ctl):
    """Names are corrected, verbs too."""
    code, _, err = ctl("pause", "alhpa")
    assert (code, "did you mean alpha?" in err) == (5, True)
    code, _, err = ctl("pasue", "alpha")
    assert (code, "did you mean pause?" in err) == (2, True)
    assert ctl("balance")[0] == 0


def test_bots_come_and_go(served, ctl):
    """Added with its parameters typed, shown, refused a second time, removed once stopped and flat."""
    add = ("bots", "add", "zulu", "--strategy", "ma_crossover", "--symbol", "BTC/USDT", "--account", "papers")
    code, out, err = ctl(*add, "--param", "fast=5", "--param", "stop=1.5", "--param", "trail=true", "--no-start")
    assert (code, out) == (0, "zulu added\n"), err
    assert served.face.specs["zulu"].params == {"fast": 5, "stop": 1.5, "trail": True}
    assert ctl(*add)[0] == 6
    assert "fast=5" in ctl("bots", "show", "zulu")[1]
    assert ctl("bots", "remove", "zulu", "--dry-run")[1].startswith("would remove zulu")
    assert ctl("bots", "remove", "zulu")[0] == 2
    assert ctl("bots", "remove", "zulu", "--yes")[:2] == (0, "zulu removed\n")
    assert "zulu" not in served.face.rows


def test_a_wrong_spec_is_refused_by_its_field(served, ctl):
    """The daemon names the field; a parameter without a value never gets there."""
    add = ("bots", "add", "zulu", "--strategy", "s", "--symbol", "BTC/USDT", "--account", "papers")
    code, _, err = ctl(*add, "--capital", "much")
    assert (code, "capital" in err) == (1, True)
    assert ctl(*add, "--param", "fast")[0] == 2


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("stop", "alpha"), "--yes"),
        (("close", "alpha"), "--yes"),
        (("cancel", "some-order"), "--yes"),
        (("unhalt", "--reason", "x"), "--yes"),
        (("bots", "remove", "alpha"), "--yes"),
        (("reconcile", "accept", "sim", "--reason", "x"), "--yes"),
        (("flatten", "alpha"), "--confirm alpha"),
        (("flatten", "--all"), "--confirm all"),
        (("stop", "alpha", "--flatten"), "--confirm alpha"),
        (("kill", "--mode", "flatten"), "--confirm all"),
        (
            ("bots", "add", "z", "--strategy", "s", "--symbol", "B/U", "--account", "sim", "--mode", "live"),
            "--confirm z",
        ),
    ],
)
def test_a_question_without_a_terminal_is_2_and_names_the_flag(served, ctl, words, flag):
    """Nothing was done meanwhile."""
    code, _, err = ctl(*words)
    assert (code, flag in err) == (2, True)
    assert served.face.calls == []


def test_a_wrong_confirmation_does_nothing(served, ctl):
    """The name has to be the name."""
    assert ctl("flatten", "alpha", "--confirm", "bravo")[0] == 2
    assert ctl("flatten", "alhpa", "--confirm", "alhpa")[0] == 5
    assert ctl("flatten")[0] == 2
    assert served.face.calls == []


@pytest.mark.parametrize("words", [("stop", "alpha"), ("close", "alpha"), ("flatten", "--all"), ("reload",)])
def test_a_dry_run_changes_nothing(served, ctl, words):
    """It says what would be."""
    code, out, _ = ctl(*words, "--dry-run")
    assert (code, "would" in out) == (0, True)
    assert served.face.calls in ([], [(("reload --dry-run"), served.face.calls[0][1] if served.face.calls else "")])


def test_cancel_reaches_one_order(served, ctl):
    """By its client order id; one nobody knows is 5."""
    face = served.face
    served.call(face._trade, "alpha")
    order = next(o for o in reversed(face.all_orders.values()) if o.bot_id == "alpha")
    assert ctl("cancel", order.client_order_id, "--yes")[0] == 0
    assert face.all_orders[order.client_order_id].status.value == "canceled"
    assert ctl("cancel", "nix", "--yes")[0] == 5


def test_reload_says_what_changed(served, ctl):
    """And what needs a restart."""
    code, out, _ = ctl("reload")
    assert (code, out) == (0, "changed: alpha\nneeds a restart of the daemon: daemon.socket\n")
    assert json.loads(ctl("reload", "--json")[1])["changed"] == ["alpha"]


def test_a_drift_is_8_until_it_is_accepted(served, ctl):
    """reconcile shows it, accept books it, and then it is clean."""
    served.face.drift = Decimal("0.001")
    code, out, err = ctl("reconcile")
    assert (code, "0.001" in out, "reconcile accept" in err) == (8, True, True)
    assert ctl("unhalt", "--reason", "x", "--yes")[0] == 6
    assert ctl("reconcile", "accept", "sim", "--reason", "deposit", "--yes")[0] == 0
    assert ctl("reconcile")[0] == 0
    assert ctl("reconcile", "--account", "nix")[0] == 5


def test_kill_and_unhalt(served, ctl):
    """Everything halts; starting is refused with 6; clearing gives it back."""
    code, out, _ = ctl("kill", "--reason", "test", "--json")
    assert code == 0
    told = json.loads(out)
    told.pop("schema_version")
    assert msgspec.convert(told, Killed).gate_closed
    served.call(served.face._to, "alpha", BotState.STOPPED, "stop_bot", "test")
    assert ctl("start", "alpha")[0] == 6
    assert ctl("unhalt", "--reason", "done", "--yes")[0] == 0
    assert ctl("start", "alpha")[0] == 0


def test_a_kill_that_leaves_orders_is_not_safe(served, ctl):
    """8, the orders by name, and never the word safe alone."""
    served.face.stuck_orders = True
    served.call(served.face._trade, "carol")
    code, out, err = ctl("kill", "--reason", "test")
    assert (code, "NOT SAFE" in err) == (8, True)
    assert "still open: " in out
    assert "carol" in out


def test_logs_by_level_and_bot(served, ctl):
    """Newest last; JSON is one object a line."""
    served.call(served.face.log, "error", "venue.failed", "alpha")
    served.call(served.face.log, "info", "bot.mused", "alpha")
    out = ctl("logs", "-u", "alpha", "-p", "error", "--json")[1]
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["level"] for line in lines} == {"error"}
    for line in lines:
        line.pop("schema_version")
    assert msgspec.convert({"lines": lines}, Logs).lines[-1].event == "venue.failed"
    assert "bot.mused" in ctl("logs", "--since", "1h")[1]
    assert "bot.mused" in ctl("logs", "-u", "alpha", "--since", "5s")[1]


def test_events_without_f_are_what_is_kept(served, ctl):
    """The newest ones, in order, then the end."""
    served.call(served.face.log, "info", "the.last")
    served.call(served.hub.settle)
    code, out, _ = ctl("events", "--since", "-3", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, len(events)) == (0, 3)
    assert events[-1]["line"]["event"] == "the.last"
    assert [e["seq"] for e in events] == sorted(e["seq"] for e in events)
    assert "the.last" in ctl("events")[1]
    for number in range(50):  # not yet pushed when they are asked for
        served.call(served.face.log, "info", f"line.{number}")
    lines = ctl("events", "--since", "-10")[1].splitlines()
    assert [line.split()[-1] for line in lines[:10]] == [f"line.{number}" for number in range(40, 50)]


def test_waiting_ends_with_the_state_or_with_7(served, ctl):
    """At once if it is so, 7 if it is not in time, 2 for a state there is not."""
    assert ctl("wait", "alpha", "--for", "state=running,paused")[0] == 0
    code, _, err = ctl("wait", "alpha", "--for", "state=stopped", "--timeout", "200ms")
    assert (code, "it is running" in err) == (7, True)
    assert ctl("wait", "alpha", "--for", "state=runing")[0] == 2
    assert ctl("wait", "alpha", "--timeout", "soon")[0] == 2
    assert ctl("wait", "nobody")[0] == 5


@pytest.mark.parametrize(
    "words",
    [("status",), ("bots", "list"), ("pause", "alpha"), ("events", "-f"), ("logs",), ("wait", "alpha"), ("kill",)],
    ids=" ".join,
)
def test_no_daemon_is_3_with_the_place_and_the_remedy(ctl, tmp_path, words):
    """As JSON on stderr where JSON was asked for."""
    place = str(tmp_path / "none.sock")
    code, out, err = ctl(*words, "--socket", place)
    assert (code, out) == (3, "")
    assert place in err
    assert "algobot daemon" in err
    if "--json" in ctl(*words, "--help")[1]:
        told = json.loads(ctl(*words, "--socket", place, "--json")[2])
        assert (told["code"], told["schema_version"]) == ("daemon.unreachable", 1)


def test_an_option_before_the_verb_is_refused_not_lost(served, ctl):
    """A socket that is not heard would steer another daemon."""
    code, _, err = ctl("bots", "--socket", "/elsewhere", "list")
    assert (code, "options go after the verb" in err) == (2, True)
    assert ctl("reconcile", "--account", "sim", "accept", "sim", "--reason", "x", "--yes")[0] == 2


def test_what_a_venue_says_steers_no_terminal(served, ctl, monkeypatch):
    """An error's text comes from outside; it is shown without its escapes."""

    async def fail(*, bot_id=None, open_only=False, limit=0):
        raise VenueRejected("no\x1b]52;c;aGk=\x07 \u202efunds", hint="\x9bbuy")

    monkeypatch.setattr(served.face, "orders", fail)
    code, _, err = ctl("orders")
    assert (code, err) == (1, "error: no]52;c;aGk= funds\nhint: buy\n")


def test_the_shell_completes_names_of_bots(served, tmp_path, monkeypatch):
    """As the daemon has them; nothing when there is none."""
    from click.testing import CliRunner

    from algobot.cli.app import app

    env = {"_ALGOBOT_COMPLETE": "bash_complete", "COMP_WORDS": "algobot ctl pause al", "COMP_CWORD": "3"}
    shown = CliRunner().invoke(app, [], env=env, prog_name="algobot")
    assert shown.output == "plain,alpha\n"
    env["ALGOBOT__DAEMON__SOCKET"] = str(tmp_path / "none")
    assert CliRunner().invoke(app, [], env=env, prog_name="algobot").output.strip() == ""


def test_the_help_lists_every_verb_without_loading_one(ctl):
    """A newcomer sees them all."""
    out = ctl("--help")[1]
    for verb in ("status", "bots", "flatten", "reconcile", "unhalt", "wait"):
        assert verb in out
