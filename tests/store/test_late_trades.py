"""A trade that is told again after its order was let go of changes nothing, in the ledger or in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from algobot.model import OrderStatus
from tests.daemon.stage import ALPHA, BTC, a_stage, an_intent
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_trade_of_a_forgotten_order_is_recognised_by_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its order, which comes back from the ledger with its trades, and is dropped."""
    monkeypatch.setattr("daemon.gateway.book.ENDED_KEPT", 0)
    async with a_stage(tmp_path) as stage:
        [order] = await stage.placed(an_intent(price=None))
        await until(lambda: stage.now(order).status is OrderStatus.FILLED)
        await stage.store.flush()
        book = stage.gateway._on.book
        position = book.positions[ALPHA, BTC]
        book.forget_ended()
        assert stage.gateway.order(order.client_order_id) is None
        for trade in stage.venue.trades:
            stage.gateway._intake.fill(trade)
        assert book.parked
        await stage.gateway._looks.trades({BTC})
        assert not book.parked
        assert book.positions[ALPHA, BTC] == position
        await stage.assert_equal_to_venue()
        assert stage.alarms() == set()
