"""The face the daemon uses: what it takes, what it refuses, and what it costs."""

from __future__ import annotations

import math
import time
import tracemalloc

import msgspec
import pytest

from algobot.errors import CheckpointMismatch, DataError, StrategyError
from algobot.kernel.session import Decision, Request, Session, Settings
from algobot.model import MINUTE_NS, Bar, Param
from algobot.strategies import registry
from tests.kernel.markets import model_bars, plain, random_bars

TINY: dict[str, Param] = {"fast": 1, "slow": 2, "atr_period": 1}


def crossover(settings: Settings | None = None, **params: Param) -> Session:
    """Return a session that is long whenever the last close rose."""
    return Session(registry.load("ma_crossover"), {**TINY, **params}, settings or plain(lot=1.0, capital=1000.0))


def bar(index: int, close: float, low: float | None = None, high: float | None = None) -> Bar:
    """Return a one-minute bar that opens at its close."""
    start = index * MINUTE_NS
    return Bar(start, start + MINUTE_NS, close, high or close, low or close, close, 1.0)


def feed(session: Session, *closes: float, method: str = "warm") -> list[object]:
    """Fold bars from wherever the session is, and return what the last gave."""
    start = session.last_bar_ns // MINUTE_NS
    results = [getattr(session, method)(bar(start + i, close)) for i, close in enumerate(closes)]
    return results[-1]


def test_warming_decides_but_does_not_trade():
    """History is folded, the decision is there, nothing waits and nothing was bought."""
    session = crossover()
    feed(session, 10.0, 11.0, 12.0)
    assert session.decision == Decision("long", "fast SMA 12 above slow SMA 11.5", {"fast": 12.0, "slow": 11.5})
    assert (session.waiting, session.position_lots, session.cash, session.bars) == ([], 0, 1000.0, 3)


def test_a_wish_becomes_a_market_order_for_the_difference():
    """20 % of 1000 at 20 is 10; what is on its way counts as there; an exit sells what is held."""
    session = crossover()
    feed(session, 10.0)
    assert feed(session, 20.0, method="decide") == [Request("market", 1, 10, 0.0, "entry")]
    start = session.last_bar_ns // MINUTE_NS
    assert session.decide(bar(start, 21.0), pending_lots=10) == []
    session.apply_fill(1, 10, 20.5, 0.1, 5)
    assert (session.position_lots, session.average_price) == (10, 20.5)
    assert session.cash == pytest.approx(1000 - 205 - 0.1)
    assert feed(session, 22.0, method="decide") == []
    assert feed(session, 19.0, method="decide") == [Request("market", -1, 10, 0.0, "exit", reduce_only=True)]
    session.apply_fill(-1, 10, 19.5, 0.1, 6)
    assert session.realised == pytest.approx(-10.0)
    assert session.fees == pytest.approx(0.2)
    assert session.equity(1e9) == pytest.approx(1000 - 10.2)


def test_pending_lots_that_must_go_again_are_sold():
    """A buy still on its way when the strategy wants out: the exit counts it."""
    session = crossover()
    feed(session, 10.0)
    feed(session, 20.0, method="decide")
    start = session.last_bar_ns // MINUTE_NS
    assert session.decide(bar(start, 15.0), pending_lots=10) == [Request("market", -1, 10, 0.0, "exit", True)]
    assert session.decide(bar(start + 1, 14.0), pending_lots=0) == []


def test_a_turn_around_is_an_exit_and_an_entry():
    """Long to short is two orders, so that an account that may not open still closes."""
    short = crossover(plain(lot=1.0, capital=1000.0, allow_short=True))
    feed(short, 10.0)
    short.apply_fill(-1, 7, 10.0, 0.0)
    assert feed(short, 20.0, method="decide") == [
        Request("market", 1, 7, 0.0, "exit", reduce_only=True),
        Request("market", 1, 9, 0.0, "entry"),
    ]
    again = crossover(plain(lot=1.0, capital=1000.0, allow_short=True))
    feed(again, 10.0)
    again.apply_fill(-1, 7, 10.0, 0.0)
    start = again.last_bar_ns // MINUTE_NS
    assert again.decide(bar(start, 20.0), may_open=False) == [Request("market", 1, 7, 0.0, "exit", reduce_only=True)]
    assert again.decision.reason.endswith("(opens nothing now)")


