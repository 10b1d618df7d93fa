"""A configuration is taken as written, or refused with every mistake, its line and its remedy."""

from __future__ import annotations

import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from algobot import config
from algobot.config import VenueSection
from algobot.config.source import refuse_open_to_others
from algobot.errors import ConfigError
from algobot.model import BotId, BotMode, OnRestart
from tests.config.conftest import GOOD, Write

ME = os.geteuid()
NO_ENV: dict[str, str] = {"HOME": "/nonexistent"}


def refused(file: Path, env: dict[str, str] | None = None) -> list[str]:
    """Load a wrong configuration and return its problems without the folder."""
    with pytest.raises(config.InvalidConfig) as raised:
        config.load(file, env=env or NO_ENV)
    assert raised.value.exit_code == 2
    return [str(problem).removeprefix(f"{file.parent}/") for problem in raised.value.problems]


def test_a_good_file_gives_the_bots_as_the_daemon_wants_them(write: Write) -> None:
    """Every field arrives, defaults fill the rest, decimals are exact."""
    (spec,) = config.to_specs(config.load(write(GOOD.replace("1000", "1000.10")), env=NO_ENV))
    assert spec.bot_id == BotId("btc-cross")
    assert spec.capital == Decimal("1000.1")
    assert spec.mode is BotMode.PAPER
    assert spec.on_restart is OnRestart.RESUME
    assert spec.params == {"fast": 20, "slow": 50}
    assert spec.risk.max_drawdown_fraction == 0.2


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        (
            'log_level = "info"',
            'log_levl = "info"',
            "config.toml:2: daemon.log_levl: unknown key; did you mean log_level?",
        ),
        ('"info"', '"inf"', 'config.toml:2: daemon.log_level: "inf" is not one of debug, info, warning, error;'),
        ("[venues.binance]", "[venue.binance]", "config.toml:4: venue: unknown key; did you mean venues?"),
        ('venue = "binance"', 'venue = "binanse"', 'config.toml:8: accounts.paper.venue: there is no venue "binanse";'),
        (
            'account = "paper"',
            'account = "papr"',
            'config.toml:13: bots.btc-cross.account: there is no account "papr";',
        ),
        ('strategy = "ma_crossover"', "", "config.toml:10: bots.btc-cross.strategy: is missing; write strategy = …"),
        ('strategy = "ma_crossover"', "strategy = 5", "config.toml:11: bots.btc-cross.strategy: got 5; expected text"),
        ("BTC/USDT", "BTCUSDT", 'config.toml:12: bots.btc-cross.symbol: "BTCUSDT" is no symbol; write BASE/QUOTE'),
        (
            "BTC/USDT",
            "btc/usdt",
            'config.toml:12: bots.btc-cross.symbol: "btc/usdt" is in lower case; write "BTC/USDT"',
        ),
        ('"1m"', '"1x"', "config.toml:14: bots.btc-cross.timeframe: timeframe '1x' is not one; write it like 1m"),
        ("capital = 1000", "capital = 0", "config.toml:15: bots.btc-cross.capital: 0 is not above 0;"),
        ("capital = 1000", "capital = nan", "config.toml:15: bots.btc-cross.capital: nan is not a finite number;"),
        ("capital = 1000", "capital = true", "config.toml:15: bots.btc-cross.capital: got true; expected a number"),
        ("capital = 1000", "position_fraction = 1.5", "config.toml:15: bots.btc-cross.position_fraction: 1.5 is not"),
        ("capital = 1000", "position_fraction = inf", "config.toml:15: bots.btc-cross.position_fraction: inf is not"),
        ("capital = 1000", 'mode = "real"', 'config.toml:15: bots.btc-cross.mode: "real" is not one of paper, live;'),
        ("capital = 1000", "autostart = 1", "config.toml:15: bots.btc-cross.autostart: got 1; expected true or false"),
        ("fast = 20", "fast = [1]", "config.toml:16: bots.btc-cross.params.fast: got a list; expected a number, true"),
        ("= 0.2", "= 20", "config.toml:19: bots.btc-cross.risk.max_drawdown_fraction: 20.0 is not from 0 to 1;"),
        (
            "[accounts.paper]",
            "[accounts.paper]\nmax_order_notional = -1",
            "config.toml:8: accounts.paper.max_order_notional: -1 is below 0; in quote currency",
        ),
        (
            "[bots.btc-cross.risk]",
            "[bots.btc-cross.risks]",
            "config.toml:18: bots.btc-cross.risks: unknown key; did you",
        ),
        ("bots.btc-cross", "bots.BTC", 'config.toml:10: bots.BTC: "BTC" is no name; 1 to 32 of a-z'),
        (
            "capital = 1000",
            'mode = "live"',
            "config.toml:15: bots.btc-cross.mode: is live, but account paper is not armed",
        ),
    ],
)
def test_each_mistake_names_its_line_its_value_and_the_remedy(write: Write, good: str, bad: str, told: str) -> None:
    """One wrong word is one problem, told where it stands."""
    assert good in GOOD
    problems = refused(write(GOOD.replace(good, bad)))
    assert problems[0].startswith(told), problems


