"""The life of an order is a table, and the table is sound."""

from __future__ import annotations

from algobot.model import CLOSED, IN_FLIGHT, LIVE, TRANSITIONS, OrderStatus, may_follow


def test_every_state_has_its_row() -> None:
    """A state added without saying what follows would be a hole."""
    assert set(TRANSITIONS) == set(OrderStatus)


def test_a_live_order_can_always_reach_an_end() -> None:
    """No state is a trap: from each live one some closed state is reachable."""
    for start in LIVE:
        seen, edge = {start}, {start}
        while edge:
            edge = set().union(*(TRANSITIONS[state] for state in edge)) - seen
            seen |= edge
        assert seen & CLOSED, start


def test_a_closed_order_never_becomes_live_again() -> None:
    """Only a fill that overtook our cancel may still move it."""
    for state in CLOSED:
        assert TRANSITIONS[state] <= {OrderStatus.FILLED}


def test_nothing_returns_to_the_intent() -> None:
    """A send is never undone, so no path leads back to before it."""
    assert all(OrderStatus.INTENT not in following for following in TRANSITIONS.values())


def test_an_unknown_order_can_be_found_or_proved_absent() -> None:
    """UNKNOWN resolves either way, and staying unknown is legal."""
    assert may_follow(OrderStatus.UNKNOWN, OrderStatus.OPEN)
    assert may_follow(OrderStatus.UNKNOWN, OrderStatus.NEVER_ACCEPTED)
    assert may_follow(OrderStatus.UNKNOWN, OrderStatus.UNKNOWN)
    assert not may_follow(OrderStatus.OPEN, OrderStatus.UNKNOWN)
    assert OrderStatus.UNKNOWN in IN_FLIGHT
