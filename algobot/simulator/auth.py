"""Is this request signed by the account it names, and in time?"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from algobot.simulator import refusals
from algobot.simulator.accounts import Account

DEFAULT_WINDOW_MS: Final = 5000
MAX_WINDOW_MS: Final = 60_000
SIGNATURE: Final = re.compile(r"(^|&)signature=([^&]*)")


class Window(msgspec.Struct, frozen=True):
    """When a request was made and how long it may take to arrive."""

    timestamp_ms: int
    window_ms: int

    def check(self, now_ms: int) -> None:
        """Raise Refusal when it is too late, or comes from the future."""
        if self.timestamp_ms >= now_ms + 1000:
            raise refusals.ahead_of_time()
        if now_ms - self.timestamp_ms > self.window_ms:
            raise refusals.outside_window()


def account_of(accounts: Mapping[str, Account], key: str | None) -> Account:
    """Return whose key this is. Raises Refusal."""
    if not key:
        raise refusals.bad_key_format()
    account = accounts.get(key)
    if account is None:
        raise refusals.unknown_key()
    return account


def check_signature(account: Account, payload: str, signature: str | None) -> None:
    """Raise Refusal unless `signature` is the HMAC-SHA256 of `payload` under the account's secret."""
    if not signature:
        raise refusals.missing("signature")
    right = hmac.new(account.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, signature.lower()):
        raise refusals.bad_signature()


def unsigned(payload: str) -> str:
    """Return a query or body without its signature parameter: what was signed."""
    rest = SIGNATURE.sub("", payload)
    return rest.removeprefix("&")


def sorted_payload(params: Mapping[str, str]) -> str:
    """Return what is signed in a WebSocket request: parameters by name, without the signature."""
    return "&".join(f"{k}={params[k]}" for k in sorted(params) if k != "signature")


def window_of(params: Mapping[str, str]) -> Window:
    """Return the request's validity window. Raises Refusal."""
    text = params.get("timestamp", "")
    if not text.isdigit():
        raise refusals.missing("timestamp")
    window = params.get("recvWindow", str(DEFAULT_WINDOW_MS))
    try:
        window_ms = int(float(window))
    except ValueError:
        raise refusals.illegal("recvWindow", "^[0-9]{1,5}$") from None
    if not 0 < window_ms <= MAX_WINDOW_MS:
        raise refusals.Refusal(-1131, "recvWindow must be less than 60000.")
    return Window(int(text), window_ms)
