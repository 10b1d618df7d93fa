"""A strategy on a stage: bars made by hand, one after the other, and what it says and does on each."""

from __future__ import annotations

from algobot.kernel.session import Session, SimFill
from algobot.model import Bar, Param
from algobot.strategies import registry
from tests.kernel.markets import plain
from tests.strategies.legal import HOUR_NS, MIDNIGHT_NS


class Scene:
    """A session that may be short, fed bars of an hour from a midnight on, without fees."""

    def __init__(self, name: str, *, span_ns: int = HOUR_NS, start_ns: int = MIDNIGHT_NS, **params: Param) -> None:
        self.span_ns = span_ns
        self.now_ns = start_ns
        self.last = 0.0
        self.settings = plain(allow_short=True, lot=1e-6)
        self.session = Session(registry.load(name), params, self.settings)
        self.fills: list[SimFill] = []

    def bar(
        self, close: float, *, start: float = 0.0, high: float = 0.0, low: float = 0.0, volume: float = 10.0
    ) -> str:
        """Close one bar, opening at `start` or where the last one closed; return the reason given."""
        start = start or self.last or close
        high, low = max(high, start, close), min(low or start, start, close)
        bar = Bar(self.now_ns, self.now_ns + self.span_ns, start, high, low, close, volume)
        self.fills = self.session.step(bar)
        self.now_ns += self.span_ns
        self.last = close
        return self.reason

    def bars(self, *closes: float) -> str:
        """Close some bars."""
        return [self.bar(close) for close in closes][-1]

    def skip(self, bars: int) -> None:
        """Let time pass without bars."""
        self.now_ns += bars * self.span_ns

    @property
    def reason(self) -> str:
        """What it said last."""
        return self.session.decision.reason

    @property
    def side(self) -> int:
        """1 long, -1 short, 0 flat."""
        lots = self.session.position_lots
        return (lots > 0) - (lots < 0)

    @property
    def tags(self) -> list[str]:
        """Why the last bar's fills came about."""
        return [fill.tag for fill in self.fills]
