"""The same search on a Ray cluster of this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from algobot.errors import UsageError
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import MINUTE_NS
from algobot.research.search.cluster import Cluster, Work, scored, sources
from algobot.research.search.sweep import Sweep
from algobot.research.tape import tape
from algobot.strategies import registry
from tests.kernel.markets import START_NS, plain, random_bars
from tests.strategies.test_registry import MINE

SETTINGS = plain(taker_fee=0.001)
TINY = {"num_cpus": 2, "object_store_memory": 80 << 20}


def mine(folder: Path) -> Strategy:
    """Return a strategy of a person's own."""
    folder.chmod(0o755)
    (folder / "mine.py").write_text(MINE)
    (folder / "mine.py").chmod(0o644)
    return registry.load("mine", folder)


BARS = tape([Series("X", 60 * 10**9, random_bars(3000, step=0.001))], START_NS + 50 * MINUTE_NS)


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `cluster` is not installed")
def test_a_cluster_finds_the_bits_the_threads_find(tmp_path, monkeypatch):
    """Whichever machine ran what."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    monkeypatch.setenv("XDG_CACHE_HOME", cache)  # nothing is compiled again
    monkeypatch.setenv("HOME", str(tmp_path))  # Ray keeps a token there
    strategy = registry.load("ma_crossover")
    jobs = [strategy.params({"fast": 3 + at}) for at in range(9)]
    with Cluster(strategy, SETTINGS, "local", **TINY) as cluster:
        found = dict(cluster.evaluate(BARS)(jobs))
    here = Sweep(strategy, SETTINGS, BARS, 2).run(jobs)
    assert here["trades"].min() > 0
    assert [found[at].tobytes() for at in range(9)] == [row.tobytes() for row in here]


def test_a_strategy_of_ones_own_travels_with_the_work(tmp_path):
    """The cluster's machines do not have its file."""
    strategy = mine(tmp_path)
    work = Work("mine", sources(strategy), SETTINGS)
    (tmp_path / "mine.py").unlink()
    (row,) = scored(work, BARS, [(2, 0.5, True)])
    assert row["return_fraction"] != 0.0


def test_without_ray_the_error_names_the_extra(monkeypatch):
    """And says that threads do the same."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs ray") as caught:
        Cluster(registry.load("ma_crossover"), SETTINGS, "local")
    assert "algobot[cluster]" in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `cluster` is not installed")
def test_an_address_that_is_none_is_refused():
    """Before anything is started."""
    with pytest.raises(UsageError, match="'somewhere' is no address"):
        Cluster(registry.load("ma_crossover"), SETTINGS, "somewhere")
