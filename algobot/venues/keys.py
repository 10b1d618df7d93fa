"""One account's keys: where they may lie, and a struct that does not print them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from algobot.errors import ConfigError
from algobot.model import AccountId


class Keys(msgspec.Struct, frozen=True):
    """What signs an account's requests. Printing it shows no part.

    Of a venue without keys (`hyperliquid`) the wallet's address stands for the key and its private key for the secret.
    """

    api_key: str
    secret: str
    passphrase: str = ""  # the third part at some venues (`okx`)
    from_environment: bool = False  # the caller warns: any child process and `ps e` can read those

    @property
    def hidden(self) -> tuple[str, ...]:
        """Every part that no log, message or database may ever show."""
        return tuple(part for part in (self.api_key, self.secret, self.passphrase) if part)

    def __repr__(self) -> str:
        return "Keys(redacted)"

    __str__ = __repr__


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    api_key: str = ""
    secret: str = ""
    passphrase: str = ""
    wallet: str = ""
    private_key: str = ""


def load_keys(account_id: AccountId, key_file: str, environ: Mapping[str, str] | None = None) -> Keys | None:
    """Return the keys of `account_id`, or None when it has none anywhere (paper only).

    Looked for in this order: `$CREDENTIALS_DIRECTORY/<account>` (systemd), `key_file`, the environment variables
    `ALGOBOT_KEY_<ACCOUNT>`, `ALGOBOT_SECRET_<ACCOUNT>` and `ALGOBOT_PASSPHRASE_<ACCOUNT>`. Both files are TOML with
    `api_key` and `secret` (and `passphrase`), or with `wallet` and `private_key`.

    Raises:
        ConfigError: a file that others may read, that is not such a TOML, or only half of what is needed.
    """
    environ = os.environ if environ is None else environ
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(directory, account_id)
        if credential.exists():
            return _parse(credential, account_id)  # systemd owns the directory and its modes
    if key_file:
        path = Path(key_file).expanduser()
        _refuse_shared(path, account_id)
        return _parse(path, account_id)
    return _from_environment(account_id, environ)


def _refuse_shared(path: Path, account_id: AccountId) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"accounts.{account_id}.key_file {str(path)!r} cannot be read: {error.strerror}",
            hint="create it with api_key and secret, then chmod 600 it",
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(
            f"accounts.{account_id}.key_file {str(path)!r} is not a file", hint="name a TOML file of mode 0600"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        raise ConfigError(
            f"accounts.{account_id}.key_file {str(path)!r} has mode {mode}: others could read it",
            hint=f"chmod 600 {path}",
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"accounts.{account_id}.key_file {str(path)!r} belongs to another user",
            hint=f"chown it: chown $USER {path}",
        )


def _parse(path: Path, account_id: AccountId) -> Keys:
    try:
        parsed = msgspec.toml.decode(path.read_bytes(), type=_KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the text of the error could quote a secret
        raise ConfigError(
            f"the keys of account {account_id!r} in {str(path)!r} cannot be read",
            hint='write two lines: api_key = "…" and secret = "…"',
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the keys of account {account_id!r} in {str(path)!r} cannot be read: {error.strerror}",
            hint="check the owner and the mode of the file",
        ) from None
    by_wallet = bool(parsed.wallet or parsed.private_key)
    if by_wallet and (parsed.api_key or parsed.secret):
        raise ConfigError(
            f"the keys of account {account_id!r} in {str(path)!r} are of two kinds",
            hint="either api_key and secret, or wallet and private_key",
        )
    api_key, secret = (parsed.wallet, parsed.private_key) if by_wallet else (parsed.api_key, parsed.secret)
    if not api_key or not secret:
        lines = "wallet and private_key" if by_wallet else "api_key and secret"
        raise ConfigError(
            f"the keys of account {account_id!r} in {str(path)!r} are empty or only half", hint=f"fill in {lines}"
        )
    return Keys(api_key, secret, parsed.passphrase)


def _from_environment(account_id: AccountId, environ: Mapping[str, str]) -> Keys | None:
    name = account_id.upper().replace("-", "_")
    api_key = environ.get(f"ALGOBOT_KEY_{name}", "")
    secret = environ.get(f"ALGOBOT_SECRET_{name}", "")
    if not api_key and not secret:
        return None
    if not api_key or not secret:
        raise ConfigError(
            f"only one of ALGOBOT_KEY_{name} and ALGOBOT_SECRET_{name} is set", hint="set both, or use a key_file"
        )
    passphrase = environ.get(f"ALGOBOT_PASSPHRASE_{name}", "")
    return Keys(api_key, secret, passphrase, from_environment=True)