def test_all_mistakes_are_told_at_once(write: Write) -> None:
    """Nobody has to run it again to find the next mistake."""
    problems = refused(write(GOOD.replace('"info"', '"inf"').replace("1000", '"x"').replace("= 0.2", '= "y"')))
    assert [problem.split(":")[1] for problem in problems] == ["2", "15", "19"]


def test_a_thousand_mistakes_are_counted_and_the_first_told(write: Write) -> None:
    """A message stays readable; `problems` still has all."""
    text = GOOD + "".join(f'[bots.b{number}]\nstrategy = "x"\n' for number in range(100))
    with pytest.raises(config.InvalidConfig) as raised:
        config.load(write(text), env=NO_ENV)
    assert len(raised.value.problems) == 200
    assert str(raised.value).startswith("200 mistakes\n")
    assert str(raised.value).endswith("and 180 more")


def test_a_file_nested_without_end_is_refused(write: Write) -> None:
    """The parser's recursion limit is not a traceback."""
    with pytest.raises(ConfigError, match="nested too deeply"):
        config.load(write("x = " + "[" * 5000), env=NO_ENV)


def test_a_secret_in_the_wrong_place_is_not_repeated(write: Write) -> None:
    """An API key written into config.toml is refused without being printed."""
    file = write(GOOD.replace('venue = "binance"', 'venue = "binance"\napi_secret = "CANARY"\nkey_file = ["CANARY"]'))
    with pytest.raises(config.InvalidConfig) as raised:
        config.load(file, env=NO_ENV)
    assert "api_secret" in str(raised.value)
    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("bad", ["capital = ", "capital 1000", "capital = 1000 USDT", 'x = "', "[bots", "a = 1\na = 2"])
def test_what_is_not_toml_is_told_with_its_line(write: Write, bad: str) -> None:
    """A syntax error names the line, without a traceback."""
    (problem,) = refused(write(f"# first\n{bad}\n"))
    assert problem.startswith(("config.toml:2: not valid TOML", "config.toml:3: not valid TOML"))


