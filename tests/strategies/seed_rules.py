"""The rules of the published strategies written down a second time, in plain Python over whole arrays.

Each is a class that is asked once a bar, in order: `say(t, side, entry, closes, …)` returns what the fold must say.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.kernel.test_indicators_seeds import exponential, hidden, reaches, smoothed

Values = Sequence[float]


class Said(NamedTuple):
    """What a strategy says on one bar."""

    wants: int | None  # 1 long, -1 short, 0 flat, None nothing
    stop: float  # distances from an entry
    target: float
    score: float = 1.0
    follows: float = 0.0  # a stop that only tightens; 0 is none


class Market:
    """The arrays of a market; an unknown value is nan."""

    def __init__(self, bars: np.ndarray) -> None:
        self.bars = bars
        self.open, self.high, self.low, self.close, self.volume = (
            bars[name].tolist() for name in ("open", "high", "low", "close", "volume")
        )

    def ema(self, period: int) -> np.ndarray:
        """Return the average of closes."""
        return hidden(exponential(self.close, period), period - 1)

    def atr(self, period: int) -> Values:
        """Return the average true range."""
        return smoothed(reaches(self.bars), period)

    def adx(self, period: int) -> Values:
        """Return the directional index."""
        ups, downs = [0.0], [0.0]
        for (high, low), (higher, lower) in itertools.pairwise(zip(self.high, self.low, strict=True)):
            rise, fall = higher - high, low - lower
            ups.append(rise if rise > fall and rise > 0 else 0.0)
            downs.append(fall if fall > rise and fall > 0 else 0.0)
        apart = []
        rows = zip(smoothed(ups, period), smoothed(downs, period), self.atr(period), strict=True)
        for plus, minus, _ in rows:
            apart.append(100 * abs(plus - minus) / (plus + minus) if plus + minus else 0.0)
        return [math.nan] * (period - 1) + smoothed(apart[period - 1 :], period)

    def rsi(self, period: int) -> np.ndarray:
        """Return the relative strength."""
        steps = [b - a for a, b in itertools.pairwise(self.close)]
        ups = exponential([0.1] + [max(step, 0.0) for step in steps], period)
        downs = exponential([0.1] + [max(-step, 0.0) for step in steps], period)
        return hidden([100 * up / (up + down) for up, down in zip(ups, downs, strict=True)], period - 1)

    def top(self, t: int, count: int) -> float:
        """Return the highest high of the `count` bars before t."""
        return max(self.high[t - count : t])

    def bottom(self, t: int, count: int) -> float:
        """Return the lowest low of the `count` bars before t."""
        return min(self.low[t - count : t])


class Pause:
    """Bars to wait after each closed position, the bar that sees it counted."""

    def __init__(self, bars: int) -> None:
        self.bars, self.closes, self.left = bars, 0, 0

    def over(self, closes: int) -> bool:
        """Return whether it is over on this bar."""
        if closes != self.closes:
            self.closes, self.left = closes, self.bars
        self.left = max(self.left - 1, 0)
        return self.left == 0


class QuickFlip:
    """A close beyond the range; a stop that follows once an ATR is won."""

    def __init__(self, p: Any, market: Market) -> None:
        self.p, self.m, self.atr, self.pause = p, market, market.atr(p.atr_period), Pause(p.cooldown)

    def say(self, t: int, side: int, entry: float, closes: int) -> Said:
        """Return what it says."""
        p, m, over = self.p, self.m, self.pause.over(closes)
        close = m.close[t]
        atr = self.atr[t] if self.atr[t] == self.atr[t] else 0.02 * close
        said = Said(None, p.stop_atr * atr, p.target_atr * atr)
        if t + 1 < p.range_bars + p.atr_period + 5:
            return said
        if side:
            won = (close - entry) * side
            follows = max(close - atr, entry) if side > 0 else min(close + atr, entry)
            return said._replace(follows=follows) if won >= atr else said
        high, low = m.top(t, p.range_bars), m.bottom(t, p.range_bars)
        if not over or (p.min_range_pct and high - low < p.min_range_pct * atr):
            return said
        return said._replace(wants=self.entry(t, high, low))

    def entry(self, t: int, high: float, low: float) -> int | None:
        """Return the side of an entry."""
        p, m = self.p, self.m
        before, close = m.close[t - 1], m.close[t]
        body = (close - m.open[t]) / (m.high[t] - m.low[t])
        near = 0.1 * (high - low)
        if before <= high < close and (not p.body_ratio or body >= p.body_ratio):
            return 1
        if p.allow_shorts and before >= low > close and (not p.body_ratio or -body >= p.body_ratio):
            return -1
        if p.enable_reversals and body > 0 and body >= p.body_ratio and m.low[t] <= low + near and before > low:
            return 1
        short = p.enable_reversals and p.allow_shorts
        if short and body < 0 and -body >= p.body_ratio and m.high[t] >= high - near and before < high:
            return -1
        return None


class RangeBreakout:
    """A close beyond the range with range, volume and trend behind it."""

    def __init__(self, p: Any, market: Market) -> None:
        self.p, self.m, self.pause = p, market, Pause(p.cooldown)
        self.atr, self.adx = market.atr(p.atr_period), market.adx(p.adx_period)
        self.trend = market.ema(p.trend_ema) if p.trend_ema else None

    def say(self, t: int, side: int, entry: float, closes: int) -> Said:
        """Return what it says."""
        p, m, over = self.p, self.m, self.pause.over(closes)
        close = m.close[t]
        atr = self.atr[t] if self.atr[t] == self.atr[t] else 0.02 * close
        said = Said(None, p.stop_atr * atr, p.target_atr * atr)
        if t + 1 < max(p.lookback, p.trend_ema) + p.atr_period + 2:
            return said
        if side:
            follows = close - side * p.trailing_atr * atr
            nearer = (follows - (entry - side * p.stop_atr * atr)) * side > 0
            return said._replace(follows=follows) if p.use_trailing and (close - entry) * side > 0 and nearer else said
        if not over:
            return said
        for way, edge in ((1, m.top(t, p.lookback)), (-1, m.bottom(t, p.lookback))):
            crossed = (close - edge) * way > 0 >= (m.close[t - 1] - edge) * way
            if crossed and (way > 0 or p.allow_shorts) and self.agrees(t, way):
                return said._replace(wants=way)
        return said

    def agrees(self, t: int, way: int) -> bool:
        """Return whether all that is known agrees with a breakout."""
        p, m, n = self.p, self.m, t + 1
        past = self.atr[t - 4] if t >= 4 and self.atr[t - 4] == self.atr[t - 4] else 0.0
        count = min(20, n - 1)
        usual = sum(m.volume[t - count : t]) / count
        return (
            (n < 2 * p.atr_period or self.atr[t] > 0.9 * past)
            and (n < 20 or m.volume[t] > 0.8 * usual)
            and (not p.min_adx or n < 2 * p.adx_period or self.adx[t] >= p.min_adx)
            and (self.trend is None or (m.close[t] - self.trend[t]) * way > 0)
        )


class MomentumScalper:
    """Long while the averages agree; out with them, with MACD or by the clock."""

    def __init__(self, p: Any, market: Market) -> None:
        self.p, self.m, self.closes, self.left, self.held = p, market, 0, 0, 0
        self.fast, self.slow = market.ema(p.ema_fast), market.ema(p.ema_slow)
        self.atr, self.adx = market.atr(p.atr_period), market.adx(p.adx_period)
        pairs = zip(exponential(market.close, p.macd_fast), exponential(market.close, p.macd_slow), strict=True)
        self.line = [fast - slow for fast, slow in pairs]
        self.signal = exponential(self.line, p.macd_signal)

    def score(self, t: int) -> float:
        """Return the weight of what MACD says."""
        histogram = [self.line[i] - self.signal[i] for i in (max(t - 1, 0), t)]
        if not self.p.use_macd or t < self.p.macd_slow - 1 or histogram[1] == 0:
            return 0.8
        strong = t >= self.p.macd_slow and abs(histogram[1]) > 0 and (histogram[1] - histogram[0]) * histogram[1] > 0
        if histogram[1] > 0:
            return 1.3 if strong else 1.1
        return 0.5 if strong else 0.6

    def say(self, t: int, side: int, entry: float, closes: int) -> Said:
        """Return what it says."""
        p, close, score = self.p, self.m.close[t], self.score(t)
        if closes != self.closes:
            self.closes, self.left, self.held = closes, p.cooldown_bars, 0
        self.held, self.left = (self.held + 1, self.left) if side else (self.held, max(self.left - 1, 0))
        atr = self.atr[t] if self.atr[t] == self.atr[t] else 0.01 * close
        said = Said(None, p.stop_atr_multiple * atr, p.target_atr_multiple * atr, score)
        if t + 1 < max(p.ema_slow, p.ema_trend, p.macd_slow + p.macd_signal, 2 * p.adx_period) + 5:
            return said
        fast, slow, bearish = self.fast[t], self.slow[t], score < 0.7
        if side:
            if (close - entry) / atr >= p.trailing_activation:
                said = said._replace(follows=close - p.trailing_atr_multiple * atr)
            out = (p.exit_on_cross and fast < slow) or self.held >= p.max_hold_bars or bearish
            return said._replace(wants=0) if out else said
        strong = not p.adx_threshold or self.adx[t] >= p.adx_threshold
        return said._replace(wants=1) if not self.left and fast > slow and strong and not bearish else said


class VolatilityRegime:
    """Near a new high while volatility is low or usual and the trend is up."""

    def __init__(self, p: Any, market: Market) -> None:
        self.p, self.m = p, market
        self.atr, self.adx = market.atr(p.atr_period), market.adx(p.adx_period)
        self.fast, self.slow = market.ema(p.ema_fast), market.ema(p.ema_slow)

    def say(self, t: int, side: int, entry: float, closes: int) -> Said | None:
        """Return what it says; None while it only warms up."""
        p, m = self.p, self.m
        close, atr = m.close[t], self.atr[t]
        if t + 1 < max(p.atr_period + 2 * p.adx_period, p.atr_period + p.volatility_lookback, p.ema_slow):
            return None
        ratio = atr / np.mean(self.atr[t + 1 - p.volatility_lookback : t + 1])
        rising = self.fast[t] > self.slow[t] and self.adx[t] > p.adx_threshold
        calm = ratio < p.expansion_threshold
        score = (1.0 if rising else 0.5) if calm else 0.0
        said = Said(None, p.stop_atr_multiple * atr, p.target_atr_multiple * atr, score)
        if side:
            if (close - entry) / atr >= p.trailing_activation:
                least = entry - p.stop_atr_multiple * atr
                said = said._replace(follows=max(close - p.trailing_atr_multiple * atr, least))
            out = ratio >= p.extreme_threshold or (close >= entry and close < self.slow[t])
            return said._replace(wants=0) if out else said
        level = m.top(t, p.volatility_lookback) - p.breakout_atr_multiple * atr
        return said._replace(wants=1) if calm and rising and m.close[t - 1] <= level < close else said


class Account(NamedTuple):
    """What a grid is told."""

    quantity: float  # signed
    entry: float
    equity: float
    peak: float
    resting: list[tuple[int, float]]  # side and price


class Ladders(NamedTuple):
    """What a grid says: the side it wants, or limit orders of (side, price, quantity)."""

    wants: int | None
    orders: list[tuple[int, float, float]]
    score: float
    follows: float


class RegimeGrid:
    """Ladders around the close while the market stands or rises calmly."""

    def __init__(self, p: Any, market: Market) -> None:
        self.p, self.m = p, market
        self.atr, self.kill, self.adx = market.atr(p.adx_period), market.atr(14), market.adx(p.adx_period)
        self.short, self.long, self.rsi = market.ema(p.ema_short), market.ema(p.ema_long), market.rsi(p.rsi_period)
        self.paused_until, self.breached = 0.0, 0.0

    def regime(self, t: int) -> str:
        """Return the market's regime."""
        p, close = self.p, self.m.close[t]
        if abs(close - self.m.open[t]) / self.m.open[t] > p.high_volatility_candle:
            return "jumpy"
        adx, short, long, rsi = self.adx[t], self.short[t], self.long[t], self.rsi[t]
        if np.isnan([adx, short, long, rsi]).any():
            return "unknown"
        if adx < p.adx_sideways and abs(close - short) / short <= p.ema_band:
            return "sideways"
        if close < long and rsi < p.rsi_bear:
            return "bearish"
        return "bullish" if close > long and p.rsi_bull_min <= rsi <= p.rsi_bull_max else "jumpy"

    def say(self, t: int, account: Account) -> Ladders:
        """Return what it says."""
        p, close, regime = self.p, self.m.close[t], self.regime(t)
        side = int(np.sign(account.quantity))
        follows = 0.0
        if side and (close - account.entry) * side / account.entry >= p.trailing_activation:
            reach = self.atr[t] if self.atr[t] == self.atr[t] else 0.02 * close
            follows = close - side * p.trailing_atr_multiple * reach
        quiet = Ladders(None, [], {"sideways": 1.5, "bullish": 1.0}.get(regime, 0.0), follows)
        if t + 1 < max(p.ema_long, p.adx_period, p.rsi_period):
            return quiet
        stopped = self.stopped(t, account)
        if stopped is not None:
            return quiet._replace(wants=0) if stopped else quiet
        if regime in ("bearish", "jumpy"):
            return quiet._replace(wants=0)
        return quiet if regime == "unknown" else quiet._replace(orders=self.ladders(regime, close, account))

    def stopped(self, t: int, account: Account) -> bool | None:
        """Return whether it goes flat (True) or does nothing (False); None where nothing stops it."""
        p, end = self.p, float(self.m.bars["close_ns"][t])
        if end < self.paused_until:
            return False
        if self.kill[t] / self.m.close[t] > p.volatility_kill:
            self.paused_until = end + p.pause_hours * 3600e9
            return True
        if self.breached:
            if account.equity < 0.95 * self.breached:
                return True
            self.breached = 0.0
        peak = max(account.peak, account.equity)
        if 1 - account.equity / peak > p.max_drawdown:
            self.breached = peak
            return True
        return None

    def ladders(self, regime: str, close: float, account: Account) -> list[tuple[int, float, float]]:
        """Return the limit orders."""
        p, held = self.p, abs(account.quantity)
        may = account.equity * p.max_capital_usage
        if held * close >= 0.95 * may:
            count = min(5, p.max_grids)
            return self.rungs(-1, close, p.grid_spacing, count, held / count, account)
        if regime == "sideways":
            buys = sells = min(p.max_grids, 10)
            spacing = selling = p.grid_spacing
        else:
            buys, sells = p.bull_max_grids, max(p.bull_max_grids // 2, 1)
            spacing, selling = p.bull_grid_spacing, p.bull_sell_target
        each = may / (buys + sells) / close
        orders = self.rungs(1, close, spacing, buys, each, account)
        if held:
            orders += self.rungs(-1, close, selling, sells, min(each, held / sells), account)
        return orders

    def rungs(self, side: int, close: float, spacing: float, count: int, each: float, account: Account) -> list:
        """Return a ladder without the rungs near an order that rests."""
        step = close * spacing
        prices = [close - side * i * step for i in range(1, count + 1)]
        near = [[abs(price - other) < 0.2 * step for way, other in account.resting if way == side] for price in prices]
        return [(side, price, each) for price, there in zip(prices, near, strict=True) if not any(there)]
