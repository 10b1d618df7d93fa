"""Playing it again: what may vary varies, what may not does not, and a seed is a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import UsageError
from algobot.kernel.session import check_bar
from algobot.market.store import Series, as_bar
from algobot.research import backtest
from algobot.research.validation.figures import figures
from algobot.research.validation.montecarlo import (
    block_length,
    bootstrapped,
    in_pieces,
    many,
    shuffled,
    stationary,
)
from algobot.research.validation.otherbars import on_other_bars, perturbed
from algobot.strategies import registry
from tests.kernel.markets import plain, random_bars

HOUR_NS = 3600 * 10**9


def returns(count: int = 1000, seed: int = 1, mean: float = 0.0005) -> np.ndarray:
    """Return seeded normal returns."""
    return np.random.default_rng(seed).normal(mean, 0.01, count)


def autoregressive(rho: float, count: int, seed: int) -> np.ndarray:
    """Return a series that remembers its last value by `rho`."""
    noise = np.random.default_rng(seed).standard_normal(count)
    found = np.zeros(count)
    for at in range(1, count):
        found[at] = rho * found[at - 1] + noise[at]
    return found


def test_every_order_of_the_trades_ends_alike_and_falls_otherwise():
    """The mean drawdown over orders is known: that of many permutations by plain numpy."""
    trades = returns(60)
    found = shuffled(trades, 400, 5, ruin_fraction=0.5)
    assert found.return_quantiles is not None
    assert found.return_quantiles["0.01"] == pytest.approx(found.return_quantiles["0.99"])
    assert found.return_quantiles["0.5"] == pytest.approx(np.prod(1 + trades) - 1)
    assert found.sharpe_quantiles is None
    rng = np.random.default_rng(99)
    depths = []
    for _ in range(2000):
        equity = np.concatenate([[1.0], np.cumprod(1 + rng.permutation(trades))])
        depths.append((1 - equity / np.maximum.accumulate(equity)).max())
    assert found.max_drawdown_quantiles is not None
    assert found.max_drawdown_quantiles["0.5"] == pytest.approx(np.median(depths), rel=0.1)
    worse = np.mean(np.array(depths) >= found.was.max_drawdown_fraction)
    assert found.deeper_probability == pytest.approx(worse, abs=0.08)


def test_all_losses_first_is_ruin_however_it_ends():
    """Ruin is ever being so far below the start."""
    trades = np.array([-0.3] * 4 + [0.5] * 4)
    found = shuffled(trades, 500, 1, ruin_fraction=0.6)
    assert 0.0 < found.ruin_probability < 0.5
    assert found.loss_probability == 0.0
    assert shuffled(trades, 50, 1, ruin_fraction=0.99).ruin_probability == 0.0


def test_the_bootstrap_keeps_mean_and_spread():
    """The mean log growth over runs is the original's, its deviation that of independent returns."""
    given_ = returns(500)
    found = many(2000, 3, lambda rng: figures(given_[stationary(500, 1.0, rng)], 365.0))
    logs = np.log1p([one.return_fraction for one in found])
    own = np.log1p(given_)
    assert logs.mean() == pytest.approx(own.sum(), abs=4 * own.std() * np.sqrt(500) / np.sqrt(2000))
    assert logs.std() == pytest.approx(own.std() * np.sqrt(500), rel=0.08)


def test_longer_blocks_keep_what_returns_remember():
    """For returns that go on as they began, blocks of the right length spread wider than single ones."""
    given_ = autoregressive(0.8, 2000, 1) * 0.002
    single = bootstrapped(given_, 365.0, 400, 2, ruin_fraction=0.5, block=1)
    chosen = bootstrapped(given_, 365.0, 400, 2, ruin_fraction=0.5)
    assert chosen.block > 10
    assert single.return_quantiles is not None
    assert chosen.return_quantiles is not None
    wide, narrow = (q["0.95"] - q["0.05"] for q in (chosen.return_quantiles, single.return_quantiles))
    assert wide > 2 * narrow


