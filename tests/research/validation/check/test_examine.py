"""`examine`: sound strategies pass all of it, and each planted fault is caught by the check that is for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from algobot.research.backtest import Outcome
from algobot.research.validation.check import compiled, extremes, floats, future, repeat, start, traced
from algobot.research.validation.check.examine import examine
from algobot.research.validation.check.market import SETTINGS, made_up
from algobot.research.validation.check.subject import Subject, digests, model_bars
from algobot.research.validation.check.traced import Trace, trace
from algobot.strategies import registry
from tests.research.validation.check.plants import on_bars, plant, planted

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_a_built_in_strategy_is_sound(name):
    """Every check passes; a note is no fault, but it must have traded for the checks to say anything."""
    found = examine(registry.load(name))
    assert [finding for finding in found.findings if finding.state == "failed"] == []
    assert found.passed
    told = {finding.check: finding for finding in found.findings}
    assert len(told) == 11
    assert told["trades"].facts["fills"] >= 1


def test_a_table_in_the_source_is_caught(tmp_path):
    """No test on other bars would show it: the source is looked through, called functions too."""
    finding = compiled.own_knowledge(on_bars(planted("knows_table", tmp_path)), Trace())
    assert finding.state == "failed"
    assert "_next uses FUTURE: 5,000 numbers of its own" in finding.says


def test_a_file_read_at_import_is_caught(tmp_path):
    """Named, whatever is kept of it."""
    (tmp_path / "future.txt").write_text("0 1 0")
    subject = on_bars(planted("reads_file", tmp_path), 50)
    finding = compiled.own_knowledge(subject, trace(subject, interpreted=True))
    assert finding.state == "failed"
    assert f"it opens {tmp_path}/future.txt" in finding.says


def test_a_hand_into_the_memory_of_the_next_bar_is_caught_twice(tmp_path):
    """By what it uses, and by what it does: bar by bar there is no next bar to read."""
    subject = on_bars(planted("reads_ahead", tmp_path))
    assert "steps outside" in compiled.own_knowledge(subject, Trace()).says
    finding = future.future(subject)
    assert finding.state == "failed"
    assert "it reads ahead" in finding.says


class Peeking(NamedTuple):
    """A sound strategy, but each bar it is run on already has the next one's close."""

    subject: Subject

    @property
    def bars(self) -> np.ndarray:
        """The bars as they are."""
        return self.subject.bars

    def at_once(self, bars: np.ndarray) -> Outcome:
        """Run on closes from the future."""
        ahead = bars.copy()
        ahead["close"][:-1] = bars["close"][1:]
        ahead["high"] = np.maximum(ahead["high"], ahead["close"])
        ahead["low"] = np.minimum(ahead["low"], ahead["close"])
        return self.subject.at_once(ahead)


@pytest.mark.parametrize("known", [300, 700, 1200])
def test_knowing_the_next_close_shows_at_the_bar_before_a_cut(known):
    """Cut off there, and with other prices after it, what it did at the last bar known is not the same."""
    peeking = Peeking(on_bars(registry.load("trend_following")))
    whole = peeking.at_once(peeking.bars)
    held = next(at for at in range(known, 1400) if whole.curve[at] != whole.curve[at - 1])
    assert future._cut(peeking, whole, held + 1) == held
    assert future._replaced(peeking, whole, held + 1, 7) == held
    honest = on_bars(registry.load("trend_following"))
    whole = honest.at_once(honest.bars)
    assert future._cut(honest, whole, held + 1) is None
    assert future._replaced(honest, whole, held + 1, 7) is None


def test_one_that_only_looks_back_passes_at_every_cut():
    """Cut off and with another future, to the last fill."""
    finding = future.future(on_bars(registry.load("trend_following")))
    assert finding.state == "ok"
    assert finding.facts["places"] >= 20


@pytest.mark.parametrize("name", ["float_equality", "residue"])
def test_deciding_by_what_rounding_leaves_is_caught(name, tmp_path):
    """Some bits of the prices change a large part of what it wants."""
    finding = floats.float_stability(on_bars(planted(name, tmp_path)))
    assert finding.state == "failed"
    assert float(finding.facts["changed_bars_fraction"]) > 0.2  # type: ignore[arg-type]


