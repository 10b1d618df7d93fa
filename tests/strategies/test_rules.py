"""The built-in strategies against their rules written down a second time, in plain Python over whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from algobot.kernel.session import Session
from algobot.market.store import read_bars
from algobot.model import Param
from algobot.strategies import registry
from tests.kernel.markets import model_bars, plain, random_bars

REAL = ("BINANCE_BTC_USDT_1d", "BINANCE_ETH_USDT_4h", "HYPERLIQUID_SOL_USDC_1h")
WORDS = {1: "long", -1: "short", 0: "flat", None: "keep"}


def decided(name: str, params: dict[str, Param], bars: np.ndarray) -> list[str]:
    """Return the word of every bar, from a session that may be short and whose orders fill at the next open."""
    session = Session(registry.load(name), params, plain(allow_short=True, max_position_fraction=0.0))
    words = []
    for bar in model_bars(bars):
        session.step(bar)
        words.append(session.decision.word)
    return words


def ma_crossover_rules(bars: np.ndarray, fast: int, slow: int) -> list[str]:
    """Long while fast above slow, flat otherwise."""
    close = bars["close"]
    a, b = talib.SMA(close, fast), talib.SMA(close, slow)
    return ["long" if x > y else "flat" for x, y in zip(a, b, strict=True)]


def trend_following_rules(bars: np.ndarray, p: dict[str, Param]) -> list[str]:
    """The seven rules, the first that applies decides."""
    close, high, low = (np.ascontiguousarray(bars[name]) for name in ("close", "high", "low"))
    fast, slow = talib.SMA(close, p["ma_fast"]), talib.SMA(close, p["ma_slow"])
    adx, atr = talib.ADX(high, low, close, p["adx_period"]), talib.ATR(high, low, close, p["atr_period"])
    position, held, words = 0, 0, []
    for i in range(len(close)):
        said: int | None
        usual = atr[i - 19 : i + 1].mean() if i >= 19 else np.nan
        if (
            np.isnan([fast[i], slow[i], adx[i], usual]).any()
            or atr[i] > p["atr_critical_multiplier"] * usual
            or adx[i] < p["adx_threshold"]
        ):
            said = 0
        elif position != 0:
            held += 1
            crossed = fast[i] < slow[i] if position > 0 else fast[i] > slow[i]
            said = 0 if held >= p["max_hold_bars"] or crossed else None
        elif fast[i] > slow[i] and close[i] > max(fast[i], slow[i]):
            said = 1
        elif fast[i] < slow[i] and close[i] < min(fast[i], slow[i]):
            said = -1
        else:
            said = None
        if said == 0:
            held = 0
        position = position if said is None else said
        words.append(WORDS[said])
    return words


def mean_reversion_rules(bars: np.ndarray, p: dict[str, Param]) -> list[str]:
    """The six rules, the first that applies decides."""
    close = np.ascontiguousarray(bars["close"])
    rsi, sma = talib.RSI(close, p["rsi_period"]), talib.SMA(close, p["trend_filter_ma"])
    upper, middle, lower = talib.BBANDS(close, p["bb_period"], p["bb_std"], p["bb_std"])
    position, held, since, words = 0, 0, 10**9, []
    for i in range(len(close)):
        said: int | None = None
        if np.isnan([rsi[i], sma[i], middle[i]]).any():
            words.append("flat")
            continue
        if position != 0:
            held += 1
        else:
            since += 1
        away = close[i] / sma[i] - 1
        if position != 0 and held >= p["max_hold_bars"]:
            said = 0
        elif position > 0:
            said = 0 if close[i] >= middle[i] or rsi[i] >= 50 else None
        elif position < 0:
            said = 0 if close[i] <= middle[i] or rsi[i] <= 50 else None
        elif since >= p["cooldown_bars"]:
            if rsi[i] < p["oversold"] and close[i] < lower[i] and away >= -p["trend_filter_threshold"]:
                said = 1
            elif rsi[i] > p["overbought"] and close[i] > upper[i] and away <= p["trend_filter_threshold"]:
                said = -1
        if said == 0:
            held, since = 0, 0
        position = position if said is None else said
        words.append(WORDS[said])
    return words


TREND = registry.load("trend_following").Params()._asdict()
REVERSION = registry.load("mean_reversion").Params()._asdict()


@pytest.mark.parametrize("changes", [{}, {"ma_fast": 3, "ma_slow": 9, "adx_threshold": 10.0, "max_hold_bars": 6}])
@pytest.mark.parametrize("seed", range(5))
def test_trend_following_says_what_its_rules_say_on_random_markets(seed, changes):
    """Every bar's word is equal, and all words occur."""
    bars, params = random_bars(3000, seed), {**TREND, **changes}
    expected = trend_following_rules(bars, params)
    assert decided("trend_following", params, bars) == expected
    assert set(expected) == {"long", "short", "flat", "keep"}


