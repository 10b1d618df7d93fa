"""While the database takes no writes: no new order, cancels work, the reason shows, and it heals by itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.campaign import corrupt, disk
from tests.campaign.storm import storm
from tests.campaign.summary import Summary

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("way", disk.WAYS)
async def test_a_disk_that_says_no_stops_entries_alone(tmp_path: Path, way: str) -> None:
    """With one order at rest and one that fills meanwhile; afterwards ledger and venue are equal."""
    summary = Summary("disk", 1)
    await disk.play(tmp_path, way, summary)
    assert summary.violations == []
    assert summary.counts["canceled_meanwhile"] == summary.counts["filled_meanwhile"] == summary.counts["healed"] == 1
    assert summary.counts.get("degraded", 0) == (way != "commit_landed")


def test_random_damage_stops_a_start_or_changes_nothing(tmp_path: Path) -> None:
    """A short form of the campaign; every kind of outcome comes up."""
    summary = Summary("corrupt", 1)
    corrupt.play(tmp_path, 24, 1, summary)
    assert summary.violations == []
    assert summary.counts["refused"] > 0
    assert summary.counts["harmless"] > 0


async def test_a_storm_of_trades_ends_as_the_venues_own_list(tmp_path: Path) -> None:
    """Shuffled, doubled, across a restart; a short form of the campaign."""
    summary = Summary("storm", 1)
    await storm(tmp_path, 2000, random.Random(1), summary)
    assert summary.violations == []
    assert summary.counts["trades"] == 1000
