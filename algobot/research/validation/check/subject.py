"""A strategy on its bars, and the ways to run it that the checks compare."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from algobot.kernel.records import Records
from algobot.kernel.session import Session, Settings, SimFill
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series, as_bar
from algobot.model import Bar, Param
from algobot.research import backtest
from algobot.research.backtest import Outcome

_HASH_BYTES: Final = 6
_NUMBER: Final = re.compile(r"[-+]?(\d[\d.,]*(e[-+]?\d+)?|nan|inf)")


class Said(NamedTuple):
    """A decision without its words: what it wants, why and the numbers."""

    word: str
    reason: str
    values: tuple[float, ...]

    @property
    def kind(self) -> tuple[str, str]:
        """What it wants and why, without the numbers: orders of its own show in the reason alone."""
        return self.word, _NUMBER.sub("#", self.reason)


class Subject(NamedTuple):
    """What is checked, and on what."""

    strategy: Strategy
    bars: Records
    settings: Settings

    @property
    def warmup(self) -> int:
        """Bars until it decides, as it says of its defaults."""
        return self.strategy.warmup(self.strategy.params({}))

    def session(self, params: Mapping[str, Param] | None = None) -> Session:
        """Return a fresh one."""
        return Session(self.strategy, params or {}, self.settings)

    def at_once(self, bars: Records) -> Outcome:
        """Return the backtest: the engine has all bars in memory, as a look ahead would need."""
        span_ns = int(bars["close_ns"][0] - bars["open_ns"][0])
        return backtest.run(self.strategy, {}, [Series("CHECK", span_ns, bars)], self.settings)

    def fold(self, bars: Records) -> list[Said]:
        """Return what it says after each bar when it never trades: its opinion, not its position's history."""
        session = self.session()
        said = []
        for bar in model_bars(bars):
            session.warm(bar)
            word, reason, values = session.decision
            said.append(Said(word, reason, tuple(values.values())))
        return said


def model_bars(bars: Records) -> list[Bar]:
    """Return records as a feed's bars."""
    return [as_bar(row) for row in bars]


def step_all(session: Session, bars: list[Bar]) -> tuple[list[SimFill], list[float]]:
    """Return a paper bot's fills and its equity after each bar."""
    fills: list[SimFill] = []
    curve: list[float] = []
    for bar in bars:
        fills += session.step(bar)
        curve.append(session.last_equity)
    return fills, curve


def digests(session: Session, bars: list[Bar]) -> list[str]:
    """Return a short hash of all a paper bot did, said and was after each bar: equal only if every bit is."""
    found = []
    for bar in bars:
        fills = session.step(bar)
        digest = hashlib.blake2b(digest_size=_HASH_BYTES)
        digest.update(repr((fills, session.decision, session.cash, session.position_lots)).encode())
        digest.update(session.snapshot())
        found.append(digest.hexdigest())
    return found
