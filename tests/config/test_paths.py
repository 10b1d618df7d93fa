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
