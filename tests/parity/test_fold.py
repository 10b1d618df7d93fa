"""One loop for backtest, paper and live: the same bits, however the history is cut and whoever runs it."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algobot.kernel.session import Session, Settings, SimFill
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Bar, Param
from algobot.research.backtest import run
from algobot.strategies import registry
from tests.kernel.markets import model_bars, own_strategy, plain, random_bars

QUICK: dict[str, dict[str, Param]] = {  # short periods, so that a short history trades a lot
    "ma_crossover": {"fast": 2, "slow": 5, "stop_atr": 1.0, "target_atr": 2.0, "atr_period": 3},
    "trend_following": {"ma_fast": 2, "ma_slow": 6, "adx_period": 3, "adx_threshold": 5.0, "max_hold_bars": 7},
    "mean_reversion": {"rsi_period": 3, "bb_period": 5, "bb_std": 0.8, "trend_filter_ma": 9, "cooldown_bars": 1}
    | {"oversold": 45.0, "overbought": 55.0, "trend_filter_threshold": 0.5},
    "scribbler": {"lots": 300},
}
ROUGH = plain(
    maker_fee=0.0002,
    taker_fee=0.0007,
    slippage=0.0003,
    tick=0.01,
    allow_short=True,
    position_fraction=0.5,
    max_position_fraction=0.7,
    max_drawdown_fraction=0.6,
    max_daily_loss_fraction=0.2,
    max_order_notional=40_000.0,
)

FINE = ROUGH._replace(
    path="ohlc",
    participation_fraction=0.3,
    latency_ns=90 * 10**9,
    fee_tiers=((0.0, 0.0002, 0.0006), (1e6, 0.0, 0.0005)),
)


def strategy_named(name: str, folder: Path) -> Strategy:
    """Return a built-in strategy or the tests' own."""
    return own_strategy(name, folder) if name == "scribbler" else registry.load(name)


def stepped(session: Session, bars: list[Bar]) -> list[SimFill]:
    """Return all fills of a paper session over these bars."""
    return [fill for bar in bars for fill in session.step(bar)]


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_paper_bot_is_the_backtest_bit_by_bit(name, seed, tmp_path):
    """Bar by bar through a session or all at once through the bench: the same fills and the same equity."""
    strategy, bars = strategy_named(name, tmp_path), random_bars(1500, seed, step=0.02)
    outcome = run(strategy, QUICK[name], [Series("X", 60, bars)], ROUGH)
    session = Session(strategy, QUICK[name], ROUGH)
    curve, fills = [], []
    for bar in model_bars(bars):
        fills += session.step(bar)
        curve.append(session.last_equity)
    assert fills == outcome.fills[0]
    assert len(fills) > 50
    assert curve == outcome.curve.tolist()


