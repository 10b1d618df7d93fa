"""Every trade of ours since a time, over venues that give them by the page, newest or oldest first."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from algobot.errors import VenueUnavailable
from algobot.model import Symbol, TradeId, VenueFill
from algobot.venues import ccxt_wire as wire
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.classify import Action
from algobot.venues.dialects import Trades


async def fetch_trades(client: CcxtClient, symbol: Symbol, since_ms: int, how: Trades) -> list[VenueFill]:
    """Return the trades of `symbol` from `since_ms` on (0: as far back as the venue goes), each once, in any order.

    Pages overlap by a millisecond, for several trades can carry one; a millisecond with more trades than a page holds
    could lose some.

    Raises:
        VenueUnavailable, VenueRateLimited: a page did not come; then nothing is returned.
    """
    found: dict[TradeId, VenueFill] = {}
    start_ms, now_ms = since_ms, time.time_ns() // wire.MS_NS
    while True:
        end_ms = start_ms + how.span_ms if how.span_ms and start_ms else 0
        await _fetch_span(client, symbol, (start_ms, end_ms), how, found)
        if not end_ms or end_ms >= now_ms:
            return list(found.values())
        start_ms = end_ms


async def _fetch_span(
    client: CcxtClient, symbol: Symbol, span: tuple[int, int], how: Trades, found: dict[TradeId, VenueFill]
) -> None:
    """Add what the venue has between two times to `found`; 0 is no bound."""
    start_ms, end_ms = span
    while True:
        params = dict(how.params) | ({"until": end_ms} if end_ms else {})
        rows = await client.ask(Action.READ, "fetch_my_trades", symbol, start_ms or None, how.limit, params)
        page = read_trades(rows, client.adapter)
        new = [fill for fill in page if fill.trade_id not in found]
        found.update({fill.trade_id: fill for fill in new})
        if not new:
            return
        stamps = [fill.ts_event_ns // wire.MS_NS for fill in page]
        if how.newest_first:
            end_ms = min(stamps)
        elif len(page) < how.limit:
            return
        else:
            start_ms = max(stamps)


def read_trades(rows: Any, adapter: str) -> list[VenueFill]:
    """Return ccxt's trades as ours. Raises VenueUnavailable for what is none."""
    try:
        return [wire.to_fill(raw) for raw in msgspec.convert(list(rows), list[wire.UnifiedTrade], strict=False)]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise VenueUnavailable(f"{adapter}: a trade cannot be read ({error})") from None
