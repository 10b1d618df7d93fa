"""Where prices come from: a seeded process that switches regimes, recorded bars, or recorded trades.

A source yields bars, and with each the path the price takes inside it. It knows nothing of books or clients.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, Protocol

import msgspec

from algobot.errors import DataError
from algobot.simulator.candles import Candle, bucket


class Point(msgspec.Struct, frozen=True):
    """One print inside a bar: when (0 to 1 of its length), at what price, how much, who was the aggressor."""

    offset: float
    price: float
    volume: float
    buyer_is_maker: bool


class Source(Protocol):
    """A market's future and past."""

    base_ms: int

    def history(self) -> list[Candle]:
        """Return the bars before the start, oldest first."""
        ...

    def next(self) -> tuple[Candle, list[Point]] | None:
        """Return the next bar and its path, or None when there are no more."""
        ...

    def jump(self, price: float) -> bool:
        """Go on from `price` in the bars to come; False where the record decides."""
        ...


def walk(candle: Candle, steps: int, random: Random) -> list[Point]:
    """Return a path through a bar: open, the nearer extreme, the other, close; nothing leaves [low, high]."""
    rising = candle.close >= candle.open
    first, second = (candle.low, candle.high) if rising else (candle.high, candle.low)
    corners = [candle.open, first, second, candle.close]
    if steps <= 4:
        prices = corners
    else:
        prices = [candle.open]
        legs = [steps // 3, steps // 3, steps - 1 - 2 * (steps // 3)]
        noise = (candle.high - candle.low) * 0.05
        for (start, end), leg in zip(pairwise(corners), legs, strict=True):
            for i in range(1, leg):
                price = start + (end - start) * i / leg + random.gauss(0.0, noise)
                prices.append(min(candle.high, max(candle.low, price)))
            prices.append(end)
    share = candle.volume / len(prices)
    before = candle.open if rising else math.inf  # a falling bar opens with a seller
    points = []
    for i, price in enumerate(prices):
        points.append(Point(i / len(prices), price, share, price < before))
        before = price
    return points


REGIMES: Final = (  # drift and volatility of one minute, mean length in bars
    ("calm", 0.0, 0.0004, 90),
    ("rising", 0.00025, 0.0006, 120),
    ("falling", -0.00025, 0.0006, 120),
    ("wild", 0.0, 0.0016, 40),
)


class Synthetic:
    """A price that drifts, calms and panics by turns; the same seed gives the same bars."""

    def __init__(
        self, start_price: float, tick: float, *, base_ms: int, start_ms: int, history: int, steps: int, random: Random
    ) -> None:
        self.base_ms = base_ms
        self._anchor = self._price = start_price
        self._tick = tick
        self._steps = steps
        self._random = random
        self._paths = Random(random.random())  # noqa: S311 - repeatable, not secret
        self._scale = base_ms / 60_000
        self._regime = REGIMES[0]
        self._open_ms = start_ms - history * base_ms
        self._history = [self._bar() for _ in range(history)]

    def history(self) -> list[Candle]:
        """Return the bars made before the start."""
        return self._history

    def next(self) -> tuple[Candle, list[Point]]:
        """Return the next bar; there is always one."""
        candle = self._bar()
        return candle, walk(candle, self._steps, self._paths)

    def jump(self, price: float) -> bool:
        """Go on from `price`."""
        self._price = price
        return True

    def _bar(self) -> Candle:
        random, scale = self._random, self._scale
        if random.random() < scale / self._regime[3]:
            self._regime = random.choice(REGIMES)
        _, drift, volatility, _ = self._regime
        drift -= 0.0002 * math.log(self._price / self._anchor)  # a long leash, so that no price runs away
        parts = 8
        price = opened = high = low = self._round(self._price)
        value = self._price
        for _ in range(parts):
            value *= math.exp(drift * scale / parts + volatility * math.sqrt(scale / parts) * random.gauss(0.0, 1.0))
            price = self._round(value)
            high, low = max(high, price), min(low, price)
        self._price = value
        notional = (
            200_000.0 * scale * (0.3 + abs(price - opened) / (opened * volatility)) * random.lognormvariate(0.0, 0.5)
        )
        candle = Candle(self._open_ms, opened, high, low, price, round(notional / price, 5))
        self._open_ms += self.base_ms
        return candle

    def _round(self, price: float) -> float:
        return max(self._tick, round(round(price / self._tick) * self._tick, 8))


class Replay:
    """Recorded bars, given back exactly; with recorded trades, the path inside each bar is those trades."""

    def __init__(
        self,
        candles: list[Candle],
        *,
        base_ms: int,
        start_ms: int,
        history: int,
        steps: int,
        random: Random,
        trades: dict[int, list[Point]] | None = None,
        end_ms: int | None = None,
        loop: bool = False,
    ) -> None:
        self.base_ms = base_ms
        first = next((i for i, c in enumerate(candles) if c.open_ms >= start_ms), len(candles))
        self._history = candles[max(0, first - history) : first]
        self._future = [c for c in candles[first:] if end_ms is None or c.open_ms < end_ms]
        self._trades = trades or {}
        self._steps = steps
        self._random = random
        self._loop = loop
        self._next = 0
        self._shift = 0

    def history(self) -> list[Candle]:
        """Return the recorded bars before the start."""
        return self._history

    def next(self) -> tuple[Candle, list[Point]] | None:
        """Return the next recorded bar; when looping, later rounds carry later times."""
        if self._next == len(self._future):
            if not (self._loop and self._future):
                return None
            self._shift += self._future[-1].open_ms + self.base_ms - self._future[0].open_ms
            self._next = 0
        candle = self._future[self._next]
        self._next += 1
        path = self._trades.get(candle.open_ms) or walk(candle, self._steps, self._random)
        if self._shift:
            candle = msgspec.structs.replace(candle, open_ms=candle.open_ms + self._shift)
        return candle, path

    def jump(self, price: float) -> bool:
        """The record is not ours to change."""
        return False


class Recording(msgspec.Struct, frozen=True):
    """What a Parquet file holds: bars, and the trades inside them when it holds trades."""

    candles: list[Candle]
    base_ms: int
    trades: dict[int, list[Point]]


def load(path: Path, base_ms: int) -> Recording:
    """Read bars (`time` in ms, open, high, low, close, volume) or trades (`time`, price, qty, buyer_is_maker).

    Bars keep their own length; trades are cut into bars of `base_ms`. Raises DataError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)  # type: ignore[no-untyped-call]
    except (OSError, pa.lib.ArrowInvalid) as error:
        raise DataError(f"cannot read {path}: {error}", hint="give a Parquet file of bars or of trades") from None
    names = set(table.column_names)
    if {"time", "open", "high", "low", "close", "volume"} <= names:
        columns = [table.column(n).to_pylist() for n in ("time", "open", "high", "low", "close", "volume")]
        candles = [Candle(*row) for row in zip(*columns, strict=True)]
        return Recording(_checked(candles, path), _spacing(candles, base_ms), {})
    if {"time", "price", "qty", "buyer_is_maker"} <= names:
        columns = [table.column(n).to_pylist() for n in ("time", "price", "qty", "buyer_is_maker")]
        return _cut(list(zip(*columns, strict=True)), base_ms, path)
    raise DataError(
        f"{path} holds neither bars nor trades: {sorted(names)}", hint="columns: time, open, high, low, close, volume"
    )


def _checked(candles: list[Candle], path: Path) -> list[Candle]:
    before = -1
    for c in candles:
        prices = 0 < c.low <= c.open <= c.high < math.inf and c.low <= c.close <= c.high  # false for NaN anywhere
        sane = prices and 0 <= c.volume < math.inf
        if not sane or c.open_ms <= before:
            raise DataError(f"{path}: the bar at {c.open_ms} is out of order or not a bar: {c}", hint="repair the file")
        before = c.open_ms
    if not candles:
        raise DataError(f"{path} is empty")
    return candles


def _spacing(candles: list[Candle], fallback: int) -> int:
    return min((b.open_ms - a.open_ms for a, b in pairwise(candles[:1000])), default=fallback)


def _cut(rows: list[tuple[int, float, float, bool]], base_ms: int, path: Path) -> Recording:
    trades: dict[int, list[Point]] = {}
    candles: list[Candle] = []
    for time, price, quantity, buyer_is_maker in rows:
        opened = bucket(time, base_ms)
        one = Candle(opened, price, price, price, price, quantity)
        if candles and candles[-1].open_ms == opened:
            candles[-1] = candles[-1].then(one)
        else:
            candles.append(one)
        trades.setdefault(opened, []).append(Point((time - opened) / base_ms, price, quantity, buyer_is_maker))
    return Recording(_checked(candles, path), base_ms, trades)
