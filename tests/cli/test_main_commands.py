"""init, paths, config, doctor and service do what they say and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from algobot.cli import checks, edge
from algobot.cli.service import UNIT, UNITS, unit_text
from algobot.config import Config
from algobot.errors import Refused

SHIPPED = Path(__file__).parents[2] / "config.toml"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that nothing of this machine is read or written."""
    for name in list(os.environ):
        if name.startswith(("XDG_", "ALGOBOT")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The shipped configuration, ours alone."""
    file = tmp_path / "shipped.toml"
    shutil.copyfile(SHIPPED, file)
    file.chmod(0o600)
    return file


def test_init_writes_a_private_paper_configuration_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second call refuses and leaves the file as it is."""
    assert edge.run(["init"]) == 0
    told = capsys.readouterr()
    file = Path(told.out.strip())
    assert file == home / ".config" / "algobot" / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told.err == "Next: algobot daemon\n"
    file.write_text("# mine\n")
    assert edge.run(["init"]) == Refused.exit_code
    assert "exists and stays as it is" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"
    file.unlink()
    assert edge.run(["init"]) == 0
    assert edge.run(["config", "check"]) == 0
    assert capsys.readouterr().out.endswith(": 2 bots, all on paper\n")


def test_paths_says_where_and_whether(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All places as JSON, and whether they are there."""
    assert edge.run(["paths", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["paths"]
    assert found["state"] == {"path": str(home / ".local/state/algobot"), "exists": False}
    assert found.keys() == {"config", "system_config", "keys", "state", "cache", "bars", "socket"}


def test_check_tells_what_is_wrong_as_json(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The problems on stdout, the error on stderr, exit 2."""
    shipped.write_text(shipped.read_text().replace('"BTC/USDT"', '"BTC"', 1))
    assert edge.run(["config", "check", str(shipped), "--json"]) == 2
    told = capsys.readouterr()
    (problem,) = json.loads(told.out)["problems"]
    assert problem["field"] == "bots.btc-cross.symbol"
    assert problem["remedy"] == 'write BASE/QUOTE, like "BTC/USDT"'
    assert json.loads(told.err)["code"] == "config.invalid"


def test_check_judges_strategies_too(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless told to be quick."""
    shipped.write_text(shipped.read_text().replace("slow = 30", "slw = 30"))
    assert edge.run(["config", "check", str(shipped)]) == 2
    assert "params.slw" in capsys.readouterr().err
    assert edge.run(["config", "check", str(shipped), "--no-strategies"]) == 0


def test_check_reads_key_files(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key file that others can read is told before the daemon starts."""
    keys = shipped.parent / "k.toml"
    keys.write_text('api_key = "a"\nsecret = "b"\n')
    keys.chmod(0o644)
    shipped.write_text(shipped.read_text().replace('key_file = ""', 'key_file = "k.toml"', 1))
    assert edge.run(["config", "check", str(shipped), "--no-strategies"]) == 2
    assert f"chmod 600 {keys}" in capsys.readouterr().err


def test_show_says_where_each_setting_comes_from(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """File and line, variable, or default."""
    monkeypatch.setenv("ALGOBOT__DAEMON__ON_STOP", "cancel")
    assert edge.run(["config", "show", str(shipped), "--origin", "--json"]) == 0
    rows = {row["field"]: row for row in json.loads(capsys.readouterr().out)["settings"]}
    assert rows["daemon.on_stop"] == {
        "field": "daemon.on_stop",
        "value": "cancel",
        "origin": "$ALGOBOT__DAEMON__ON_STOP",
    }
    assert rows["bots.eth-cross.capital"]["origin"] == "default"
    assert rows["daemon.instance"]["origin"].startswith(f"{shipped}:")


def test_diff_says_what_a_reload_would_do(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bots that come, go and change, and what wants a restart."""
    new = shipped.parent / "new.toml"
    new.write_text(shipped.read_text().replace("[bots.eth-cross]", "[bots.eth-new]").replace('"5m"', '"15m"', 1))
    assert edge.run(["config", "diff", str(shipped), str(new), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["added"], told["removed"]) == (["eth-new"], ["eth-cross"])
    assert told["changed"] == {"btc-trend": ["timeframe"]}
    assert told["restart_needed"] == ["bots.btc-trend.timeframe"]


def test_the_schema_knows_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    """Editors complete and check with it."""
    assert edge.run(["config", "schema"]) == 0
    described = json.loads(capsys.readouterr().out)["$defs"]
    assert {"Config", "DaemonSection", "VenueSection", "AccountSection", "BotSection", "RiskSpec"} <= described.keys()


def test_doctor_is_content_with_an_empty_home(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is there yet, and nothing has to be; nothing is made either."""
    assert edge.run(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    names = [row["name"] for row in told["checks"]]
    assert names == [
        "python",
        "config",
        "clock",
        "state",
        "runtime",
        "socket",
        "disk",
        "database",
        "linger",
        "terminal",
    ]


def test_doctor_finds_what_would_stop_the_daemon(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An open state folder, a damaged database and a wrong configuration, each with what to do; exit 1."""
    state = home / ".local/state/algobot"
    state.mkdir(parents=True)
    state.chmod(0o755)
    (state / checks.DATABASE).write_bytes(b"this is no database, but a text that is long enough to be one" * 20)
    config = home / ".config/algobot/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[bots.x]\n")
    assert edge.run(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    failed = {row["name"]: row for row in told["checks"] if row["status"] == "fail"}
    assert failed.keys() == {"config", "state", "database"}
    assert failed["state"]["hint"] == f"chmod 700 {state}"
    assert all(row["hint"] for row in failed.values())


def test_doctor_reads_a_sound_database(home: Path) -> None:
    """Opened for reading only."""
    state = home / ".local/state/algobot"
    state.mkdir(parents=True, mode=0o700)
    with sqlite3.connect(state / checks.DATABASE) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    found = {finding.name: finding for finding in checks.examine(None)}
    assert found["database"].status == "ok"


@pytest.mark.parametrize("system", [False, True])
def test_the_installed_unit_starts_this_very_program(system: bool) -> None:
    """Only the path is ours; a path with a space or `%` survives."""
    text = unit_text(UNIT, system=system, program=Path("/opt/my bots/100%/algobot"))
    assert '\nExecStart="/opt/my bots/100%%/algobot" daemon --log-format json\n' in text
    assert "WatchdogSec=30s" in text


def test_install_writes_once_and_never_over_an_edited_unit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What somebody changed by hand is theirs."""
    assert edge.run(["service", "install", "--user"]) == 0
    unit = home / ".config/systemd/user/algobot.service"
    assert capsys.readouterr().out.split() == [str(unit.with_name(name)) for name in UNITS]
    assert edge.run(["service", "install", "--user"]) == 0
    unit.write_text(unit.read_text() + "# mine\n")
    assert edge.run(["service", "install", "--user"]) == Refused.exit_code
    assert unit.read_text().endswith("# mine\n")


def test_daemon_flags_win_and_each_reload_reads_the_file_again(
    shipped: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flags stay in force over a reload; a relative one starts where the command was given."""
    seen: list[tuple[str, str, str, int]] = []

    def run_daemon(load: Callable[[], Config], *, form: str) -> int:
        for capital in (1000, 7):
            shipped.write_text(shipped.read_text().replace("capital = 1000", f"capital = {capital}"))
            config = load()
            seen.append((config.daemon.state_dir, config.daemon.log_level, form, int(config.bots["btc-cross"].capital)))
        return 0

    monkeypatch.setattr("algobot.cli.main.run_daemon", run_daemon)
    monkeypatch.chdir(home)
    words = ["daemon", "--config", str(shipped), "--state-dir", "state", "--log-level", "debug", "--log-format", "json"]
    assert edge.run(words) == 0
    assert seen == [(str(home / "state"), "debug", "json", 1000), (str(home / "state"), "debug", "json", 7)]


def test_the_daemon_refuses_a_wrong_configuration_before_it_starts(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A strategy that does not exist names its line; exit 2, so that systemd does not try again."""
    monkeypatch.setattr("algobot.cli.main.run_daemon", lambda load, *, form: load() and 0)
    shipped.write_text(shipped.read_text().replace('"mean_reversion"', '"mean_reversio"'))
    assert edge.run(["daemon", "--config", str(shipped)]) == 2
    assert "bots.eth-reversion.strategy: no strategy named 'mean_reversio'; did you mean" in capsys.readouterr().err


def test_tui_flags_reach_the_screens(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Socket, state folder, and that nothing may be commanded."""
    seen: list[tuple[Path, Path, bool, bool]] = []

    def run_tui(socket: Path, *, read_only: bool, state_dir: Path, hosted: bool) -> int:
        seen.append((socket, state_dir, read_only, hosted))
        return 0

    monkeypatch.setattr("algobot.cli.main.run_tui", run_tui)
    assert edge.run(["tui", "--socket", "/x.sock", "--read-only"]) == 0
    assert seen == [(Path("/x.sock"), home / ".local/state/algobot", True, False)]
