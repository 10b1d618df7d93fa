"""A latch is a file: that it exists is the halt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from algobot import latch


def test_what_was_latched_is_read_back(tmp_path: Path) -> None:
    """All scopes, widest first, with who, when, why."""
    made = [
        latch.close(tmp_path, "bot", "alpha", "flatten", "loss limit", "risk"),
        latch.close(tmp_path, "all", "", "cancel", "drill", "uid 0"),
        latch.close(tmp_path, "account", "main", "halt", "", ""),
    ]
    read = latch.read(tmp_path)
    assert [(found.scope, found.target, found.mode) for found in read] == [
        ("all", "", "cancel"),
        ("account", "main", "halt"),
        ("bot", "alpha", "flatten"),
    ]
    assert made[1] == read[0]


def test_one_that_exists_stays_and_its_mode_only_rises(tmp_path: Path) -> None:
    """The first reason is kept; cancel may become flatten, never halt again."""
    latch.close(tmp_path, "all", "", "cancel", "first", "a")
    assert latch.close(tmp_path, "all", "", "halt", "second", "b").mode == "cancel"
    risen = latch.close(tmp_path, "all", "", "flatten", "third", "c")
    assert (risen.mode, risen.reason, risen.by) == ("flatten", "first", "a")
    assert latch.read(tmp_path) == [risen]


@pytest.mark.parametrize(
    "content", [b"", b"garbage \xff\x00", b"[1, 2]", b'{"mode": "party", "since_ns": "x"}', b"[" * 60_000, b"null"]
)
def test_a_touched_or_garbled_file_halts(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it, it halts, and cancels."""
    (tmp_path / "HALT").write_bytes(content)
    [found] = latch.read(tmp_path)
    assert (found.scope, found.mode) == ("all", "cancel")
    assert found.since_ns > 0
    assert latch.latched(tmp_path, "main", "alpha") == found


def test_even_a_dangling_link_or_a_directory_halts(tmp_path: Path) -> None:
    """That the name exists is enough."""
    (tmp_path / "HALT.bot.alpha").symlink_to(tmp_path / "nowhere")
    (tmp_path / "HALT.account.main").mkdir()
    assert {found.scope for found in latch.read(tmp_path)} == {"bot", "account"}
    assert latch.latched(tmp_path, "other", "alpha") is not None


def test_a_latch_covers_only_what_it_names(tmp_path: Path) -> None:
    """Another bot, another account, trade on."""
    latch.close(tmp_path, "bot", "alpha", "halt", "", "")
    assert latch.latched(tmp_path, "main", "beta") is None
    assert latch.latched(tmp_path, "main", "alpha") is not None
    latch.close(tmp_path, "account", "main", "halt", "", "")
    assert latch.latched(tmp_path, "main", "beta") is not None
    assert latch.latched(tmp_path, "second", "beta") is None


def test_clearing_tells_whether_there_was_one(tmp_path: Path) -> None:
    """And leaves the others."""
    latch.close(tmp_path, "all", "", "halt", "", "")
    latch.close(tmp_path, "bot", "alpha", "halt", "", "")
    assert latch.clear(tmp_path, "all", "")
    assert not latch.clear(tmp_path, "all", "")
    assert [found.scope for found in latch.read(tmp_path)] == ["bot"]


@pytest.mark.parametrize(("scope", "target"), [("bot", ""), ("bot", "../x"), ("party", "x"), ("account", ".")])
def test_a_scope_or_target_that_is_none_is_refused(tmp_path: Path, scope: str, target: str) -> None:
    """No file is written outside the state directory."""
    with pytest.raises(ValueError, match="is not one"):
        latch.close(tmp_path, scope, target, "halt", "", "")
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_no_latches(tmp_path: Path) -> None:
    """A database, a half-written replacement, a name that only begins alike."""
    for name in ("algobot.db", "HALTED", "HALT.txt", "HALT.bot.", "HALT.bot.alpha.77.new"):
        (tmp_path / name).touch()
    assert latch.read(tmp_path) == []
    assert latch.read(tmp_path / "missing") == []


def test_the_strictest_of_several_is_one_that_allows_no_exits() -> None:
    """A flatten beside a cancel allows nothing."""
    flatten = latch.Latch("all", "", "flatten", "", 1, "")
    cancel = latch.Latch("bot", "alpha", "cancel", "", 1, "")
    assert latch.strictest([flatten, cancel]) == cancel
    assert latch.strictest([flatten]) == flatten
    assert latch.strictest([]) is None


def test_it_needs_nothing_but_the_standard_library() -> None:
    """`algobot kill` works where nothing else does."""
    probe = "import sys, algobot.latch; print([m for m in ('msgspec','anyio','click','numpy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=20, env={**os.environ}, check=True
    )
    assert done.stdout.strip() == "[]"