def test_text_that_is_not_utf8_is_told_with_its_line(write: Write) -> None:
    """A file saved in another encoding says so."""
    file = write("")
    file.write_bytes(b"# one\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"config.toml:2: not UTF-8"):
        config.load(file, env=NO_ENV)


def test_a_live_bot_wants_an_armed_account_with_keys(write: Write) -> None:
    """`mode = "live"` alone moves no money; with `live` and a key file it is accepted."""
    live = GOOD.replace("capital = 1000", 'mode = "live"')
    told = refused(write(live.replace('venue = "binance"', 'venue = "binance"\nlive = true')))
    assert "account paper has no keys" in told[0]
    armed = live.replace('venue = "binance"', 'venue = "binance"\nlive = true\nkey_file = "keys/paper.toml"')
    loaded = config.load(write(armed), env=NO_ENV)
    assert loaded.bots["btc-cross"].mode is BotMode.LIVE


def test_keys_from_systemd_arm_a_live_bot(write: Write, tmp_path: Path) -> None:
    """A credential named like the account counts as its keys."""
    text = GOOD.replace("capital = 1000", 'mode = "live"').replace(
        'venue = "binance"', 'venue = "binance"\nlive = true'
    )
    (tmp_path / "paper").touch()
    assert config.load(write(text), env=NO_ENV | {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_keys_never_travel_in_the_clear(write: Write) -> None:
    """An armed account on plain http is refused unless the address is this machine."""
    text = GOOD.replace('venue = "binance"', 'venue = "binance"\nlive = true')
    clear = text.replace('adapter = "binance"', 'base_url = "http://10.1.2.3:80"')
    assert "not encrypted" in refused(write(clear))[0]
    assert config.load(write(clear.replace("10.1.2.3", "127.0.0.1")), env=NO_ENV)


@pytest.mark.parametrize("address", ["127.0.0.1:8900", "ftp://x", "http://", "http://u:p@x", "http://x:99999"])
def test_an_address_that_is_none_is_refused(write: Write, address: str) -> None:
    """A base_url is http or https with a host, and holds no password."""
    (problem,) = refused(write(GOOD.replace('adapter = "binance"', f'base_url = "{address}"')))
    assert problem.startswith("config.toml:5: venues.binance.base_url: ")


def test_a_file_that_others_can_change_is_refused(write: Write) -> None:
    """Whoever can edit the configuration can trade with the money."""
    file = write(GOOD)
    file.chmod(0o602)
    with pytest.raises(ConfigError, match="can be changed by others") as raised:
        config.load(file, env=NO_ENV)
    assert raised.value.hint == f"chmod go-w {file}"


def info(*, mode: int, uid: int, gid: int) -> os.stat_result:
    """What stat says of a regular file."""
    return os.stat_result((stat.S_IFREG | mode, 1, 1, 1, uid, gid, 1, 0, 0, 0))


@pytest.mark.parametrize(("mode", "uid", "gid"), [(0o600, 0, 0), (0o644, ME, 7), (0o664, ME, ME), (0o664, 0, 0)])
def test_what_only_we_or_root_can_change_is_trusted(mode: int, uid: int, gid: int) -> None:
    """A group may write only where it is the owner's own."""
    refuse_open_to_others(Path("x"), info(mode=mode, uid=uid, gid=gid))


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "told"),
    [
        (0o664, ME, ME + 1, "can be changed by others"),
        (0o646, ME, ME, "can be changed by others"),
        (0o600, ME + 1, ME, f"belongs to user {ME + 1}"),
    ],
)
def test_what_somebody_else_can_change_is_not_trusted(mode: int, uid: int, gid: int, told: str) -> None:
    """Another owner, another group that may write, or everybody."""
    with pytest.raises(ConfigError, match=told):
        refuse_open_to_others(Path("x"), info(mode=mode, uid=uid, gid=gid))


def test_a_missing_file_and_a_folder_are_told_plainly(tmp_path: Path) -> None:
    """Neither ends in a traceback, and the first says how to get one."""
    with pytest.raises(ConfigError, match="no such file") as raised:
        config.load(tmp_path / "none.toml", env=NO_ENV)
    assert "algobot init" in raised.value.hint
    with pytest.raises(ConfigError, match="is a folder"):
        config.load(tmp_path, env=NO_ENV)
    with pytest.raises(ConfigError, match="there is no configuration at"):
        config.load(env=NO_ENV)


def test_the_environment_wins_over_the_file_and_a_flag_over_both(write: Write) -> None:
    """flag > ALGOBOT__SECTION__KEY > file; values are read as the field wants them."""
    env = NO_ENV | {
        "ALGOBOT__DAEMON__LOG_LEVEL": "warning",
        "ALGOBOT__DAEMON__INSTANCE": "7",
        "ALGOBOT__BOTS__BTC_CROSS__CAPITAL": "250.5",
        "ALGOBOT__BOTS__BTC_CROSS__PARAMS__FAST": "9",
        "ALGOBOT__BOTS__BTC_CROSS__AUTOSTART": "false",
    }
    flags = {("--log-level", ("daemon", "log_level")): "debug"}
    loaded = config.load_with_origins(write(GOOD), env=env, flags=flags)
    bot = loaded.config.bots["btc-cross"]
    assert loaded.config.daemon.log_level == "debug"
    assert loaded.config.daemon.instance == "7"
    assert (bot.capital, bot.params["fast"], bot.autostart) == (Decimal("250.5"), 9, False)
    assert loaded.origin(("daemon", "log_level")) == "--log-level"
    assert loaded.origin(("bots", "btc-cross", "capital")) == "$ALGOBOT__BOTS__BTC_CROSS__CAPITAL"
    assert loaded.origin(("bots", "btc-cross", "symbol")).endswith("config.toml:12")
    assert loaded.origin(("daemon", "on_stop")) == "default"


def test_a_variable_that_means_nothing_is_refused_by_its_name(write: Write) -> None:
    """A typo in the environment is as wrong as one in the file."""
    (problem,) = refused(write(GOOD), NO_ENV | {"ALGOBOT__DAEMON__LOGLEVEL": "debug"})
    assert problem == "$ALGOBOT__DAEMON__LOGLEVEL: daemon.loglevel: unknown key; did you mean log_level?"


def test_the_users_file_lies_over_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables merge, single settings replace, and a named file stands alone."""
    system, own = tmp_path / "system.toml", tmp_path / "algobot" / "config.toml"
    own.parent.mkdir(mode=0o700)
    system.write_text(GOOD)
    own.write_text('[daemon]\ninstance = "mine"\n[bots.btc-cross]\ncapital = 7\n')
    monkeypatch.setattr("algobot.paths.SYSTEM_CONFIG", system)
    loaded = config.load(env=NO_ENV | {"XDG_CONFIG_HOME": str(tmp_path)})
    assert (loaded.daemon.instance, loaded.daemon.log_level) == ("mine", "info")
    assert (loaded.bots["btc-cross"].capital, loaded.bots["btc-cross"].symbol) == (Decimal(7), "BTC/USDT")
    with pytest.raises(config.InvalidConfig, match="strategy: is missing"):
        config.load(own, env=NO_ENV)


def test_relative_paths_start_at_the_file_that_says_them(write: Write) -> None:
    """The daemon's working directory does not matter."""
    text = GOOD.replace("[daemon]", '[daemon]\nstate_dir = "state"\nsocket = "~/s.sock"')
    file = write(text.replace('venue = "binance"', 'venue = "binance"\nkey_file = "keys/p.toml"'))
    loaded = config.load(file, env={"HOME": "/home/ann"})
    assert loaded.daemon.state_dir == str(file.parent / "state")
    assert loaded.daemon.socket == "/home/ann/s.sock"
    assert loaded.accounts["paper"].key_file == str(file.parent / "keys" / "p.toml")


def test_a_position_that_its_own_limit_forbids_is_refused(write: Write) -> None:
    """A bot whose every entry would be refused is a mistake, not a strategy."""
    text = GOOD.replace("max_drawdown_fraction", "max_position_fraction").replace(
        "capital = 1000", "position_fraction = 0.5"
    )
    assert "every entry would be refused" in refused(write(text))[0]


@pytest.mark.parametrize(
    ("url", "sandbox", "simulated"),
    [
        ("", False, False),
        ("", True, True),
        ("http://127.0.0.1:8900", False, True),
        ("http://localhost:8900", False, True),
        ("http://[::1]:8900", False, True),
        ("https://api.binance.us", False, False),
        ("https://127.0.0.1.example.com", False, False),
        ("https://10.0.0.5:8900", False, False),
    ],
)
def test_a_server_on_this_machine_and_a_test_network_have_no_real_money(
    url: str, sandbox: bool, simulated: bool
) -> None:
    """Everything else is taken for real."""
    assert VenueSection(base_url=url, sandbox=sandbox).simulated is simulated