def test_trend_following_steps_aside_in_a_wild_market():
    """Sudden ranges of many times the usual make it flat by the ATR rule."""
    bars = random_bars(3000, 9)
    for at in range(200, 3000, 300):
        bars["high"][at] *= 1.5
    params = {**TREND, "atr_critical_multiplier": 1.5}
    assert decided("trend_following", params, bars) == trend_following_rules(bars, params)
    assert trend_following_rules(bars, params) != trend_following_rules(bars, TREND)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rsi_period": 5, "bb_period": 8, "bb_std": 1.2, "max_hold_bars": 4, "cooldown_bars": 0},
        {"rsi_period": 3, "bb_period": 4, "bb_std": 0.7, "max_hold_bars": 9, "cooldown_bars": 3},
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_mean_reversion_says_what_its_rules_say_on_random_markets(seed, changes):
    """Every bar's word is equal, and all words occur."""
    bars, params = random_bars(6000, seed, step=0.004), {**REVERSION, **changes}
    expected = mean_reversion_rules(bars, params)
    assert decided("mean_reversion", params, bars) == expected
    assert set(expected) == {"long", "short", "flat", "keep"}


@pytest.mark.parametrize(("fast", "slow"), [(2, 3), (20, 50), (50, 200)])
def test_ma_crossover_says_what_its_rule_says(fast, slow):
    """Long while fast above slow, flat otherwise, from the bar on which both averages exist."""
    bars = random_bars(3000, fast)
    expected = ma_crossover_rules(bars, fast, slow)
    assert decided("ma_crossover", {"fast": fast, "slow": slow, "atr_period": 1}, bars) == expected
    assert set(expected) == {"long", "flat"}


@pytest.mark.parametrize("name", REAL)
def test_all_three_follow_their_rules_on_real_bars(name, real_file):
    """On years of recorded bars every word is equal."""
    bars = read_bars(real_file(name)).bars[:20_000]
    assert decided("trend_following", TREND, bars) == trend_following_rules(bars, TREND)
    assert decided("mean_reversion", REVERSION, bars) == mean_reversion_rules(bars, REVERSION)
    assert decided("ma_crossover", {}, bars) == ma_crossover_rules(bars, 20, 50)


def test_a_stopped_crossover_waits_for_the_next_cross():
    """After its stop it stays out while the same trend lasts, and enters again after a new cross."""
    bars = random_bars(2000, 4, step=0.02)
    params: dict[str, Param] = {"fast": 10, "slow": 40, "stop_atr": 0.5}
    session = Session(registry.load("ma_crossover"), params, plain())
    above = [word == "long" for word in ma_crossover_rules(bars, 10, 40)]
    runs_entered: dict[int, int] = {}
    run, stops = 0, 0
    for i, bar in enumerate(model_bars(bars)):
        for fill in session.step(bar):
            stops += fill.tag == "stop"
            if fill.side > 0:
                runs_entered[run] = runs_entered.get(run, 0) + 1
        run += not above[i]
    assert stops > 10
    assert set(runs_entered.values()) == {1}


def test_every_decision_gives_its_reason():
    """Each bar of each strategy explains itself, and the blanks are filled from the numbers named."""
    for name in registry.BUILT_IN:
        session = Session(registry.load(name), {}, plain(allow_short=True))
        seen = set()
        for bar in model_bars(random_bars(3000, 2)):
            session.step(bar)
            decision = session.decision
            assert decision.reason
            assert "{" not in decision.reason
            seen.add(decision.reason.split()[0])
        assert len(seen) >= 2


QUICK_PERIODS: dict[str, dict[str, Param]] = {
    "ma_crossover": {"fast": 2, "slow": 4, "atr_period": 30},
    "trend_following": {"ma_fast": 2, "ma_slow": 4, "adx_period": 30, "atr_period": 5},
    "mean_reversion": {"rsi_period": 40, "bb_period": 5, "trend_filter_ma": 9},
}


@pytest.mark.parametrize("name", QUICK_PERIODS)
def test_warmup_is_the_bars_until_the_first_real_decision(name):
    """One bar less and the indicators are not complete; with the last of them they are."""
    strategy = registry.load(name)
    for params in ({}, QUICK_PERIODS[name]):
        session = Session(strategy, params, plain())
        bars = model_bars(random_bars(300, 1))
        needed = strategy.warmup(strategy.params(params))
        for bar in bars[: needed - 1]:
            session.warm(bar)
        assert "not complete" in session.decision.reason
        session.warm(bars[needed - 1])
        assert "not complete" not in session.decision.reason
