"""Where things live on this machine, for whoever needs to know before the configuration is read.

Each place is, in this order: what the configuration or a flag says (`configured`), what systemd hands a service
($STATE_DIRECTORY and its sisters), the XDG base directories, and their defaults under the home directory.
Standard library only, nothing is created, and the environment is read at the call.
"""

from __future__ import annotations

import os
from pathlib import Path

TYPE_CHECKING = False  # `ctl status` gets here, and `typing` alone would cost it a third of its start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

APP: Final = "algobot"
CONFIG_NAME: Final = "config.toml"
SOCKET_NAME: Final = "control.sock"
GUARD_SOCKET: Final = "guard.sock"  # in the state directory: whoever can latch there can wake the guard
SYSTEM_CONFIG: Final = Path("/etc/algobot/config.toml")
SYSTEM_SOCKET: Final = Path("/run/algobot/control.sock")  # of the system's service
SYSTEM_SOCKETS: Final = (SYSTEM_SOCKET, Path("/run/algobot.sock"))  # and of its socket unit
SYSTEM_STATE: Final = Path("/var/lib/algobot")


def state_dir(configured: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the database, the locks and the halt latch."""
    env = os.environ if env is None else env
    return _place(configured, "STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state", env)


def cache_dir(configured: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder of what can be made again: compiled kernels, venue metadata."""
    env = os.environ if env is None else env
    return _place(configured, "CACHE_DIRECTORY", "XDG_CACHE_HOME", ".cache", env)


def bars_dir(configured: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the bar library: what `--data-dir` or $ALGOBOT_BARS_DIR says, else among the user's data."""
    env = os.environ if env is None else env
    if named := configured or env.get("ALGOBOT_BARS_DIR", ""):
        return expand(named, env=env)
    return _place("", "STATE_DIRECTORY", "XDG_DATA_HOME", ".local/share", env) / "bars"


def socket_path(configured: str = "", *, configured_state_dir: str = "", env: Mapping[str, str] | None = None) -> Path:
    """Return the control socket; without a runtime folder it lies in the state folder."""
    env = os.environ if env is None else env
    if configured:
        return expand(configured, env=env)
    if env.get("RUNTIME_DIRECTORY"):
        return _first(env["RUNTIME_DIRECTORY"]) / SOCKET_NAME
    if _is_absolute(env.get("XDG_RUNTIME_DIR")):
        return Path(env["XDG_RUNTIME_DIR"]) / APP / SOCKET_NAME
    return state_dir(configured_state_dir, env=env) / SOCKET_NAME


def client_socket(given: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the socket a client connects to when told no other: what the configuration says, else where one is.

    $ALGOBOT__DAEMON__SOCKET, then `daemon.socket` of the user's file, then our own place, then the system
    service's if only that is there. Reads one value and judges nothing: `algobot config check` does.
    """
    env = os.environ if env is None else env
    if named := given or env.get("ALGOBOT__DAEMON__SOCKET", ""):
        return expand(named, env=env)
    file = config_path(env=env)
    socket, state = _configured_places(file)
    if socket:
        return file.parent / expand(socket, env=env)
    own = socket_path(configured_state_dir=str(file.parent / expand(state, env=env)) if state else "", env=env)
    if own.exists():
        return own
    return next((path for path in SYSTEM_SOCKETS if path.exists()), own)


def client_state_dir(given: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the state folder of the daemon `client_socket` leads to: what `algobot kill` latches without a daemon."""
    env = os.environ if env is None else env
    if named := given or env.get("ALGOBOT__DAEMON__STATE_DIR", ""):
        return expand(named, env=env)
    file = config_path(env=env)
    _, state = _configured_places(file)
    own = file.parent / expand(state, env=env) if state else state_dir(env=env)
    return SYSTEM_STATE if SYSTEM_STATE.is_dir() and not own.exists() else own


def config_path(configured: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the user's configuration file, which need not exist; `SYSTEM_CONFIG` lies below it."""
    env = os.environ if env is None else env
    if configured:
        return expand(configured, env=env)
    return _place("", "CONFIGURATION_DIRECTORY", "XDG_CONFIG_HOME", ".config", env) / CONFIG_NAME


def key_dir(configured: str = "", *, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder where keys belong: systemd's credentials, else `keys` beside the configuration."""
    env = os.environ if env is None else env
    if configured:
        return expand(configured, env=env)
    if env.get("CREDENTIALS_DIRECTORY"):
        return Path(env["CREDENTIALS_DIRECTORY"])
    return config_path(env=env).parent / "keys"


def expand(text: str, *, env: Mapping[str, str] | None = None) -> Path:
    """Return the path a person meant: a leading `~/` is the home directory."""
    env = os.environ if env is None else env
    if text == "~" or text.startswith("~/"):
        return _home(env) / text[2:]
    return Path(text)


def _configured_places(file: Path) -> tuple[str, str]:
    """Return `daemon.socket` and `daemon.state_dir` of a file, "" where it does not say."""
    import tomllib  # only clients get here, and only those with a configuration of their own

    try:
        section = tomllib.loads(file.read_text("utf-8")).get("daemon", {})
        return str(section.get("socket", "")), str(section.get("state_dir", ""))
    except (OSError, ValueError, AttributeError):
        return "", ""


def _place(configured: str, systemd: str, xdg: str, below_home: str, env: Mapping[str, str]) -> Path:
    if configured:
        return expand(configured, env=env)
    if env.get(systemd):
        return _first(env[systemd])
    if _is_absolute(env.get(xdg)):  # the XDG specification: a relative value is ignored
        return Path(env[xdg]) / APP
    return _home(env) / below_home / APP


def _first(directories: str) -> Path:
    """Systemd joins several directories with colons; ours is the first."""
    return Path(directories.split(":", 1)[0])


def _is_absolute(value: str | None) -> bool:
    return bool(value) and Path(str(value)).is_absolute()


def _home(env: Mapping[str, str]) -> Path:
    if env.get("HOME"):
        return Path(env["HOME"])
    try:
        return Path.home()
    except RuntimeError as error:
        from algobot.errors import ConfigError

        raise ConfigError("there is no home directory to keep things in", hint="set HOME or XDG_STATE_HOME") from error
