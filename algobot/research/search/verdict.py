"""What the best of a search is worth, given how many were tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import variance

from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.research import backtest
from algobot.research.backtest import Outcome
from algobot.research.metrics import Assumptions
from algobot.research.metrics.measure import Span
from algobot.research.search.hunt import Trial
from algobot.research.tape import tape


def again(
    strategy: Strategy, settings: Settings, best: Trial, trials: Sequence[Trial], trade_from_ns: int = 0
) -> Outcome:
    """Return the whole backtest of the best trial; its deflated Sharpe ratio knows of all the others.

    How far chance reaches is taken from how far the Sharpe ratios on the same market lie apart.
    """
    close_ns = tape(best.market.series, trade_from_ns).close_ns
    per_year = Span.of(close_ns).per_year
    ratios = [
        float(trial.score["sharpe"]) / math.sqrt(per_year)
        for trial in trials
        if per_year and trial.market.label == best.market.label and math.isfinite(trial.score["sharpe"])
    ]
    assumed = Assumptions(
        trials=max(len(trials), 1), trial_sharpe_variance=variance(ratios) if len(ratios) > 1 else None
    )
    return backtest.run(
        strategy,
        best.params._asdict(),
        best.market.series,
        settings,
        trade_from_ns=trade_from_ns,
        assumed=assumed,
    )
