"""An account's keys, read from a file of its own that only we can read."""

from __future__ import annotations

import tomllib
from pathlib import Path

from algobot.config.sections import AccountSection
from algobot.config.source import read_trusted
from algobot.errors import ConfigError


class ApiKeys:
    """What signs requests; its `repr` shows nothing, so that no log or traceback can."""

    __slots__ = ("api_key", "password", "secret")

    def __init__(self, api_key: str, secret: str, password: str = "") -> None:
        self.api_key = api_key
        self.secret = secret
        self.password = password  # a third word that some venues want

    def __repr__(self) -> str:
        return "ApiKeys(hidden)"

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must never be printed, for `daemon.logs`."""
        return tuple(word for word in (self.api_key, self.secret, self.password) if word)


def read_keys(account: AccountSection) -> ApiKeys:
    """Return the keys of `account` from its `key_file` (TOML with api_key and secret, mode 0600).

    Raises:
        ConfigError: no file named, missing, readable by others, or without the two words. No message holds a value.
    """
    if not account.key_file:
        raise ConfigError("the account has no key_file", hint="name a TOML file with api_key and secret, mode 0600")
    file = Path(account.key_file)
    text = read_trusted(file, private=True)
    try:
        words = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ConfigError(f"{file} is not valid TOML", hint='it holds api_key = "…" and secret = "…"') from None
    for name in ("api_key", "secret"):
        if not isinstance(words.get(name), str) or not words[name].strip():
            raise ConfigError(f"{file} has no {name}", hint='it holds api_key = "…" and secret = "…"')
    if unknown := words.keys() - {"api_key", "secret", "password"}:
        raise ConfigError(f"{file} has {len(unknown)} unknown keys", hint="it takes api_key, secret and password only")
    return ApiKeys(words["api_key"], words["secret"], str(words.get("password", "")))