def test_a_paused_paper_bot_opens_nothing_that_waited():
    """The entry queued before the pause is dropped at its bar; an exit still goes."""
    session = crossover()
    feed(session, 10.0, 11.0, method="step")
    assert [request.tag for request in session.waiting] == ["entry"]
    start = session.last_bar_ns // MINUTE_NS
    assert session.step(bar(start, 12.0), may_open=False) == []
    assert session.position_lots == 0
    assert session.waiting == []
    feed(session, 13.0, 14.0, method="step")
    assert session.position_lots > 0
    start = session.last_bar_ns // MINUTE_NS
    session.step(bar(start, 9.0), may_open=False)
    assert [fill.tag for fill in session.step(bar(start + 1, 9.0), may_open=False)] == ["exit"]


def test_protection_is_asked_price_by_price():
    """Stop and target of a live position, long: the stop first, nothing between, nothing when flat."""
    session = crossover(stop_atr=1.0, target_atr=2.0)
    assert session.protect(1.0) is None
    feed(session, 10.0)
    feed(session, 20.0, method="decide")  # ATR 10: stop 10, target 40
    session.apply_fill(1, 10, 20.0, 0.0)
    assert (session.stop_price, session.target_price) == (10.0, 40.0)
    assert session.protect(10.5) is None
    assert session.protect(10.0) == Request("market", -1, 10, 0.0, "stop", reduce_only=True)
    assert session.protect(9.0) == session.protect(10.0)
    assert session.protect(40.0) == Request("market", -1, 10, 0.0, "target", reduce_only=True)
    assert session.protect(math.nan) is None
    session.apply_fill(-1, 10, 10.0, 0.0)
    assert session.protect(9.0) is None


def test_an_entry_that_was_refused_leaves_no_protection_behind():
    """A later position without a stop of its own does not inherit one."""
    session = crossover(stop_atr=1.0)
    feed(session, 10.0)
    feed(session, 20.0, method="decide")
    feed(session, 5.0, 4.0, method="decide")
    session.apply_fill(1, 10, 4.0, 0.0)
    assert session.stop_price == 0.0


def test_the_position_can_be_corrected_and_closed():
    """After a fee in base the floor is set; closing sells the rest at the price, less slippage and fee."""
    session = crossover(plain(lot=1.0, capital=1000.0, taker_fee=0.01, slippage=0.1))
    session.apply_fill(1, 10, 20.0, 0.0)
    session.set_position(9)
    assert (session.position_lots, session.average_price) == (9, 20.0)
    fill = session.close_now(30.0, 77)
    assert fill is not None
    assert (fill.ts_ns, fill.side, fill.lots, fill.price, fill.tag) == (77, -1, 9, 27.0, "close")
    assert fill.fee == pytest.approx(2.43)
    assert fill.realised == pytest.approx(63.0)
    assert session.close_now(30.0, 78) is None
    assert session.cash == pytest.approx(1000 - 200 + 243 - 2.43)
    assert session.last_equity == session.cash
    with pytest.raises(DataError, match="nan"):
        session.close_now(math.nan, 1)


def test_orders_that_wait_can_be_dropped():
    """Stopping a paper bot leaves nothing to fill later."""
    session = crossover()
    feed(session, 10.0, 11.0, method="step")
    assert session.cancel_waiting() == 1
    assert session.waiting == []


GOOD = bar(0, 10.0, low=9.0, high=11.0)


