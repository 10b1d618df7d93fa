"""Stages beside each other on one machine."""

from __future__ import annotations

from algobot.cli.stage import a_stage


def test_two_stages_share_no_key_and_no_place() -> None:
    """A second demo is not refused for the first one's key: one daemon per key is the rule."""
    with a_stage() as one, a_stage() as other:
        assert one.key != other.key
        assert {one.state, one.socket, one.truth}.isdisjoint({other.state, other.socket, other.truth})
