"""The indicators TA-Lib does not have, against their formula written out over whole arrays."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.kernel.indicators import HOUR_NS, catalogue, over, rough_bars
from tests.kernel.markets import random_bars

DAY_NS = 24 * HOUR_NS
LONG, SHORT, SMOOTH = 14, 5, 3
Market = np.ndarray


def rolling(values: np.ndarray, period: int) -> np.ndarray:
    """Return the last `period` values of each place, a row each; nan where there are not that many."""
    padded = np.concatenate([np.full(period - 1, np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, period)


def shifted(values: np.ndarray, by: int) -> np.ndarray:
    """Return the values of `by` places ago."""
    return np.concatenate([np.full(by, np.nan), values[:-by]])


def middle(market: Market, period: int) -> np.ndarray:
    """Return the middle between the extremes."""
    return (rolling(market["high"], period).max(axis=1) + rolling(market["low"], period).min(axis=1)) / 2


def typical(market: Market) -> np.ndarray:
    """Return the typical price."""
    return (market["high"] + market["low"] + market["close"]) / 3


def pressure(market: Market) -> np.ndarray:
    """Return the volume signed by where the bar closed."""
    reach = market["high"] - market["low"]
    share = (2 * market["close"] - market["high"] - market["low"]) / np.where(reach > 0, reach, 1)
    return np.where(reach > 0, share, 0) * market["volume"]


def exponential(values: np.ndarray, period: int) -> np.ndarray:
    """Return the average seeded with the first value."""
    out = [values[0]]
    for value in values[1:]:
        out.append(out[-1] + 2 / (period + 1) * (value - out[-1]))
    return np.array(out)


def smoothed(values: np.ndarray, period: int) -> np.ndarray:
    """Return Wilder's average: the mean of the first `period`, then one part in `period` of each."""
    out = np.full(len(values), np.nan)
    out[period - 1] = values[:period].mean()
    for i in range(period, len(values)):
        out[i] = (out[i - 1] * (period - 1) + values[i]) / period
    return out


def ranges(market: Market, period: int) -> np.ndarray:
    """Return the average true range, the first bar left out."""
    high, low, last = market["high"][1:], market["low"][1:], market["close"][:-1]
    reach = np.max([high - low, abs(high - last), abs(low - last)], axis=0)
    return np.concatenate([[np.nan], smoothed(reach, period)])


def weighted(values: np.ndarray, period: int) -> np.ndarray:
    """Return the average with weights 1, 2, 3 …."""
    weights = np.arange(1, period + 1)
    return rolling(values, period) @ weights / weights.sum()


def supertrend(market: Market) -> list[np.ndarray]:
    """Return line and side, bar by bar as the charts' formula has it."""
    atr, lines, sides = ranges(market, LONG), [np.nan] * LONG, [0.0] * LONG
    upper = lower = math.nan
    for i in range(LONG, len(market)):
        bar, last = market[i], market[i - 1]["close"]
        up, down = ((bar["high"] + bar["low"]) / 2 + sign * 3.0 * atr[i] for sign in (1, -1))
        if i > LONG:
            up = up if up < upper or last > upper else upper
            down = down if down > lower or last < lower else lower
        upper, lower = up, down
        rising = bar["close"] > upper if sides[-1] <= 0 else bar["close"] >= lower
        sides.append(1.0 if rising else -1.0)
        lines.append(lower if rising else upper)
    return [np.array(lines), np.array(sides)]


def keltner(market: Market) -> list[np.ndarray]:
    """Return the three lines."""
    centre, reach = exponential(market["close"], LONG), 2.0 * ranges(market, SHORT)
    lines = [centre - reach, centre + 0 * reach, centre + reach]
    for line in lines:
        line[: LONG - 1] = np.nan
    return lines


def ichimoku(market: Market) -> list[np.ndarray]:
    """Return the two lines, and the cloud as it was worked out `LONG` bars before."""
    quick, slow = middle(market, SHORT), middle(market, LONG)
    return [quick, slow, shifted((quick + slow) / 2, LONG), shifted(middle(market, 2 * LONG), LONG)]