@pytest.mark.parametrize("method", ["warm", "decide", "step"])
@pytest.mark.parametrize(
    "wrong",
    [
        {name: value}
        for name in ("open", "high", "low", "close", "volume")
        for value in (math.nan, math.inf, -math.inf, -1.0, 0.0)
        if (name, value) != ("volume", 0.0)
    ]
    + [{"high": 9.5}, {"low": 10.5}, {"open": 12.0}, {"close": 8.0}],
)
def test_a_bar_no_market_has_is_refused_before_anything_changes(method, wrong):
    """Not finite, not positive, or not enclosing its own prices: `DataError`, and the same bytes as before."""
    session = crossover()
    feed(session, 10.0, 11.0, method="step")
    before = session.snapshot()
    later = {"open_ns": 10 * MINUTE_NS, "close_ns": 11 * MINUTE_NS}
    with pytest.raises(DataError, match=f"bar at {10 * MINUTE_NS}"):
        getattr(session, method)(msgspec.structs.replace(GOOD, **later, **wrong))
    assert session.snapshot() == before


@pytest.mark.parametrize("method", ["warm", "decide", "step"])
def test_a_bar_that_was_seen_changes_nothing(method):
    """Bars that come again after a reconnect, or out of order, are not folded twice."""
    session = crossover()
    feed(session, 10.0, 11.0, 12.0, method="step")
    before = session.snapshot()
    for index in (0, 2):
        assert not getattr(session, method)(bar(index, 50.0))
    assert session.snapshot() == before
    assert session.bars == 3


def test_a_checkpoint_of_something_else_is_refused():
    """Other parameters, another strategy, or cut bytes: an error, and the session as it was."""
    session, other = crossover(), crossover(slow=3)
    feed(session, 10.0, 11.0, method="step")
    saved, untouched = session.snapshot(), other.snapshot()
    for data in (saved, b"", saved[:-1], saved + b"x", b"x" * len(saved)):
        with pytest.raises(CheckpointMismatch) as told:
            other.restore(data)
        assert "warms up afresh" in told.value.hint
        assert other.snapshot() == untouched
    fresh = crossover()
    fresh.restore(saved)
    assert fresh.snapshot() == saved
    assert fresh.waiting == session.waiting
    assert session.layout != other.layout
    assert "ma_crossover(1, 2" in session.layout


def test_settings_can_change_while_it_runs():
    """Smaller entries from now on; the ledger stays."""
    session = crossover()
    feed(session, 10.0)
    session.change_settings(session.settings._replace(position_fraction=0.5))
    assert feed(session, 20.0, method="decide") == [Request("market", 1, 25, 0.0, "entry")]
    assert session.cash == 1000.0


def test_a_day_begins_at_midnight_utc_with_the_equity_of_the_last_bar():
    """The daily loss limit counts from there and lets go on the next day."""
    session = crossover(plain(lot=1.0, capital=1000.0, position_fraction=1.0, max_daily_loss_fraction=0.1))
    day = 1440
    for index, close in ((0, 10.0), (1, 11.0), (2, 11.0), (3, 8.0), (4, 8.0), (5, 9.0), (6, 9.5)):
        session.step(bar(index, close))
    assert session.day_start_equity == 1000.0
    assert session.position_lots == 0
    assert session.last_equity < 900.0
    assert session.decision.word == "long"
    assert session.decision.reason.endswith("(daily loss limit reached)")
    for index, close in ((day, 9.6), (day + 1, 9.7)):
        session.step(bar(index, close))
    assert session.day_start_equity == session.last_equity
    assert session.day_start_ns == 86_400 * 10**9
    assert session.position_lots > 0


def test_an_unknown_parameter_is_refused_at_birth():
    """With the nearest name."""
    with pytest.raises(StrategyError, match="no parameter 'fsat'"):
        crossover(fsat=3)


def test_a_thousand_sessions_are_small_and_quick():
    """Under 34 KB each beside the code; a bar costs microseconds (the bound here allows a loaded machine)."""
    strategies = [registry.load(name) for name in registry.BUILT_IN]
    bars = model_bars(random_bars(20))
    keep = [Session(strategy, {}, plain()) for strategy in strategies]
    for session in keep:
        session.step(bars[0])
    tracemalloc.start()
    sessions = [Session(strategies[i % 3], {}, plain()) for i in range(999)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(sessions) < 34_000
    start = time.process_time()
    for one in bars:
        for session in sessions:
            session.step(one)
    assert (time.process_time() - start) / (len(bars) * len(sessions)) < 100e-6
