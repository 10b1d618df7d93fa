from __future__ import annotations

import subprocess
import sys

import pytest

from algobot.config import AccountSection, VenueSection
from algobot.errors import ConfigError
from algobot.venues import factory
from algobot.venues.binance_account import BinanceAccount
from algobot.venues.binance_market import BinanceMarket, endpoints
from algobot.venues.ccxt_account import CcxtAccount
from algobot.venues.ccxt_market import CcxtMarket
from algobot.venues.keys import Keys

ACCOUNT = AccountSection(venue="v")
KEYS = Keys("k", "s")


def test_binance_gets_its_own_adapters_and_others_the_unified_ones() -> None:
    """Nothing is connected by choosing."""
    assert isinstance(factory.market("v", VenueSection()), BinanceMarket)
    assert isinstance(factory.account("a", ACCOUNT, VenueSection(), KEYS), BinanceAccount)
    assert isinstance(factory.market("v", VenueSection(adapter="kraken")), CcxtMarket)
    assert isinstance(factory.account("a", ACCOUNT, VenueSection(adapter="kraken"), KEYS), CcxtAccount)


def test_an_unknown_adapter_is_named_with_the_nearest_known_one() -> None:
    """The message has the field and the value, the hint what was probably meant."""
    for make in (
        lambda section: factory.market("v", section),
        lambda section: factory.account("a", ACCOUNT, section, KEYS),
    ):
        with pytest.raises(ConfigError, match=r"venues\.v\.adapter 'krakn'") as caught:
            make(VenueSection(adapter="krakn"))
        assert "'kraken'" in caught.value.hint


def test_a_venue_is_where_the_configuration_says() -> None:
    """Its own place, its sandbox, or elsewhere."""
    assert endpoints("v", VenueSection()).rest == "https://api.binance.com"
    assert endpoints("v", VenueSection(sandbox=True)).stream.startswith("wss://stream.testnet")
    local = endpoints("v", VenueSection(base_url="http://127.0.0.1:8900/"))
    assert (local.rest, local.stream) == ("http://127.0.0.1:8900", "ws://127.0.0.1:8900/ws")
    assert endpoints("v", VenueSection(base_url="https://x.example")).stream == "wss://x.example/ws"
    with pytest.raises(ConfigError, match="sandbox"):
        endpoints("v", VenueSection(adapter="binanceus", sandbox=True))


def test_market_data_of_binance_does_not_load_ccxt() -> None:
    """It costs a second and 100 MB that a daemon of paper bots does not need."""
    code = (
        "import sys; from algobot.venues import factory; from algobot.config import VenueSection;"
        "factory.market('v', VenueSection()); sys.exit('ccxt' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
