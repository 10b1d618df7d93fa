"""Curves of several bots as one. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from algobot.model import BotId
from tui.view import Curve


def total(curves: Mapping[BotId, Curve], *, besides: float = 0.0) -> list[tuple[int, float]]:
    """The sum of the curves wherever any has a point; before its first point a bot counts with that point.

    `besides` is what those are worth that have no curve yet: they count all along.
    """
    known = {name: curve for name, curve in curves.items() if curve}
    if not known:
        return []
    latest = {name: curve[0][1] for name, curve in known.items()}
    points = sorted((ts_ns, name, value) for name, curve in known.items() for ts_ns, value in curve)
    summed: list[tuple[int, float]] = []
    for ts_ns, name, value in points:
        latest[name] = value
        point = (ts_ns, besides + sum(latest.values()))
        if summed and summed[-1][0] == ts_ns:
            summed[-1] = point
        else:
            summed.append(point)
    return summed