def macd(market: Market) -> list[np.ndarray]:
    """Return line, signal from the slow period on, and their difference."""
    line = (exponential(market["close"], SHORT) - exponential(market["close"], LONG))[LONG - 1 :]
    follows = exponential(line, SMOOTH)
    return [np.concatenate([np.full(LONG - 1, np.nan), column]) for column in (line, follows, line - follows)]


def session_vwap(market: Market) -> np.ndarray:
    """Return the average price since midnight."""
    out = []
    for i, bar in enumerate(market):
        today = market[: i + 1][market["open_ns"][: i + 1] >= bar["open_ns"] // DAY_NS * DAY_NS]
        volume = today["volume"].sum()
        out.append((typical(today) * today["volume"]).sum() / volume if volume > 0 else typical(market[i : i + 1])[0])
    return np.array(out)


def heikin_ashi(market: Market) -> list[np.ndarray]:
    """Return open, high, low, close."""
    closes = (market["open"] + market["high"] + market["low"] + market["close"]) / 4
    opens = [(market["open"][0] + market["close"][0]) / 2]
    for close in closes[:-1]:
        opens.append((opens[-1] + close) / 2)
    both = np.array([opens, closes])
    return [
        both[0],
        np.vstack([both, market["high"]]).max(axis=0),
        np.vstack([both, market["low"]]).min(axis=0),
        closes,
    ]


def pivots(market: Market) -> list[np.ndarray]:
    """Return the seven levels of the last hour that was over when the bar closed."""
    rows = []
    for bar in market:
        end = bar["close_ns"] // HOUR_NS * HOUR_NS
        before = market[(market["close_ns"] <= end)]
        if len(before) == 0:
            rows.append([np.nan] * 7)
            continue
        start = before[-1]["open_ns"] // HOUR_NS * HOUR_NS
        hour = before[before["open_ns"] >= start]
        high, low, close = hour["high"].max(), hour["low"].min(), hour["close"][-1]
        p = (high + low + close) / 3
        rows.append(
            [p, 2 * p - low, 2 * p - high, p + high - low, p - high + low, high + 2 * (p - low), low - 2 * (high - p)]
        )
    return list(np.array(rows).T)


def bands(market: Market) -> list[np.ndarray]:
    """Return width and %b of two deviations; 0.5 where there is no width."""
    window = rolling(market["close"], LONG)
    centre, reach = window.mean(axis=1), 2 * window.std(axis=1)
    still = np.ptp(window, axis=1) == 0
    share = (market["close"] - centre + reach) / np.where(still, 1, 2 * reach)
    return [np.where(still, 0, 2 * reach / centre), np.where(still, 0.5, share)]


def ratio(above: np.ndarray, below: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
    """Return the quotient of two rolling sums, and something else where there is nothing to divide by."""
    above, below = rolling(above, LONG).sum(axis=1), rolling(below, LONG).sum(axis=1)
    return np.where(below == 0, otherwise, above / np.where(below == 0, 1, below))


def scores(market: Market) -> np.ndarray:
    """Return the distance from the mean in deviations, 0 where there are none."""
    window = rolling(market["close"], LONG)
    still = np.ptp(window, axis=1) == 0
    away = (market["close"] - window.mean(axis=1)) / np.where(still, 1, window.std(axis=1))
    return np.where(still, 0, away)


def ranks(market: Market) -> np.ndarray:
    """Return the share of the others below, half of those equal."""
    window = rolling(market["close"], LONG)
    value = market["close"][:, None]
    out = ((window < value).sum(axis=1) + ((window == value).sum(axis=1) - 1) / 2) / (LONG - 1) * 100
    return np.where(np.isnan(window[:, 0]), np.nan, out)


def realised(market: Market) -> np.ndarray:
    """Return the volatility of a year of 365 bars."""
    changes = np.concatenate([[np.nan], np.diff(np.log(market["close"]))])
    return np.sqrt(rolling(changes**2, LONG).mean(axis=1) * 365)


def hull(market: Market) -> np.ndarray:
    """Return the average of twice the quick one less the slow one."""
    twice = 2 * weighted(market["close"], LONG // 2) - weighted(market["close"], LONG)
    return weighted(twice, int(math.sqrt(LONG)))


FORMULAS: dict[str, Callable[[Market], np.ndarray | list[np.ndarray]]] = {
    "lag": lambda m: shifted(m["close"], LONG),
    "ema": lambda m: exponential(m["close"], LONG),
    "wilder": lambda m: smoothed(m["close"], LONG),
    "stdev": lambda m: rolling(m["close"], LONG).std(axis=1),
    "zscore": scores,
    "band_width": bands,
    "hull": hull,
    "supertrend": supertrend,
    "keltner": keltner,
    "ichimoku": ichimoku,
    "realised_volatility": realised,
    "percent_rank": ranks,
    "typical": lambda m: [typical(m), pressure(m)],
    "chaikin_money_flow": lambda m: ratio(pressure(m), m["volume"], 0.0),
    "rolling_vwap": lambda m: ratio(typical(m) * m["volume"], m["volume"], typical(m)),
    "session_vwap": session_vwap,
    "volume_ratio": lambda m: (
        ratio(np.zeros(len(m)), m["volume"], 0.0)
        + np.nan_to_num(m["volume"] / np.maximum(rolling(m["volume"], LONG).mean(axis=1), 1e-300), nan=0.0)
    ),
    "heikin_ashi": heikin_ashi,
    "pivots": pivots,
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("market", [random_bars(1500), rough_bars(1500, 8)], ids=["plain", "rough"])
def test_it_is_the_formula(name, market):
    """Undefined at the same places, and else the same to 1e-9."""
    expected = FORMULAS[name](market)
    columns = expected if isinstance(expected, list) else [expected]
    for ours, direct in zip(over(catalogue(LONG, SHORT, SMOOTH)[name], market).T, columns, strict=True):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(direct))
        np.testing.assert_allclose(ours, direct, rtol=1e-9, atol=1e-9)


def test_macd_is_the_formula():
    """Its signal begins at the slow period, and all three show once the signal is complete."""
    market = random_bars(400)
    columns, hidden = macd(market), LONG + SMOOTH - 2
    for ours, direct in zip(over(catalogue(LONG, SHORT, SMOOTH)["macd"], market).T, columns, strict=True):
        assert np.isnan(ours[:hidden]).all()
        np.testing.assert_allclose(ours[hidden:], direct[hidden:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["sma", "wma", "slope", "stdev", "total", "rolling_vwap", "chaikin_money_flow"])
def test_a_million_bars_later_it_is_still_the_formula(name):
    """Huge spikes, dead calm and a fall to a billionth on the way: 1e-9 of the window's values, nothing built up."""
    rng = np.random.default_rng(3)
    market = random_bars(1_000_000, step=0.0005)
    factor = np.ones(len(market))
    factor[rng.integers(0, len(market), 200)] = 1e6
    factor[700_000:] *= 1e-9
    for field in ("open", "high", "low", "close"):
        market[field] *= factor
        market[field][400_000:400_400] = market[field][400_000]
    market["volume"] *= factor
    market["volume"][300_000:300_100] = 0.0
    where = np.concatenate(
        [rng.integers(600, 1_000_000, 3000), np.arange(400_000, 400_500), np.arange(699_990, 700_300)]
    )
    x = np.arange(50) - 24.5
    formulas: dict[str, Callable[[Market], float]] = {
        "sma": lambda m: m["close"].mean(),
        "wma": lambda m: np.average(m["close"], weights=np.arange(1, 51)),
        "slope": lambda m: (x * (m["close"] - m["close"].mean())).sum() / (x * x).sum(),
        "stdev": lambda m: m["close"].std(),
        "total": lambda m: m["volume"].sum(),
        "rolling_vwap": lambda m: np.average(typical(m), weights=m["volume"] if m["volume"].any() else m["volume"] + 1),
        "chaikin_money_flow": lambda m: pressure(m).sum() / (m["volume"].sum() or 1.0),
    }
    out = over(catalogue(50)[name], market)[:, 0]
    for i in where:
        window = market[i - 49 : i + 1]
        near = {
            "stdev": 1e-12 * window["close"].max(),
            "slope": 1e-12 * window["close"].max(),
            "chaikin_money_flow": 1e-9,
        }
        expected = formulas[name](window)
        if name == "rolling_vwap" and not window["volume"].any():
            expected = typical(window)[-1]
        assert out[i] == pytest.approx(expected, rel=1e-9, abs=near.get(name, 0.0))
