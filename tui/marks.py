"""Where a bot's fills lie on its price chart. Pure."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from algobot.model import Fill, Side, timeframe_ns
from algobot.protocol.rows import BotDetail
from tui.plot import Mark

APART: Final = 10  # bars between market time and the clock, from which on they are two times


def fill_marks(detail: BotDetail) -> list[Mark]:
    """A mark for each fill: at its own time, or, where the market's time is not the clock's, at its decision's bar.

    A venue that replays a market runs through the years while orders and fills keep the clock's time; the decisions
    carry both times. A fill from before the oldest decision known cannot be placed then, and is left out.
    """
    if not _is_replay(detail):
        return [_mark(fill, fill.ts_event_ns) for fill in detail.fills]
    known = sorted((row.ts_ns, row.bar_ns) for row in detail.decisions)
    times = [ts_ns for ts_ns, _ in known]
    placed = ((fill, bisect_right(times, fill.ts_event_ns) - 1) for fill in detail.fills)
    return [_mark(fill, known[place][1]) for fill, place in placed if place >= 0]


def _is_replay(detail: BotDetail) -> bool:
    if not detail.decisions:
        return False
    newest = detail.decisions[0]
    return abs(newest.ts_ns - newest.bar_ns) > APART * timeframe_ns(detail.spec.timeframe)


def _mark(fill: Fill, ts_ns: int) -> Mark:
    return Mark(ts_ns, float(fill.price), fill.side is Side.BUY)
