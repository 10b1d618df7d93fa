"""Trade the first break out of the range that a day's opening minutes made; be flat when the day's session ends.

A session starts every day at `session_start_hour` UTC and lasts `session_hours`. Its range is the highest high and the
lowest low of the bars that lie wholly within the first `range_minutes`. After that, a close above it is long, one below
it short (nothing where shorts are not allowed), at most `max_entries` times a session; each entry after the first
needs a close back within the range. Stop and target lie so many heights of the range from the entry price. With the
bar that reaches the session's end the position is closed, which fills at the open after it.

It trades only in a session it has seen from its start, and only on bars that fit into `range_minutes`: on longer ones
there is no range, and it says so.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    session_start_hour: Annotated[int, Between(0, 23)] = 0  # UTC
    session_hours: Annotated[int, Between(1, 24)] = 24  # hours
    range_minutes: Annotated[int, Between(1, 1439)] = 120  # minutes, from the start of the session
    max_entries: Annotated[int, Between(1, 100)] = 1  # a session
    stop_ranges: Annotated[float, Between(0, 100)] = 1.0  # heights of the range from the entry price; 0 is no stop
    target_ranges: Annotated[float, Between(0, 100)] = 2.0  # heights of the range from the entry price; 0 is no target


HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
STATE = record(
    start_ns=int64,  # of the session, 0 before the first bar
    whole=int64,  # it was seen from its start
    bars=int64,  # in the range
    high=float64,
    low=float64,
    entries=int64,  # of the position, before this session
    armed=int64,  # the close has been within the range since the last entry
)

PARTIAL, FORMING, NO_RANGE, UP, DOWN, ENDED, OVER, USED_UP, HOLDING, INSIDE, BEYOND = range(1, 12)
REASONS = {
    PARTIAL: "this session was not seen from its start; waits for the next",
    FORMING: "opening range is forming: {low:.6g} to {high:.6g} so far",
    NO_RANGE: "no bar lies within the first {minutes:.0f} minutes of the session: no opening range",
    UP: "close {close:.6g} above the opening range {low:.6g} to {high:.6g}, entry {number:.0f} of {most:.0f}",
    DOWN: "close {close:.6g} below the opening range {low:.6g} to {high:.6g}, entry {number:.0f} of {most:.0f}",
    ENDED: "session ends: flat",
    OVER: "session is over; the next begins at {hour:.0f}:00 UTC",
    USED_UP: "all {most:.0f} entries of this session are used",
    HOLDING: "holding from {entry:.6g}: stop {stop:.6g}, target {target:.6g}, at the latest until the session ends",
    BEYOND: "close {close:.6g} still beyond the opening range {low:.6g} to {high:.6g}; waits for a close within it",
    INSIDE: "no break: close {close:.6g}, opening range {low:.6g} to {high:.6g}",
}


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.range_minutes >= params.session_hours * 60:
        return f"range_minutes {params.range_minutes} is not below the session's {params.session_hours * 60} minutes"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Build the range, then trade its first break."""
    start_ns = _session(bar.open_ns, params.session_start_hour)
    if start_ns != state.start_ns:
        _begin(state, bar, position, start_ns)
    range_end_ns = start_ns + params.range_minutes * MINUTE_NS
    end_ns = start_ns + params.session_hours * HOUR_NS
    if bar.close_ns <= range_end_ns:
        state.high = max(state.high, bar.high) if state.bars > 0 else bar.high
        state.low = min(state.low, bar.low) if state.bars > 0 else bar.low
        state.bars += 1

    if position.side != 0 and (bar.close_ns >= end_ns or position.opened_ns < start_ns):
        target(orders, 0.0)
        because(orders, ENDED)
    elif position.side != 0:
        because(orders, HOLDING, position.average, position.stop, position.target)
    elif state.whole == 0:
        because(orders, PARTIAL)
    elif bar.close_ns < range_end_ns:
        because(orders, FORMING, state.low, state.high)
    elif state.bars == 0:
        because(orders, NO_RANGE, params.range_minutes)
    elif bar.close_ns >= end_ns:
        because(orders, OVER, params.session_start_hour)
    else:
        _trade(state, bar.close, position.entries - state.entries, params, orders)


@kernel
def _session(open_ns: int, hour: int) -> int:
    """Return when the session that this time belongs to started."""
    shift = hour * HOUR_NS
    return (open_ns - shift) // DAY_NS * DAY_NS + shift


@kernel
def _begin(state: Rec, bar: Rec, position: Rec, start_ns: int) -> None:
    state.whole = 1 if state.start_ns != 0 or bar.open_ns == start_ns else 0
    state.start_ns = start_ns
    state.bars = 0
    state.high = 0.0
    state.low = 0.0
    state.entries = position.entries
    state.armed = 1


@kernel
def _trade(state: Rec, close: float, entries: int, params: Rec, orders: Rec) -> None:
    """Enter a break; `entries` is how often this session has entered already."""
    side = 1 if close > state.high else -1 if close < state.low else 0
    if entries >= params.max_entries:
        because(orders, USED_UP, params.max_entries)
    elif side == 0:
        state.armed = 1
        because(orders, INSIDE, close, state.low, state.high)
    elif state.armed == 0:
        because(orders, BEYOND, close, state.low, state.high)
    else:
        state.armed = 0
        height = state.high - state.low
        bracket(orders, params.stop_ranges * height, params.target_ranges * height)
        target(orders, side)
        because(orders, UP if side > 0 else DOWN, close, state.low, state.high, entries + 1, params.max_entries)
