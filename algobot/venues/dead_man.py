"""Timers at the venue that cancel every order of the account unless they are wound up again.

They cover the whole account, foreign orders too: for accounts that only algobot uses. A timer is wound up only after a
look at the venue that found all well, so that a daemon that is blind lets it run out.

Deribit's cancel-on-disconnect covers only orders sent over the socket that breaks, and ours are not; Binance spot has
nothing of the kind: there is no timer at either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

import msgspec

from algobot.errors import VenueRejected, VenueUnsupported
from algobot.model import Symbol
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.classify import Action


class DeadMan(msgspec.Struct, frozen=True):
    """What a venue's timer can do."""

    shortest_s: int
    longest_s: int
    on_disconnect: bool = False  # it starts when the private stream breaks, not when it is wound up
    per_symbol: bool = False  # one timer for each symbol
    condition: str = ""  # what the venue asks before it grants it


TIMERS: Final[Mapping[str, DeadMan]] = {
    "okx": DeadMan(10, 120),
    "okxus": DeadMan(10, 120),
    "myokx": DeadMan(10, 120),
    "kraken": DeadMan(1, 86_400),
    "krakenfutures": DeadMan(1, 86_400),
    "hyperliquid": DeadMan(6, 86_400, condition="1,000,000 USD traded; it may go off ten times a day"),
    "bybit": DeadMan(3, 300, on_disconnect=True, condition="switched on by Bybit for institutions"),
    "binanceusdm": DeadMan(1, 86_400, per_symbol=True),
}


def dead_man_of(adapter: str) -> DeadMan | None:
    """Return the timer of the venue with ccxt id `adapter`."""
    return TIMERS.get(adapter)


async def arm(client: CcxtClient, seconds: float, symbols: Collection[Symbol]) -> None:
    """Wind the timer up to `seconds` from now.

    Raises:
        VenueUnsupported: there is none.
        VenueRejected: outside of what it can do, or the venue said no.
        VenueTimeout: no usable answer; it may be armed.
    """
    timer = _timer(client)
    if not timer.shortest_s <= seconds <= timer.longest_s:
        told = f"{client.adapter}: a dead-man timer runs {timer.shortest_s} to {timer.longest_s} s, not {seconds:g} s"
        raise VenueRejected(f"{told}; nothing was sent", kind="rules")
    await _SET.get(client.adapter, _unified)(client, int(seconds * 1000), symbols)


async def disarm(client: CcxtClient, symbols: Collection[Symbol]) -> None:
    """Stop the timer; Bybit's can only be made as long as it goes. Raises as `arm`."""
    timer = _timer(client)
    milliseconds = timer.longest_s * 1000 if timer.on_disconnect else 0
    await _SET.get(client.adapter, _unified)(client, milliseconds, symbols)


def _timer(client: CcxtClient) -> DeadMan:
    timer = dead_man_of(client.adapter)
    if timer is None:
        raise VenueUnsupported(
            f"{client.adapter} has no dead-man timer that covers our orders", hint="set dead_man_s = 0"
        )
    return timer


async def _unified(client: CcxtClient, milliseconds: int, symbols: Collection[Symbol]) -> None:
    del symbols
    await client.ask(Action.CANCEL, "cancel_all_orders_after", milliseconds)


async def _bybit(client: CcxtClient, milliseconds: int, symbols: Collection[Symbol]) -> None:
    del symbols
    await client.ask(Action.CANCEL, "cancel_all_orders_after", milliseconds, {"type": "spot"})


async def _usd_m(client: CcxtClient, milliseconds: int, symbols: Collection[Symbol]) -> None:
    for symbol in sorted(symbols):
        market = client.exchange.market(symbol)["id"]
        params = {"symbol": market, "countdownTime": milliseconds}
        await client.ask(Action.CANCEL, "fapiPrivatePostCountdownCancelAll", params)


async def _hyperliquid(client: CcxtClient, milliseconds: int, symbols: Collection[Symbol]) -> None:
    """Arm as ccxt does; disarm by an action without a time, for ccxt would ask for a cancel right now."""
    if milliseconds:
        await _unified(client, milliseconds, symbols)
        return
    exchange = client.exchange
    action, nonce = {"type": "scheduleCancel"}, exchange.incrementing_nonce()
    signature = exchange.sign_l1_action(action, nonce)
    request = {"action": action, "nonce": nonce, "signature": signature}
    await client.ask(Action.CANCEL, "privatePostExchange", request)


_Set = Callable[[CcxtClient, int, Collection[Symbol]], Awaitable[None]]
_SET: Final[Mapping[str, _Set]] = {"bybit": _bybit, "binanceusdm": _usd_m, "hyperliquid": _hyperliquid}
