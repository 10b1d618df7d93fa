"""Where things live: configuration, then systemd, then XDG, then the home directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from algobot import paths

HOME = {"HOME": "/home/ann"}


def test_a_bare_home_gives_the_xdg_defaults() -> None:
    """With nothing but HOME, each place is its XDG default, and the socket lies with the state."""
    assert paths.state_dir(env=HOME) == Path("/home/ann/.local/state/algobot")
    assert paths.cache_dir(env=HOME) == Path("/home/ann/.cache/algobot")
    assert paths.config_path(env=HOME) == Path("/home/ann/.config/algobot/config.toml")
    assert paths.key_dir(env=HOME) == Path("/home/ann/.config/algobot/keys")
    assert paths.socket_path(env=HOME) == Path("/home/ann/.local/state/algobot/control.sock")


def test_xdg_variables_move_each_place() -> None:
    """An absolute XDG variable wins over the default."""
    env = HOME | {"XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/e", "XDG_RUNTIME_DIR": "/r"}
    assert paths.state_dir(env=env) == Path("/s/algobot")
    assert paths.cache_dir(env=env) == Path("/c/algobot")
    assert paths.config_path(env=env) == Path("/e/algobot/config.toml")
    assert paths.socket_path(env=env) == Path("/r/algobot/control.sock")


def test_a_relative_xdg_variable_is_ignored() -> None:
    """The specification calls a relative value invalid."""
    assert paths.state_dir(env=HOME | {"XDG_STATE_HOME": "here"}) == Path("/home/ann/.local/state/algobot")


def test_systemd_directories_win_over_xdg() -> None:
    """A service finds what its unit made for it, the first where there are several."""
    env = HOME | {
        "STATE_DIRECTORY": "/var/lib/algobot:/var/lib/other",
        "RUNTIME_DIRECTORY": "/run/algobot",
        "CACHE_DIRECTORY": "/var/cache/algobot",
        "CONFIGURATION_DIRECTORY": "/etc/algobot",
        "CREDENTIALS_DIRECTORY": "/run/credentials/algobot.service",
        "XDG_STATE_HOME": "/s",
        "XDG_RUNTIME_DIR": "/r",
    }
    assert paths.state_dir(env=env) == Path("/var/lib/algobot")
    assert paths.socket_path(env=env) == Path("/run/algobot/control.sock")
    assert paths.cache_dir(env=env) == Path("/var/cache/algobot")
    assert paths.config_path(env=env) == paths.SYSTEM_CONFIG
    assert paths.key_dir(env=env) == Path("/run/credentials/algobot.service")


@pytest.mark.parametrize("place", [paths.state_dir, paths.cache_dir, paths.config_path, paths.key_dir])
def test_what_is_configured_wins(place) -> None:
    """A configured path is taken as written, `~/` being the home directory."""
    env = HOME | {"STATE_DIRECTORY": "/v", "CONFIGURATION_DIRECTORY": "/v", "CACHE_DIRECTORY": "/v"}
    assert place("/mine", env=env) == Path("/mine")
    assert place("~/mine", env=env) == Path("/home/ann/mine")


def test_the_socket_follows_a_configured_state_folder_where_there_is_no_runtime_folder() -> None:
    """Without XDG_RUNTIME_DIR the socket lies in the state folder in use."""
    assert paths.socket_path(configured_state_dir="/d", env=HOME) == Path("/d/control.sock")
    assert paths.socket_path("/x.sock", configured_state_dir="/d", env=HOME) == Path("/x.sock")


def configured(tmp_path: Path, text: str) -> dict[str, str]:
    """An environment whose user's configuration is `text`."""
    folder = tmp_path / "algobot"
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text(text)
    return {"HOME": "/home/ann", "XDG_CONFIG_HOME": str(tmp_path)}


def test_clients_connect_where_the_configuration_says(tmp_path: Path) -> None:
    """What is given, then the environment, then the file (a relative path starts there), as the daemon reads it."""
    env = configured(tmp_path, '[daemon]\nsocket = "run/s.sock"\nstate_dir = "~/state"\n')
    assert paths.client_socket("/given", env=env) == Path("/given")
    assert paths.client_socket(env=env | {"ALGOBOT__DAEMON__SOCKET": "/env"}) == Path("/env")
    assert paths.client_socket(env=env) == tmp_path / "algobot" / "run" / "s.sock"
    assert paths.client_state_dir("/given", env=env) == Path("/given")
    assert paths.client_state_dir(env=env | {"ALGOBOT__DAEMON__STATE_DIR": "/env"}) == Path("/env")
    assert paths.client_state_dir(env=env) == Path("/home/ann/state")


@pytest.mark.parametrize("text", ["", "not toml", "daemon = 1", "[daemon]\nsocket = ''\n"])
def test_a_configuration_that_does_not_say_leaves_the_default(tmp_path: Path, text: str) -> None:
    """A client judges nothing: a broken file is the daemon's to refuse."""
    env = configured(tmp_path, text)
    assert paths.client_socket(env=env) == Path("/home/ann/.local/state/algobot/control.sock")
    assert paths.client_state_dir(env=env) == Path("/home/ann/.local/state/algobot")


def test_the_systems_daemon_is_found_where_there_is_none_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo algobot ctl status` needs no flag; an own daemon's socket wins."""
    system = tmp_path / "system.sock"
    monkeypatch.setattr(paths, "SYSTEM_SOCKETS", (tmp_path / "none.sock", system))
    monkeypatch.setattr(paths, "SYSTEM_STATE", tmp_path)
    own = tmp_path / "state" / "algobot"
    env = {"HOME": "/home/ann", "XDG_STATE_HOME": str(tmp_path / "state")}
    assert paths.client_socket(env=env) == own / "control.sock"
    system.touch()
    assert paths.client_socket(env=env) == system
    assert paths.client_state_dir(env=env) == tmp_path
    own.mkdir(parents=True)
    (own / "control.sock").touch()
    assert paths.client_socket(env=env) == own / "control.sock"
    assert paths.client_state_dir(env=env) == own


def test_the_bar_library_lies_among_the_users_data() -> None:
    """A flag, then its variable, then where a service keeps things, then XDG."""
    assert paths.bars_dir(env=HOME) == Path("/home/ann/.local/share/algobot/bars")
    assert paths.bars_dir(env=HOME | {"XDG_DATA_HOME": "/d"}) == Path("/d/algobot/bars")
    assert paths.bars_dir(env=HOME | {"STATE_DIRECTORY": "/v"}) == Path("/v/bars")
    assert paths.bars_dir(env=HOME | {"STATE_DIRECTORY": "/v", "ALGOBOT_BARS_DIR": "/b"}) == Path("/b")
    assert paths.bars_dir("~/b", env=HOME | {"ALGOBOT_BARS_DIR": "/b"}) == Path("/home/ann/b")
