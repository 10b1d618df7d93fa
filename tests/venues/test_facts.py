from __future__ import annotations

import pytest

from algobot.venues.codes import RULES
from algobot.venues.costs import COSTS, ENDPOINTS
from algobot.venues.facts import facts_of
from tests.venues.canned import canned
from tests.venues.stages import on_simulator


def test_binances_weights_are_the_documented_ones() -> None:
    """Out of 6,000 a minute; orders are counted besides."""
    facts = facts_of("binance")
    assert facts.costs.budget.per_second == 100
    priced = {name: facts.cost(name) for name in ("submit", "cancel", "fetch_order", "open_orders", "open_orders_all")}
    assert priced == {"submit": 1, "cancel": 1, "fetch_order": 4, "open_orders": 6, "open_orders_all": 80}
    assert (facts.cost("fills"), facts.cost("fills_of_order"), facts.cost("balances")) == (20, 5, 20)
    assert [(limit.units, limit.seconds) for limit in facts.costs.orders] == [(100, 10), (200_000, 86_400)]


@pytest.mark.parametrize("adapter", [*sorted(COSTS), "a venue nobody knows"])
def test_every_endpoint_has_a_price_that_the_budget_can_pay(adapter: str) -> None:
    """A call dearer than the whole budget could never go."""
    facts = facts_of(adapter)
    assert facts.costs.budget.per_second > 0
    for endpoint in ENDPOINTS:
        assert 0 <= facts.cost(endpoint) <= facts.costs.budget.units
    with pytest.raises(KeyError):
        facts.cost("withdraw")


def test_every_venue_with_a_table_of_codes_has_prices() -> None:
    """A venue we say we know is known in all respects."""
    assert set(COSTS) == set(RULES)


def test_of_an_unknown_venue_the_most_cautious_is_assumed() -> None:
    """No window, no timer, a request a second."""
    facts = facts_of("a venue nobody knows")
    assert (facts.validity.how, facts.dead_man, facts.costs.budget.per_second) == ("", None, 1.0)


@pytest.mark.anyio
async def test_the_spent_weight_is_what_the_venue_said_last() -> None:
    """On good answers and bad ones; a header that is no number says nothing."""
    async with canned("binance") as (venue, account):
        assert account.used_weight == 0
        venue.say("/api/v3/account", {"balances": []}, X_MBX_USED_WEIGHT_1M="1234")
        await account.balances()
        assert account.used_weight == 1234
        venue.say("/api/v3/account", {"balances": []}, X_MBX_USED_WEIGHT_1M="-7")
        await account.balances()
        assert account.used_weight == 1234


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["binance", "ccxt"])
async def test_the_simulator_says_what_was_spent_as_the_venue_does(kind: str) -> None:
    """And of the key that it cannot withdraw, so there is nothing to warn of."""
    async with on_simulator(kind) as stage:
        await stage.account.balances()
        before = stage.account.used_weight
        await stage.account.balances()
        assert stage.account.used_weight - before == stage.account.facts.cost("balances")
        assert stage.account.warnings == ()
