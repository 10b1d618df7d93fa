"""The view as a fold of events."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from algobot.model import AccountId, BotId, BotMode, BotState, ClientOrderId, OrderStatus
from algobot.protocol.events import (
    AccountChanged,
    AlarmRaised,
    AnyEvent,
    BarClosed,
    BotAdded,
    BotChanged,
    BotRemoved,
    DaemonStopping,
    DecisionMade,
    FeedChanged,
    FillRecorded,
    HaltsChanged,
    LineLogged,
    OrderChanged,
    PositionsChanged,
)
from algobot.protocol.requests import Snapshot
from algobot.protocol.rows import AccountRow, DecisionRow, FeedRow, HaltRow
from tests.tui.builders import NOON, SECOND, a_bot, a_fill, a_log, a_position, a_snapshot, a_view, an_order
from tui.view import CLOSED_KEPT, View, apply, start


def test_an_old_event_changes_nothing() -> None:
    """What the snapshot already holds is not folded twice."""
    view = a_view()
    assert apply(view, FillRecorded(100, NOON, a_fill(9))) is view
    assert apply(view, FillRecorded(101, NOON, a_fill(9))).fills[0].trade_id == "9"


def test_the_view_before_an_event_stays_as_it_was() -> None:
    """The fold never changes what a screen may still be drawing."""
    view = a_view()
    after = apply(view, BotChanged(101, NOON, a_bot(equity=1.0)))
    assert view.bots[BotId("alpha")].equity == 10_123.45
    assert after.bots[BotId("alpha")].equity == 1.0


def test_a_bot_comes_and_goes() -> None:
    """An added bot is there, a removed one is gone with its curve."""
    view = apply(a_view(), BotAdded(101, NOON, a_bot("carol")))
    view = apply(view, BarClosed(102, NOON, BotId("carol"), NOON, 64_000.0, 10_000.0))
    assert view.curves[BotId("carol")] == ((NOON, 10_000.0),)
    view = apply(view, BotRemoved(103, NOON, BotId("carol")))
    assert BotId("carol") not in view.bots
    assert BotId("carol") not in view.curves


def test_open_orders_are_never_pruned() -> None:
    """However many orders close, one that may be at the venue stays in sight."""
    view = a_view()
    for number in range(3, CLOSED_KEPT + 50):
        view = apply(view, OrderChanged(100 + number, NOON, an_order(number, status=OrderStatus.CANCELED)))
    assert ClientOrderId("main-0001-alpha-0002") in view.orders
    assert len(view.orders) == CLOSED_KEPT + 1
    assert [order.status for order in view.open_orders()] == [OrderStatus.OPEN]


def test_a_comparison_replaces_all_rows_of_its_account() -> None:
    """A currency that is gone at the venue is gone here; other accounts keep theirs."""
    other = a_position("ETH", account_id=AccountId("other"))
    view = a_view(positions=[a_position("BTC"), a_position("DOGE"), other])
    view = apply(view, PositionsChanged(101, NOON, AccountId("sim"), [a_position("BTC", "0.001")], []))
    assert [(row.account_id, row.currency) for row in view.positions] == [("other", "ETH"), ("sim", "BTC")]
    assert [row.drift for row in view.drift()] == [Decimal("0.001")]


def test_the_data_age_is_that_of_the_oldest_bot_that_follows_the_market() -> None:
    """A stopped bot's old data is nobody's worry."""
    view = a_view(
        bots=[
            a_bot("alpha", data_recv_ns=NOON - 3 * SECOND),
            a_bot("bravo", data_recv_ns=NOON - 900 * SECOND, state=BotState.STOPPED),
        ]
    )
    assert view.data_age_ns(NOON) == 3 * SECOND
    assert a_view(bots=[]).data_age_ns(NOON) is None


def test_paper_and_real_money_are_summed_apart() -> None:
    """A paper gain never makes a real loss look smaller."""
    view = a_view(bots=[a_bot("alpha", equity=5.0, mode=BotMode.LIVE), a_bot("bravo", equity=7.0)])
    assert (view.equity("real"), view.equity("paper"), view.main) == (5.0, 7.0, "real")


def test_simulated_money_is_never_summed_with_real() -> None:
    """Orders to a simulator are live, but their money is none; one real bot makes it real for all that is said."""
    simulated = [a_bot("alpha", equity=5.0, mode=BotMode.LIVE, simulated=True), a_bot("bravo", equity=7.0)]
    view = a_view(bots=simulated)
    assert (view.equity("real"), view.equity("simulated"), view.main) == (0.0, 5.0, "simulated")
    assert a_view(bots=[*simulated, a_bot("carol", equity=9.0, mode=BotMode.LIVE)]).main == "real"
    assert a_view(bots=[a_bot("alpha", simulated=True)]).main == "paper"


NAMES = st.sampled_from(["alpha", "bravo", "carol"])


@st.composite
def bodies(draw: st.DrawFn) -> AnyEvent:
    """Any event, its seq still 0."""
    name = BotId(draw(NAMES))
    number = draw(st.integers(1, 30))
    amount = draw(st.floats(-1e6, 1e6))
    status = draw(st.sampled_from(list(OrderStatus)))
    account = draw(st.sampled_from(["sim", "other"]))
    position = a_position(draw(st.sampled_from(["BTC", "ETH"])), account_id=AccountId(account))
    return draw(
        st.sampled_from(
            [
                BotAdded(0, NOON, a_bot(name, equity=amount)),
                BotChanged(0, NOON, a_bot(name, equity=amount)),
                BotRemoved(0, NOON, name),
                DecisionMade(0, NOON, name, DecisionRow(NOON, NOON, "long", "why")),
                OrderChanged(0, NOON, an_order(number, status=status, updated_ns=NOON + number)),
                FillRecorded(0, NOON, a_fill(number)),
                BarClosed(0, NOON, name, NOON + number, amount, amount),
                AccountChanged(0, NOON, AccountRow(AccountId(account), "binance", "ready", True)),
                PositionsChanged(0, NOON, AccountId(account), [position], []),
                FeedChanged(0, NOON, FeedRow("binance", number % 2 == 0, number)),
                HaltsChanged(0, NOON, [HaltRow("all", "", "halt", "why", NOON)] if number % 2 else []),
                LineLogged(0, NOON, a_log(number)),
                AlarmRaised(0, NOON, "feed.stale", "it is stale"),
                DaemonStopping(0, NOON, "asked"),
            ]
        )
    )


def snapshot_of(view: View) -> Snapshot:
    """What a daemon in the state of `view` would answer."""
    accounts, feeds = list(view.accounts.values()), list(view.feeds.values())
    return Snapshot(
        seq=view.seq,
        status=replace(view.status, seq=view.seq, accounts=accounts, feeds=feeds, halts=list(view.halts)),
        bots=list(view.bots.values()),
        orders=list(view.orders.values()),
        fills=list(view.fills),
        positions=list(view.positions),
        balances=list(view.balances),
        logs=list(view.logs),
    )


@settings(max_examples=60, deadline=None)
@given(events=st.lists(bodies(), max_size=40), cut=st.integers(0, 40), overlap=st.integers(0, 5))
def test_a_snapshot_and_the_events_after_it_equal_the_whole_fold(
    events: list[AnyEvent], cut: int, overlap: int
) -> None:
    """Attaching late, even with some events told again, shows what attaching early does."""
    numbered = [replace(event, seq=101 + place) for place, event in enumerate(events)]
    cut = min(cut, len(numbered))
    whole = start(a_snapshot())
    for event in numbered[:cut]:
        whole = apply(whole, event)
    late = start(snapshot_of(whole))
    for event in numbered[cut:]:
        whole = apply(whole, event)
    for event in numbered[max(0, cut - overlap) :]:
        late = apply(late, event)
    assert snapshot_of(late) == snapshot_of(whole)
