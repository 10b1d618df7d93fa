from __future__ import annotations

from typing import Any

import pytest

from algobot.errors import ConfigError, VenueAuthFailed, VenueUnavailable
from algobot.venues import permissions
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.keys import Keys
from tests.venues.canned import PRIVATE, canned

# path, what a key says that can withdraw, what one says that cannot, what says nothing
TOLD: dict[str, tuple[str, Any, Any, Any]] = {
    "binance": (
        "/apiRestrictions",
        {"enableWithdrawals": True, "enableReading": True},
        {"enableWithdrawals": False, "enableReading": True},
        {"enableReading": True},
    ),
    "bybit": (
        "/v5/user/query-api",
        {"retCode": 0, "result": {"permissions": {"Wallet": ["AccountTransfer", "Withdraw"], "Spot": ["SpotTrade"]}}},
        {"retCode": 0, "result": {"permissions": {"Wallet": [], "Spot": ["SpotTrade"]}}},
        {"retCode": 0, "result": {}},
    ),
    "okx": (
        "/account/config",
        {"code": "0", "data": [{"perm": "read_only,withdraw,trade"}]},
        {"code": "0", "data": [{"perm": "read_only,trade"}]},
        {"code": "0", "data": [{"perm": ""}]},
    ),
    "kraken": (
        "/GetApiKeyInfo",
        {"error": [], "result": {"permissions": ["query-funds", "withdraw-funds"]}},
        {"error": [], "result": {"permissions": ["query-funds", "modify-trades"]}},
        {"error": [], "result": {}},
    ),
    "deribit": (
        "/public/auth",
        {"result": {"scope": "account:read trade:read_write wallet:read_write"}},
        {"result": {"scope": "account:read trade:read_write wallet:read"}},
        {"result": {}},
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(TOLD))
async def test_a_key_that_can_withdraw_is_refused(adapter: str) -> None:
    """One that cannot is taken; one of which nothing is known is taken with a warning."""
    path, can, cannot, silent = TOLD[adapter]
    async with canned(adapter) as (venue, account):
        venue.say(path, can)
        with pytest.raises(VenueAuthFailed, match="can withdraw"):
            await permissions.check(account.client)
        venue.say(path, cannot)
        assert await permissions.check(account.client) == ()
        venue.say(path, silent)
        (warning,) = await permissions.check(account.client)
        assert "see for yourself" in warning
        venue.say(path, "", 503)
        with pytest.raises(VenueUnavailable):
            await permissions.check(account.client)


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", ["bybit", "okx", "kraken", "deribit"])
async def test_an_account_asks_when_it_opens(adapter: str) -> None:
    """The canned key cannot withdraw."""
    async with canned(adapter, check_permissions=True) as (_, account):
        assert account.warnings == ()


@pytest.mark.anyio
async def test_a_wallets_own_key_can_do_everything() -> None:
    """An API wallet's key signs orders and nothing else."""
    async with canned("hyperliquid") as (_, account):
        assert await permissions.check(account.client) == ()
        own = account.client.exchange.eth_get_address_from_private_key(PRIVATE)
        account.client.exchange.walletAddress = own
        with pytest.raises(VenueAuthFailed, match="can withdraw"):
            await permissions.check(account.client)


@pytest.mark.anyio
async def test_a_venue_that_does_not_say_gets_a_warning() -> None:
    """Nobody guesses."""
    async with canned("kraken") as (_, account):
        account.client.adapter = "coinex"
        assert "does not say what a key may do" in (await permissions.check(account.client))[0]


@pytest.mark.anyio
async def test_deribits_secret_stays_here() -> None:
    """The token is asked for with a signature."""
    async with canned("deribit") as (venue, account):
        await permissions.check(account.client)
        (heard,) = venue.to("/public/auth")
        assert account.client.exchange.secret not in heard.all


@pytest.mark.anyio
async def test_a_classic_bybit_account_is_not_traded_on() -> None:
    """There a market order to buy 0.01 would buy for 0.01 USDT."""
    async with canned("bybit") as (venue, account):
        options = account.client.exchange.options
        options["enableUnifiedMargin"] = options["enableUnifiedAccount"] = None
        rights = {"retCode": 0, "result": {"permissions": {"Spot": ["SpotTrade"]}, "unified": 0, "uta": 0}}
        venue.say("/v5/user/query-api", rights)
        venue.say("/v5/account/info", {"retCode": 0, "result": {"unifiedMarginStatus": 1}})
        with pytest.raises(VenueAuthFailed, match="classic account"):
            await account.open()


@pytest.mark.anyio
async def test_a_missing_passphrase_is_a_mistake_in_the_key_file() -> None:
    """OKX signs with three parts."""
    with pytest.raises(ConfigError, match="need a passphrase"):
        await CcxtClient("okx", keys=Keys("k", "s")).open()