def test_dice_are_caught(tmp_path):
    """By name, and because a second run is another."""
    subject = on_bars(planted("draws", tmp_path))
    assert "random numbers" in compiled.own_knowledge(subject, Trace()).says
    finding = repeat.determinism(subject)
    assert finding.state == "failed"
    assert "second run" in finding.says


def test_a_warm_up_that_is_far_too_short_is_caught(tmp_path):
    """It says none and needs two hundred bars."""
    finding = start.warm_up(on_bars(planted("starts_late", tmp_path), 3000))
    assert finding.state == "failed"
    assert "warmup says 0 bars, but only after 199" in finding.says


def test_what_hangs_on_its_first_bar_for_ever_is_told(tmp_path):
    """A late start never says the same, or says so only by luck: at least a note."""
    finding = start.warm_up(on_bars(planted("anchored", tmp_path), 3000))
    assert finding.state != "ok"


def test_an_end_of_a_range_that_decides_on_no_number_is_caught(tmp_path):
    """With the parameter and its value."""
    finding = extremes.parameters(on_bars(planted("bad_range", tmp_path)))
    assert finding.state == "failed"
    assert "divisor=0.0: bar 1: wants long for a number that is none: because of nan" in finding.says


def test_an_error_in_plain_python_names_file_line_and_source(tmp_path):
    """Nothing after it is tried."""
    found = examine(planted("raises", tmp_path), made_up(700))
    assert not found.passed
    first = found.findings[0]
    assert (first.check, len(found.findings)) == ("interpreted", 1)
    assert first.says == (
        f"{tmp_path}/raises.py:21: ValueError: math domain error\n    target(orders, math.log(bar.open - bar.close))"
    )


def test_a_loop_without_an_end_is_caught_before_it_is_compiled(tmp_path, monkeypatch):
    """Compiled it could not even be interrupted; in plain Python it is given up."""
    monkeypatch.setattr(traced, "_SECONDS", 3)
    found = examine(planted("endless", tmp_path))
    assert [finding.check for finding in found.findings] == ["interpreted"]
    assert "a loop without an end?" in found.findings[0].says


def test_compiled_code_that_is_not_the_source_is_caught(tmp_path):
    """Other digests than plain Python's, and the same from a fresh cache: the compiler sees it otherwise."""
    subject = compiled.short(on_bars(registry.load("ma_crossover")))
    honest = Trace(digests(subject.session(), model_bars(subject.bars)))
    assert compiled.compiled(subject, honest).state == "ok"
    finding = compiled.compiled(subject, Trace([*honest.digests[:100], *("0" * 12,) * (len(honest.digests) - 100)]))
    assert finding.state == "failed"
    assert "differs from plain Python from bar 100 on" in finding.says


def test_a_stale_compile_cache_is_caught(tmp_path):
    """A kernel outside of the watched folders is edited; what was compiled before still trades as it was."""
    outside = tmp_path / "outside"
    folder = tmp_path / "mine"
    outside.mkdir(mode=0o755)
    folder.mkdir(mode=0o755)
    file = plant("calls_outside", folder)
    source = "from algobot.kernel.jit import kernel\n\n@kernel\ndef every(close):\n    return {}\n"

    def told() -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "algobot", "strategy", "check", str(file), "--json"],
            env={**os.environ, "PYTHONPATH": f"{outside}:{ROOT}"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 1, done.stderr
        (result,) = msgspec.json.decode(done.stdout)
        return {finding["check"]: f"{finding['state']}: {finding['says']}" for finding in result["findings"]}

    (outside / "planted_rate.py").write_text(source.format(2))
    assert told()["compiled"].startswith(f"failed: {outside}/planted_rate.py: edits there go unnoticed")
    (outside / "planted_rate.py").write_text(source.format(3))
    assert told()["compiled"].startswith("failed: what is in the compile cache is stale")


def test_bars_of_ones_own_are_used_as_they_are():
    """The newest of them, and the result says so."""
    found = examine(registry.load("ma_crossover"), made_up(2000, seed=9))
    assert found.bars == "2,000 bars of yours"
    assert found.passed


def test_what_it_does_is_counted_on_a_timeframe_on_which_it_trades():
    """The subject is the strategy with the bars; the settings let it be short."""
    subject = Subject(registry.load("trend_following"), made_up(1500), SETTINGS)
    assert {fill.side for fill in subject.at_once(subject.bars).fills[0]} == {1, -1}
