"""What a key may do, where its venue tells: a key that can withdraw is refused.

A stolen key that can only trade loses money slowly and in sight; one that can withdraw loses all of it at once.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex
from typing import Any, Final

from algobot.errors import VenueAuthFailed, VenueReadRefused
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.classify import Action

_WITHDRAW: Final = "withdraw"


async def check(client: CcxtClient) -> tuple[str, ...]:
    """Return what could not be checked, in words for a person; () when the venue says that the key cannot withdraw.

    Raises:
        VenueAuthFailed: the key can withdraw, or was refused.
        VenueUnavailable, VenueRateLimited: the venue gave no answer.
    """
    ask = _ASK.get(client.adapter)
    if ask is None:
        return (f"{client.adapter} does not say what a key may do: see for yourself that it cannot withdraw",)
    can_withdraw = await ask(client)
    if can_withdraw is None:
        return (f"{client.adapter} did not say whether this key can withdraw: see for yourself that it cannot",)
    if can_withdraw:
        raise VenueAuthFailed(
            f"{client.adapter}: this key can withdraw", hint="make a key without withdrawals", kind="permission"
        )
    return ()


async def _binance(client: CcxtClient) -> bool | None:
    answer = await client.ask(Action.OPEN, "sapi_get_account_apirestrictions")
    return _flag(answer, "enableWithdrawals")


async def _bybit(client: CcxtClient) -> bool | None:
    answer = await client.ask(Action.OPEN, "private_get_v5_user_query_api")
    match answer:
        case {"result": {"permissions": dict() as rights}}:
            return any("Withdraw" in group for group in rights.values() if isinstance(group, list))
    return None


async def _okx(client: CcxtClient) -> bool | None:
    answer = await client.ask(Action.OPEN, "private_get_account_config")
    match answer:
        case {"data": [{"perm": str() as rights}, *_]} if rights:
            return _WITHDRAW in rights.split(",")
    return None


async def _kraken(client: CcxtClient) -> bool | None:
    try:
        answer = await client.ask(Action.OPEN, "private_post_getapikeyinfo")
    except VenueReadRefused:
        return None  # a young endpoint: not there for every account
    match answer:
        case {"result": {"permissions": list() as rights}}:
            named = [str(right).lower() for right in rights]
            return any(_WITHDRAW in right and not right.startswith("query") for right in named)
    return None


async def _deribit(client: CcxtClient) -> bool | None:
    """Ask for a token, by signature so that the secret stays here, and read its scope."""
    exchange = client.exchange
    at_ms, nonce = str(time.time_ns() // 1_000_000), token_hex(8)
    signed = hmac.new(exchange.secret.encode(), f"{at_ms}\n{nonce}\n".encode(), hashlib.sha256).hexdigest()
    params = {
        "grant_type": "client_signature",
        "client_id": exchange.apiKey,
        "timestamp": at_ms,
        "nonce": nonce,
        "data": "",
        "signature": signed,
    }
    answer = await client.ask(Action.OPEN, "public_get_auth", params)
    match answer:
        case {"result": {"scope": str() as scope}} if scope:
            return "wallet:read_write" in scope.split()
    return None


async def _hyperliquid(client: CcxtClient) -> bool | None:
    """Return whether the key is the wallet's own, which can do all, or one of an API wallet, which cannot withdraw."""
    exchange = client.exchange
    own = exchange.eth_get_address_from_private_key(exchange.privateKey)
    return bool(own) and str(own).lower() == str(exchange.walletAddress).lower()


def _flag(answer: Any, name: str) -> bool | None:
    value = answer.get(name) if isinstance(answer, dict) else None
    return value if isinstance(value, bool) else None


_Ask = Callable[[CcxtClient], Awaitable[bool | None]]
_ASK: Final[Mapping[str, _Ask]] = {
    "binance": _binance,
    "bybit": _bybit,
    "okx": _okx,
    "okxus": _okx,
    "myokx": _okx,
    "kraken": _kraken,
    "hyperliquid": _hyperliquid,
    "deribit": _deribit,
}
