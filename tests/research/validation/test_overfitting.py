"""Symmetric cross-validation on cases whose answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from algobot.errors import UsageError
from algobot.research.validation.overfitting import halves, overfitting


def noise(seed: int, bars: int = 1600, trials: int = 50) -> np.ndarray:
    """Return returns of trials that are worth nothing."""
    return np.random.default_rng(seed).normal(0, 0.01, (bars, trials))


def test_among_pure_noise_the_best_is_as_likely_below_the_median_as_above():
    """Over many searches the probability is about a half, and so is that of a loss."""
    found = [overfitting(noise(seed), 10) for seed in range(40)]
    assert np.mean([one.probability for one in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([one.loss_probability for one in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([one.degradation_slope for one in found]) < -0.3


def test_one_truly_better_trial_is_found_again():
    """The probability is near zero, and what was good inside is good outside."""
    returns = noise(1)
    returns[:, 7] += 0.003
    found = overfitting(returns, 16)
    assert found.probability < 0.01
    assert found.loss_probability < 0.01
    assert found.logit_quantiles["0.5"] > 3.0
    assert (halves(returns, 16).best == 7).mean() > 0.99


def test_what_won_by_one_lucky_half_is_told():
    """Trials that are good in one half of the history and bad in the other: the winner always loses next."""
    returns = noise(2, trials=2) * 0.1
    returns[:800, 0] += 0.01
    returns[800:, 0] -= 0.01
    returns[:800, 1] -= 0.01
    returns[800:, 1] += 0.01
    found = overfitting(returns, 2)
    assert found.probability == 1.0
    assert found.loss_probability == 1.0
    assert found.mean_in_sample > 1.0 > -1.0 > found.mean_out_of_sample


def test_it_is_the_definition_worked_out_by_hand():
    """Each half by plain numpy: best Sharpe inside, its rank outside, the logit of rank / (trials + 1)."""
    returns = noise(3, bars=203, trials=7)
    kept = returns[203 - 200 :].reshape(8, 25, 7)
    found = halves(returns, 8)
    for at, half in enumerate(itertools.combinations(range(8), 4)):
        inside = np.concatenate([kept[block] for block in half])
        outside = np.concatenate([kept[block] for block in range(8) if block not in half])
        sharpe, other = (x.mean(axis=0) / x.std(axis=0, ddof=1) for x in (inside, outside))
        best = int(sharpe.argmax())
        share = (1 + (other < other[best]).sum()) / 8
        assert found.best[at] == best
        assert found.inside[at] == pytest.approx(sharpe[best])
        assert found.outside[at] == pytest.approx(other[best])
        assert found.logits[at] == pytest.approx(np.log(share / (1 - share)))


def test_trials_that_never_trade_have_a_ratio_of_nought_and_share_their_rank():
    """No division by a deviation of zero, and no winner by the order of columns."""
    found = overfitting(np.zeros((100, 5)), 4)
    assert found.probability == 1.0
    assert found.logit_quantiles["0.5"] == 0.0
    assert found.degradation_slope is None


@pytest.mark.parametrize(
    ("returns", "blocks", "message"),
    [
        (np.zeros((100, 1)), 4, "one trial"),
        (np.zeros((100, 3)), 5, "5 blocks"),
        (np.zeros((100, 3)), 40, "40 blocks"),
        (np.zeros((7, 3)), 4, "7 bars are too few"),
        (np.full((100, 3), np.nan), 4, "not all numbers"),
    ],
)
def test_what_cannot_be_judged_is_refused(returns, blocks, message):
    """With the number and a remedy."""
    with pytest.raises(UsageError, match=message) as caught:
        overfitting(returns, blocks)
    assert caught.value.hint