@given(
    name=st.sampled_from(list(QUICK)),
    seed=st.integers(0, 1_000_000),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    short=st.booleans(),
    fine=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_the_history_is_cut_the_state_is_the_same_bits(name, seed, cuts, short, fine, tmp_path):
    """A session saved and restored anywhere ends with the same fills and the same snapshot as one never interrupted."""
    limits = (FINE if fine else ROUGH)._replace(allow_short=short)
    params = QUICK[name] | ({"seed": seed} if name == "scribbler" else {})
    strategy, bars = strategy_named(name, tmp_path), model_bars(random_bars(200, seed, step=0.03))
    whole = Session(strategy, params, limits)
    fills = stepped(whole, bars)
    parts: list[SimFill] = []
    session = Session(strategy, params, limits)
    for start, end in itertools.pairwise([0, *sorted(cuts), 200]):
        saved = session.snapshot()
        session = Session(strategy, params, limits)
        session.restore(saved)
        parts += stepped(session, bars[start:end])
    assert parts == fills
    assert session.snapshot() == whole.snapshot()
    assert session.decision == whole.decision


def digest_of_runs() -> str:
    """Return a hash of fills and snapshots of many runs; run in two processes, compiled and interpreted."""
    from tempfile import TemporaryDirectory

    digest = hashlib.sha256()
    with TemporaryDirectory() as folder:
        for name, params in QUICK.items():
            strategy = strategy_named(name, Path(folder))
            for seed in range(4):
                limits = (ROUGH, FINE, FINE._replace(path="adaptive", latency_ns=0, sell_next_day=True), ROUGH)[seed]
                session = Session(strategy, params, limits._replace(allow_short=seed % 2 == 0))
                for bar in model_bars(random_bars(250, seed, step=0.02)):
                    digest.update(repr(session.step(bar)).encode())
                    digest.update(repr(session.decision).encode())
                digest.update(session.snapshot())
    return digest.hexdigest()


def test_compiled_equals_interpreted():
    """`ALGOBOT_JIT=0` runs the same source in plain Python and ends with the same bits."""
    program = "import tests.parity.test_fold as t; print(t.digest_of_runs())"
    answers = []
    for jit in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env={**os.environ, "ALGOBOT_JIT": jit},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", QUICK)
def test_a_live_bot_whose_orders_fill_at_the_next_open_is_the_backtest(name, tmp_path):
    """Market orders filled at the open without fees or stops: live decisions make the paper bot's trades."""
    if name == "scribbler":
        return live_scribbler_never_fails(tmp_path)
    params = QUICK[name] | ({"stop_atr": 0.0, "target_atr": 0.0} if name == "ma_crossover" else {})
    limits = plain(allow_short=True)
    live, paper = Session(registry.load(name), params, limits), Session(registry.load(name), params, limits)
    waiting: list[tuple[int, int, str]] = []
    sent, filled = [], []
    for bar in model_bars(random_bars(800, 5, step=0.02)):
        for side, lots, tag in waiting:
            live.apply_fill(side, lots, bar.open, 0.0, bar.open_ns)
            sent.append((bar.open_ns, side, lots, bar.open, tag))
        waiting = [(request.side, request.lots, request.tag) for request in live.decide(bar)]
        filled += [(fill.ts_ns, fill.side, fill.lots, fill.price, fill.tag) for fill in paper.step(bar)]
        assert live.position_lots == paper.position_lots
        assert live.cash == paper.cash
        assert live.decision == paper.decision
    assert sent == filled
    assert len(sent) > 20


def live_scribbler_never_fails(tmp_path: Path) -> None:
    """Every kind of request comes out, and any fill of it is booked."""
    session = Session(own_strategy("scribbler", tmp_path), QUICK["scribbler"], ROUGH)
    kinds = set()
    for bar in model_bars(random_bars(2000, 5, step=0.02)):
        for request in session.decide(bar, pending_lots=0):
            kinds.add(request.kind)
            if request.kind == "market":
                session.apply_fill(request.side, request.lots, bar.close, 0.0)
    assert kinds == {"market", "limit", "stop", "cancel", "stop_limit", "take_profit", "trailing"}


def test_two_symbols_on_one_account_share_its_cash(tmp_path):
    """What one symbol spends the other cannot; equity is cash and both positions; gaps of one leave the other alone."""
    bars, other = random_bars(800, 1, step=0.02), random_bars(800, 2, step=0.02, start=50.0)
    other = other[np.random.default_rng(0).random(800) > 0.3]
    limits = ROUGH._replace(position_fraction=0.9, max_position_fraction=0.9, allow_short=False, max_order_notional=0.0)
    strategy = registry.load("ma_crossover")
    both = run(strategy, QUICK["ma_crossover"], [Series("A", 60, bars), Series("B", 60, other)], limits)
    alone = run(strategy, QUICK["ma_crossover"], [Series("A", 60, bars)], limits)
    assert [len(fills) > 20 for fills in both.fills] == [True, True]
    assert both.fills[0] != alone.fills[0]
    every = sorted((fill for fills in both.fills for fill in fills), key=lambda fill: (fill.ts_ns, fill.side))
    cash, lowest = limits.capital, limits.capital
    for fill in every:
        cash -= fill.side * fill.lots * limits.lot * fill.price + fill.fee
        lowest = min(lowest, cash)
    assert lowest > -1e-6
    same = run(strategy, QUICK["ma_crossover"], [Series("A", 60, bars), Series("B", 60, bars[:1])], limits)
    assert same.fills[0] == alone.fills[0]


def test_bars_before_the_start_only_warm_up(tmp_path):
    """A run that trades from a moment on equals a session warmed up to it."""
    bars = random_bars(400, 3, step=0.02)
    outcome = run(
        registry.load("trend_following"),
        QUICK["trend_following"],
        [Series("X", 60, bars)],
        ROUGH,
        trade_from_ns=int(bars["close_ns"][200]),
    )
    session = Session(registry.load("trend_following"), QUICK["trend_following"], ROUGH)
    for bar in model_bars(bars[:200]):
        session.warm(bar)
    assert session.cash == ROUGH.capital
    assert stepped(session, model_bars(bars[200:])) == outcome.fills[0]
    assert outcome.metrics.bars == 200


def test_the_longest_history_does_not_outgrow_the_engines_room_for_fills(tmp_path, monkeypatch):
    """More fills than fit at once are taken over in pieces: the same list as bar by bar."""
    strategy, bars = own_strategy("scribbler", tmp_path), random_bars(6000, 11, step=0.02)
    params: dict[str, Param] = {"lots": 20, "calm": 1}
    limits = Settings(0.001, 0.0, 0.0, 0.0, 1e9, allow_short=True, max_position_fraction=0.0)
    outcome = run(strategy, params, [Series("X", 60, bars)], limits)
    session = Session(strategy, params, limits)
    assert outcome.fills[0] == stepped(session, model_bars(bars))
    assert len(outcome.fills[0]) > 4096
