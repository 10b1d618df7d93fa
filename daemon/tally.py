"""All bots together, counted without building a thousand rows and without keeping the loop from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import anyio.lowlevel
import msgspec

from algobot.model import BotId, BotState
from algobot.protocol.rows import BotRow
from daemon.place import Place

AT_ONCE: Final = 100  # bots counted before the loop goes to others


class Totals(msgspec.Struct, frozen=True):
    """All bots together."""

    states: dict[str, int]
    equity: float
    pnl_day: float
    orders_open: int


async def tally(places: Mapping[BotId, Place], row: Callable[[BotId], BotRow]) -> Totals:
    """Return what the bots at `places` come to; `row` tells of those that do not run."""
    states: Counter[BotState] = Counter()
    equity = pnl_day = 0.0
    opened = 0
    for number, bot_id in enumerate(list(places), start=1):
        if number % AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()
        place = places.get(bot_id)
        if place is None:  # gone meanwhile
            continue
        bot = place.bot
        if bot is None or place.at_rest or place.state is not None:
            rests = row(bot_id)
            states[rests.state] += 1
            equity, pnl_day, opened = equity + rests.equity, pnl_day + rests.pnl_day, opened + rests.orders_open
            continue
        states[bot.state] += 1
        own = bot.equity
        equity, pnl_day, opened = equity + own, pnl_day + own - place.memory.record.day_start, opened + bot.open_orders
    return Totals({state.value: count for state, count in states.items()}, equity, pnl_day, opened)
