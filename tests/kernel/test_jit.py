"""The compiled cache: no edit is missed, nothing is compiled twice, and it finds a place to be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from algobot.kernel import jit

ROOT = Path(__file__).parents[2]

CALLEE = """
from algobot.kernel.jit import kernel

@kernel
def rate(x):
    return x * 2.0
"""
CALLER = """
import callee
from algobot.kernel.jit import kernel

@kernel
def answer(x):
    return callee.rate(x) + 1.0

print(answer(20.0))
"""
COMPILES = """
import numba.core.event as event
with event.install_recorder("numba:compile") as recorder:
    {body}
print(len(recorder.buffer))
"""
WARM_TWO = """import sys
    from algobot.kernel import warm
    sys.stdout = sys.stderr
    assert warm.main(["ma_crossover", "supertrend"]) == 0
    sys.stdout = sys.__stdout__"""


def python(program: str, cache: Path, cwd: Path = ROOT, **env: str) -> str:
    """Run a program in a process of its own, with its cache in `cache`, and return what it printed."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("CACHE_DIRECTORY", "ALGOBOT_JIT")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env={**inherited, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_edit_of_a_called_file_is_seen(tmp_path):
    """The caller's file is untouched; numba's own cache would give the old number."""
    (tmp_path / "callee.py").write_text(CALLEE)
    (tmp_path / "caller.py").write_text(CALLER)
    assert python("import caller", tmp_path / "cache", tmp_path) == "41.0"
    (tmp_path / "callee.py").write_text(CALLEE.replace("2.0", "3.0"))
    assert python("import caller", tmp_path / "cache", tmp_path) == "61.0"


def test_an_edit_of_the_kernel_is_seen_by_every_strategy(tmp_path):
    """A copy of the package with one changed line trades differently, from the same cache root."""
    shutil.copytree(ROOT / "algobot", tmp_path / "algobot", ignore=shutil.ignore_patterns("__pycache__"))
    program = """
from algobot.kernel.session import Session, Settings
from algobot.model import Bar
from algobot.strategies.registry import load
session = Session(load("ma_crossover"), {"fast": 1, "slow": 2, "atr_period": 1}, Settings(1.0, 0, 0, 0, 1000.0, 1.0))
for i, close in enumerate((10.0, 11.0, 12.0, 13.0)):
    session.step(Bar(i * 60, i * 60 + 60, close, close, close, close, 1.0))
print(session.position_lots)
"""
    before = python(program, tmp_path / "cache", tmp_path, PYTHONPATH=str(tmp_path))
    ledger = tmp_path / "algobot" / "kernel" / "ledger.py"
    old = "return math.floor(min(notional / one, MOST_LOTS))"
    assert old in ledger.read_text()
    ledger.write_text(ledger.read_text().replace(old, "return math.floor(min(notional / one, MOST_LOTS)) // 2"))
    after = python(program, tmp_path / "cache", tmp_path, PYTHONPATH=str(tmp_path))
    assert (before, after) == ("83", "41")


def test_a_second_process_compiles_nothing(tmp_path):
    """Warming compiles once; after it every process loads each strategy, and compiles not one function."""
    program = COMPILES.format(body=WARM_TWO)
    assert int(python(program, tmp_path)) > 0
    start = time.monotonic()
    assert int(python(program, tmp_path)) == 0
    assert time.monotonic() - start < 30.0  # seconds on an idle machine: it takes one


def test_a_home_that_cannot_be_written_does_not_matter(tmp_path):
    """The cache then goes to a folder of ours in the temporary directory, and is used from there."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    places = {"HOME": str(blocked), "TMPDIR": str(temporary)}
    for _ in range(2):
        found = python("from algobot.kernel import jit; print(jit._cache_root())", blocked, **places)
        assert found == str(temporary / f"algobot-{os.getuid()}")


def test_systemds_cache_directory_comes_first(tmp_path):
    """`CACHE_DIRECTORY` may name several; the first is used."""
    first = tmp_path / "first"
    program = "from algobot.kernel import jit; print(jit._cache_root())"
    assert python(program, tmp_path / "xdg", CACHE_DIRECTORY=f"{first}:{tmp_path}/second") == str(first)
    assert python(program, tmp_path / "xdg") == str(tmp_path / "xdg" / "algobot")


def test_a_cache_others_can_write_is_not_used(tmp_path):
    """A cached kernel is code: a folder open to others is passed over."""
    (tmp_path / "algobot").mkdir()
    (tmp_path / "algobot").chmod(0o777)
    program = "from algobot.kernel import jit; print(jit._cache_root())"
    assert python(program, tmp_path, HOME=str(tmp_path / "home")) == str(tmp_path / "home" / ".cache" / "algobot")


def test_what_a_power_cut_leaves_does_not_stop_the_next_start(tmp_path):
    """Files of no length are thrown away and compiled again."""
    program = "from algobot.kernel.ledger import sign; print(sign(-3))"
    assert python(program, tmp_path) == "-1"
    files = [*(tmp_path / "algobot").rglob("*.nb[ci]")]
    assert files
    for file in files:
        file.write_bytes(b"")
    assert python(program, tmp_path) == "-1"
    assert all(file.stat().st_size for file in (tmp_path / "algobot").rglob("*.nb[ci]"))


def test_without_any_place_to_write_each_process_compiles_for_itself(tmp_path):
    """No cache, no failure."""
    program = """
import shutil, collections
shutil.disk_usage = lambda path: collections.namedtuple("Usage", "free")(0)
from algobot.kernel import jit
from algobot.kernel.ledger import sign
print(jit._cache_root(), sign(-3))
"""
    assert python(program, tmp_path, TMPDIR=str(tmp_path)) == "None -1"


def test_old_folders_go_and_recent_ones_stay(tmp_path):
    """Of folders unused for long only the newest are kept; a recent one is never removed."""
    long_ago = time.time() - 10 * 86400
    for number in range(20):
        folder = tmp_path / f"{jit._PREFIX}{number:02}"
        folder.mkdir()
        if number < 12:
            os.utime(folder, (long_ago + number, long_ago + number))
    (tmp_path / "something-else").mkdir()
    jit._prune(tmp_path)
    left = sorted(folder.name for folder in tmp_path.iterdir())
    assert left == [f"{jit._PREFIX}{number:02}" for number in range(12, 20)] + ["something-else"]


@pytest.mark.parametrize("jit_word", ["0", "1"])
def test_algobot_jit_0_runs_the_same_source_interpreted(tmp_path, jit_word):
    """The decorated function is then the plain Python one."""
    program = "from algobot.kernel.ledger import sign; print(hasattr(sign, 'py_func'), sign(-3))"
    assert python(program, tmp_path, ALGOBOT_JIT=jit_word) == f"{jit_word == '1'} -1"
