"""A handful of cells of the fault matrix; `python -m tests.campaign faults` plays them all."""

from __future__ import annotations

from random import Random

import pytest

from tests.campaign.faults import line_of, play_round
from tests.campaign.matrix import FAULTS, OPERATIONS, NotApplicable

pytestmark = pytest.mark.e2e

SHORT = ("lost_reply/place_market", "rate_ban/place_limit", "inert_cancel/cancel", "cut_frame/fill", "gap/reconcile")


def test_a_handful_of_faults_leaves_the_ledger_equal_to_the_venue() -> None:
    """No order doubled, no fill lost, nobody asked during a ban; every fault struck."""
    outcomes = list(play_round(1, SHORT))
    assert {outcome.cell.name for outcome in outcomes} == set(SHORT)
    wrong = [line_of(outcome) for outcome in outcomes if outcome.verdict != "ok"]
    assert not wrong, "\n".join(wrong)
    assert all(outcome.struck for outcome in outcomes)


def test_every_cell_has_rules_or_a_reason() -> None:
    """A fault is known by name for every operation; where it cannot strike it says why."""
    reasons = []
    for name, make in FAULTS.items():
        for operation in OPERATIONS:
            try:
                make(operation, Random(name))
            except NotApplicable as reason:
                reasons.append(str(reason))
    assert all(reasons)
    assert len(reasons) < len(FAULTS) * len(OPERATIONS) * 0.2
