"""Which process the guard may end: the one that holds the lock, by pid and start, and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.guard import target
from daemon.guard.target import Target
from daemon.locks import start_ticks, state_lock

pytestmark = pytest.mark.anyio
HOLDER = (
    "import sys, pathlib; from daemon.locks import state_lock; "
    "lock = state_lock(pathlib.Path(sys.argv[1])).take(); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the lock of `tmp_path`."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


async def test_the_holder_is_found_and_ended(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    """By its pidfd; afterwards nobody holds the lock."""
    found = target.holder(tmp_path)
    assert found == Target(held.pid, start_ticks(held.pid))
    assert await target.end(found)
    assert held.wait(5) == -9
    assert target.holder(tmp_path) is None


async def test_a_pid_that_was_used_again_is_not_ended(held: subprocess.Popen[str], tmp_path: Path) -> None:
    """The same number with another start is another process: it lives on, and the end counts as reached."""
    other = Target(held.pid, start_ticks(held.pid) + 1)
    assert not other.alive
    assert await target.end(other)
    assert held.poll() is None


def test_a_living_process_named_in_a_lock_that_is_free_is_nobody(tmp_path: Path) -> None:
    """The file tells who took it last; that the process lives does not make it the owner."""
    (tmp_path / target.LOCK).write_text(f"{os.getpid()} {start_ticks(os.getpid())}\n")
    assert target.holder(tmp_path) is None
    with state_lock(tmp_path):
        assert target.holder(tmp_path) == Target(os.getpid(), start_ticks(os.getpid()))
    assert target.holder(tmp_path) is None


@pytest.mark.parametrize("text", ["", "1\n", "one two\n", "-1 5\n", "1 0\n", "999999999 5\n"])
def test_a_lock_that_names_nobody_beyond_doubt_names_nobody(tmp_path: Path, text: str) -> None:
    """An old version's, one cut short, one of a process that is gone."""
    (tmp_path / target.LOCK).write_text(text)
    assert target.holder(tmp_path) is None


def test_a_state_directory_without_a_lock_has_no_daemon(tmp_path: Path) -> None:
    """Nor has one that is not there."""
    assert target.holder(tmp_path) is None
    assert target.holder(tmp_path / "gone") is None
