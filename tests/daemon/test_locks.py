"""Two daemons never share a state directory or a key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from algobot.errors import LockHeld
from daemon.locks import key_lock, key_lock_directory, state_lock

HOLD = """
import sys
from pathlib import Path
from daemon.locks import state_lock
state_lock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_daemon_on_a_state_directory_is_told_whose_it_is(tmp_path: Path) -> None:
    """LockHeld names the pid and what to do."""
    with state_lock(tmp_path), pytest.raises(LockHeld, match=f"pid {os.getpid()}") as caught:
        state_lock(tmp_path).take()
    assert "stop that daemon" in caught.value.hint


def test_a_lock_ends_with_its_holder_even_when_that_is_killed(tmp_path: Path) -> None:
    """The kernel lets go: no stale file ever keeps a daemon from starting."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeld, match=str(holder.pid)):
            state_lock(tmp_path).take()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    with state_lock(tmp_path):
        pass


def test_one_key_is_one_daemon_whatever_its_state_directory(tmp_path: Path) -> None:
    """Only a hash of the key names the file; another key is free."""
    key = "AKIA-very-secret-key-0001"
    with key_lock(key, tmp_path):
        with pytest.raises(LockHeld) as caught:
            key_lock(key, tmp_path).take()
        assert key not in caught.value.message
        with key_lock("another-key-entirely", tmp_path):
            pass
    assert all(key not in path.name for path in tmp_path.iterdir())


def test_key_locks_of_a_user_are_in_one_private_place() -> None:
    """The same directory for every daemon of this user, closed to others."""
    directory = key_lock_directory()
    assert directory == key_lock_directory()
    assert directory.stat().st_mode & 0o077 == 0