@given(count=st.integers(2, 400), block=st.floats(1.0, 50.0), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_a_resampled_history_has_as_many_returns_all_of_the_original(count, block, seed):
    """Positions of the original, each draw the same for the same generator."""
    order = stationary(count, block, np.random.default_rng(seed))
    assert len(order) == count
    assert ((order >= 0) & (order < count)).all()
    assert order.tolist() == stationary(count, block, np.random.default_rng(seed)).tolist()


def test_a_block_that_never_ends_goes_around_once():
    """The original from somewhere on, and its beginning after its end."""
    order = stationary(50, 1e12, np.random.default_rng(4))
    assert order.tolist() == [(order[0] + at) % 50 for at in range(50)]


def test_blocks_have_the_mean_length_asked_for():
    """Counted as runs of followers, over a long history."""
    order = stationary(200_000, 20.0, np.random.default_rng(1))
    blocks = 1 + (np.diff(order) % 200_000 != 1).sum()
    assert 200_000 / blocks == pytest.approx(20.0, rel=0.05)


@pytest.mark.parametrize(("rho", "count"), [(0.3, 2000), (0.7, 2000), (0.9, 4000)])
def test_the_rule_for_the_block_is_near_the_best_for_a_known_memory(rho, count):
    """For an autoregression the best is (2 rho / (1 - rho²))^⅔ n^⅓; the rule estimates it from the data."""
    best = (2 * rho / (1 - rho**2)) ** (2 / 3) * count ** (1 / 3)
    found = [block_length(autoregressive(rho, count, seed)) for seed in range(12)]
    assert np.mean(found) == pytest.approx(best, rel=0.3)


def test_returns_that_remember_nothing_or_never_move_need_no_blocks():
    """Near 1; exactly 1 for a flat line."""
    assert np.mean([block_length(returns(2000, seed)) for seed in range(10)]) < 6.0
    assert block_length(np.zeros(100)) == 1.0


def test_a_long_history_is_taken_in_pieces_that_come_to_the_same():
    """At most 50,000 steps; their growth is that of all."""
    many_returns = returns(175_000, 4) * 0.1
    pieces, each = in_pieces(many_returns)
    assert (len(pieces), each) == (43_750, 4)
    assert np.log1p(pieces).sum() == pytest.approx(np.log1p(many_returns).sum())


def test_the_same_seed_gives_the_same_and_another_another():
    """Whatever the threads do."""
    one, two, other = (bootstrapped(returns(), 365.0, 200, seed, ruin_fraction=0.5) for seed in (7, 7, 8))
    assert one == two
    assert one.return_quantiles != other.return_quantiles


@given(seed=st.integers(0, 10_000), noise=st.floats(0.0, 2.0), tick=st.sampled_from([0.0, 0.01, 5.0]))
@settings(max_examples=40, deadline=None)
def test_perturbed_bars_are_bars(seed, noise, tick):
    """High and low enclose the others, prices are positive and whole ticks, times stay; gaps stay gaps."""
    bars = random_bars(80, seed, start=300.0)
    changed = perturbed(bars, np.random.default_rng(seed), noise, tick)
    for row in changed:
        check_bar(as_bar(row))
    assert (changed["open_ns"] == bars["open_ns"]).all()
    if tick == 0.0:
        gaps = bars["open"][1:] / bars["close"][:-1]
        assert changed["open"][1:] / changed["close"][:-1] == pytest.approx(gaps)
    else:
        assert changed["close"] / tick == pytest.approx(np.round(changed["close"] / tick))


def test_bars_that_are_not_perturbed_give_the_original_and_noise_gives_others():
    """Without noise every run is the run itself; with it none is."""
    strategy = registry.load("ma_crossover")
    series, limits = [Series("X", HOUR_NS, random_bars(900, 3, span_ns=HOUR_NS))], plain(taker_fee=0.001)
    params = {"fast": 3, "slow": 10}
    own = backtest.run(strategy, params, series, limits).metrics.return_fraction

    def vary(noise: float) -> object:
        return on_other_bars(
            strategy, params, series, limits, trade_from_ns=0, noise=noise, runs=8, seed=1, ruin_fraction=0.5
        )

    still, moved = vary(0.0), vary(0.3)
    assert list(still.return_quantiles.values()) == pytest.approx([own] * 7)  # type: ignore[attr-defined]
    assert still.deeper_probability == 1.0  # type: ignore[attr-defined]
    assert moved.was == still.was  # type: ignore[attr-defined]
    assert len(set(moved.return_quantiles.values())) > 4  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shuffled(np.zeros(1), 10, 1, ruin_fraction=0.5), "1 trades cannot be shuffled"),
        (lambda: bootstrapped(np.zeros(1), 365.0, 10, 1, ruin_fraction=0.5), "1 returns are too few"),
        (lambda: shuffled(np.zeros(9), 0, 1, ruin_fraction=0.5), "0 runs"),
    ],
)
def test_what_cannot_be_varied_is_refused(call, message):
    """With the number and a remedy."""
    with pytest.raises(UsageError, match=message) as caught:
        call()
    assert caught.value.hint
