"""What a reload would change is known before it happens."""

from __future__ import annotations

import pytest

from algobot import config
from algobot.config import ConfigDiff
from tests.config.conftest import GOOD, Write


def change(write: Write, good: str, bad: str) -> ConfigDiff:
    """The difference one edit makes."""
    env = {"HOME": "/nonexistent"}
    assert good in GOOD
    return config.diff(config.load(write(GOOD), env=env), config.load(write(GOOD.replace(good, bad)), env=env))


def test_the_same_configuration_is_no_change(write: Write) -> None:
    """A comment is nothing to reload."""
    assert not change(write, "[daemon]", "# hello\n[daemon]")


def test_a_new_and_a_lost_bot_are_named(write: Write) -> None:
    """Renaming a bot is one bot less and one more: its ledger does not move."""
    found = change(write, "bots.btc-cross", "bots.other")
    assert [spec.bot_id for spec in found.added] == ["other"]
    assert found.removed == ("btc-cross",)
    assert not found.changed


@pytest.mark.parametrize(
    ("good", "bad", "field"),
    [("= 0.2", "= 0.1", "risk"), ("capital = 1000", "capital = 1000\nposition_fraction = 0.1", "position_fraction")],
)
def test_limits_change_while_the_bot_runs(write: Write, good: str, bad: str, field: str) -> None:
    """Risk and size apply live."""
    found = change(write, good, bad)
    (changed,) = found.changed
    assert (changed.fields, changed.live, found.restart_needed) == ((field,), True, ())


@pytest.mark.parametrize(("bad", "field"), [('log_level = "debug"', "log_level"), ('on_stop = "cancel"', "on_stop")])
def test_some_settings_of_the_process_apply_at_once(write: Write, bad: str, field: str) -> None:
    """Nothing is made anew for them."""
    found = change(write, 'log_level = "info"', bad)
    assert (found.settings, found.restart_needed) == ((f"daemon.{field}",), ())
    assert found


@pytest.mark.parametrize(
    ("good", "bad", "restart"),
    [
        ("BTC/USDT", "ETH/USDT", ("bots.btc-cross.symbol",)),
        ("fast = 20", "fast = 21", ("bots.btc-cross.params",)),
        ("capital = 1000", "capital = 7", ("bots.btc-cross.capital",)),
        ('log_level = "info"', 'instance = "b"', ("daemon.instance",)),
        ('adapter = "binance"', 'adapter = "kraken"', ("venues.binance.adapter",)),
        ("[bots.btc-cross]", '[accounts.more]\nvenue = "binance"\n[bots.btc-cross]', ("accounts.more",)),
    ],
)
def test_what_cannot_change_live_says_so(write: Write, good: str, bad: str, restart: tuple[str, ...]) -> None:
    """What makes it another bot, and what belongs to the process, wants a restart."""
    found = change(write, good, bad)
    assert found.restart_needed == restart
    assert found
