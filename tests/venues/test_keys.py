from __future__ import annotations

from pathlib import Path

import pytest

from algobot.errors import ConfigError
from algobot.model import AccountId
from algobot.venues.keys import Keys, load_keys

MAIN = AccountId("main-1")


def a_key_file(path: Path, text: str = 'api_key = "K"\nsecret = "S"\n', mode: int = 0o600) -> str:
    """Write a key file and return its path."""
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_keys_do_not_print_themselves() -> None:
    """A log line or a traceback with locals must not give them away."""
    keys = Keys("open-sesame", "very-secret")
    assert "sesame" not in f"{keys!r} {keys}"
    assert "secret" not in f"{keys!r} {keys}"


def test_a_private_file_is_read(tmp_path: Path) -> None:
    """Two lines of TOML."""
    assert load_keys(MAIN, a_key_file(tmp_path / "k.toml"), {}) == Keys("K", "S")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_file_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The message says the mode and the remedy."""
    with pytest.raises(ConfigError, match=f"{mode:04o}") as caught:
        load_keys(MAIN, a_key_file(tmp_path / "k.toml", mode=mode), {})
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["not toml at all: hunter2", 'api_key = "K"', 'api_key = ""\nsecret = "S"', 'api_key="K"\nsecret="S"\nx=1']
)
def test_a_file_that_holds_no_keys_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    """What is in it may be half a secret."""
    with pytest.raises(ConfigError) as caught:
        load_keys(MAIN, a_key_file(tmp_path / "k.toml", text), {})
    assert "hunter2" not in caught.value.message


def test_a_passphrase_and_a_wallet_have_their_own_lines(tmp_path: Path) -> None:
    """A wallet's address stands for the key, its private key for the secret; no part is shown."""
    three = load_keys(MAIN, a_key_file(tmp_path / "k.toml", 'api_key="K"\nsecret="S"\npassphrase="P"\n'), {})
    assert three == Keys("K", "S", "P")
    assert three is not None
    assert three.hidden == ("K", "S", "P")
    wallet = load_keys(MAIN, a_key_file(tmp_path / "w.toml", 'wallet="0xA"\nprivate_key="0xB"\n'), {})
    assert wallet == Keys("0xA", "0xB")
    assert wallet is not None
    assert wallet.hidden == ("0xA", "0xB")
    assert "phrase" not in repr(Keys("K", "S", "open-phrase"))


@pytest.mark.parametrize(
    "text", ['wallet="0xA"\n', 'wallet="0xA"\nsecret="S"\n', 'private_key="0xB"\napi_key="K"\nsecret="S"\n']
)
def test_halves_and_mixtures_of_keys_are_refused(tmp_path: Path, text: str) -> None:
    """Which one was meant nobody knows."""
    with pytest.raises(ConfigError, match=r"half|two kinds"):
        load_keys(MAIN, a_key_file(tmp_path / "k.toml", text), {})


def test_a_missing_file_or_a_directory_is_a_clear_error(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_keys(MAIN, str(tmp_path / "nothing.toml"), {})
    with pytest.raises(ConfigError, match="not a file"):
        load_keys(MAIN, str(tmp_path), {})


def test_systemds_credential_comes_before_the_file(tmp_path: Path) -> None:
    """systemd guards that directory itself."""
    a_key_file(tmp_path / MAIN, 'api_key = "from systemd"\nsecret = "S"\n', mode=0o440)
    keys = load_keys(MAIN, str(tmp_path / "nothing.toml"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert keys is not None
    assert keys.api_key == "from systemd"


def test_the_environment_comes_last_and_says_so() -> None:
    """Half of it is a mistake, none of it means paper."""
    both = {"ALGOBOT_KEY_MAIN_1": "K", "ALGOBOT_SECRET_MAIN_1": "S"}
    assert load_keys(MAIN, "", both) == Keys("K", "S", from_environment=True)
    three = both | {"ALGOBOT_PASSPHRASE_MAIN_1": "P"}
    assert load_keys(MAIN, "", three) == Keys("K", "S", "P", from_environment=True)
    assert load_keys(MAIN, "", {}) is None
    with pytest.raises(ConfigError, match="only one"):
        load_keys(MAIN, "", {"ALGOBOT_KEY_MAIN_1": "K"})
