"""What a bot holds: the session follows the exact book, and dust is no position."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from algobot.kernel.session import Session, SimFill
from algobot.model import BotMode, Fill, Side, TradeId
from algobot.strategies import registry
from daemon.holding import Holding, settings_of
from daemon.messages import FillArrived
from tests.daemon.builders import a_fill, a_spec
from tests.model.test_instrument import BTC


@pytest.fixture
def holding() -> Holding:
    """A live bot's, on BTC/USDT: lot 0.00001, least notional 5."""
    spec = a_spec(mode=BotMode.LIVE)
    return Holding(spec, BTC, Session(registry.load(spec.strategy), {}, settings_of(spec, BTC)))


def tell(holding: Holding, number: int, fill: Fill) -> None:
    """Deliver a fill as number `number` of the ledger."""
    holding.venue_fill(FillArrived(msgspec.structs.replace(fill, trade_id=TradeId(str(number))), number))


def test_a_base_fee_leaves_the_session_with_what_can_be_sold(holding: Holding) -> None:
    """Bought 0.01883 at a fee of 0.1 % in BTC: 0.01881 whole lots are there."""
    tell(holding, 1, a_fill(Side.BUY, "0.01883", "100000", fee="0.00001883", fee_currency="BTC"))
    assert holding.book.position == Decimal("0.01881117")
    assert holding.session.position_lots == 1881


def test_dust_that_grew_beyond_a_lot_is_still_no_position(holding: Holding) -> None:
    """After many round trips the crumbs make a lot, worth 1 USDT: too little to sell, so the strategy sees none."""
    number = 0
    for _ in range(12):
        number += 2
        tell(holding, number - 1, a_fill(Side.BUY, "0.01883", "100000", fee="0.00001883", fee_currency="BTC"))
        tell(holding, number, a_fill(Side.SELL, "0.01881", "100000"))
    assert holding.book.position > BTC.lot
    assert holding.session.position_lots == 0


def test_the_next_entry_takes_the_dust_along(holding: Holding) -> None:
    """Crumbs are sold with the next position: they are not lost, only too small alone."""
    tell(holding, 1, a_fill(Side.BUY, "0.00002", "100000"))
    assert holding.session.position_lots == 0
    tell(holding, 2, a_fill(Side.BUY, "0.01000", "100000"))
    assert holding.session.position_lots == 1002


def test_a_paper_fill_on_a_bar_seen_before_is_a_fill_of_its_own(holding: Holding) -> None:
    """A market that is replayed under the same state directory has the same bars: no fill is taken for another."""
    done = SimFill(ts_ns=1, side=1, lots=10, price=100.0, fee=0.1, is_maker=False, tag="entry")
    ids = {holding.paper_fill(done, bar_close_ns=60, recv_ns=1).trade_id for _ in range(3)}
    assert len(ids) == 3
