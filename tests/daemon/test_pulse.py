"""Percentiles of durations, and systemd's datagrams."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.pulse import Percentiles, rss_bytes
from daemon.sd_notify import Notifier


@given(durations=st.lists(st.integers(0, 10**15), min_size=1, max_size=200), fraction=st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_the_exact_one_to_a_bucket(durations: list[int], fraction: float) -> None:
    """Bucketing moves it by at most 7 %."""
    percentiles = Percentiles()
    for duration in durations:
        percentiles.add(duration)
    ordered = sorted(durations)
    exact = next(d for n, d in enumerate(ordered) if n + 1 >= len(ordered) * fraction - 1e-9)
    assert percentiles.p(fraction) == pytest.approx(exact, rel=0.07, abs=1)


def test_what_is_older_than_two_windows_is_forgotten() -> None:
    """A slow start does not colour the figures for ever; nothing at all is 0."""
    percentiles = Percentiles()
    assert percentiles.p(0.99) == 0
    percentiles.add(10**9)
    percentiles.turn()
    percentiles.add(-5)
    assert percentiles.p(0.99) == pytest.approx(10**9, rel=0.07)
    percentiles.turn()
    assert percentiles.p(0.99) == 0


def test_percentiles_of_several_spreads_weigh_each_by_its_counts() -> None:
    """98 quick ones and 2 slow ones: the slow ones are beyond the 98th percentile of all, whoever counted them."""
    quick, slow = Percentiles(), Percentiles()
    quick.add(1_000, 98)
    slow.add(10**6, 2)
    assert quick.p(0.98, slow) == slow.p(0.5, quick) == pytest.approx(1_000, rel=0.07)
    assert quick.p(0.99, slow) == slow.p(0.99) == pytest.approx(10**6, rel=0.07)
    assert quick.p(0.99) == pytest.approx(1_000, rel=0.07)


def test_memory_is_some_megabytes() -> None:
    """The figure is of this process."""
    assert 1 << 20 < rss_bytes() < 1 << 36


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_it_is_told(tmp_path: Path, *, abstract: bool) -> None:
    """One datagram a word, to a path or an abstract address."""
    address = f"@algobot-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if abstract else address)
        manager.settimeout(2)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
        assert notifier.watchdog_s == 30.0
        notifier.ready("2 bots")
        notifier.reloading()
        assert manager.recv(200) == b"READY=1\nSTATUS=2 bots"
        assert manager.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_without_systemd_nothing_is_sent_and_nothing_fails() -> None:
    """No socket, a dead one, another process's watchdog: all silent."""
    Notifier({}).ready("on")
    Notifier({"NOTIFY_SOCKET": "/nonexistent/notify"}).ready("on")
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_s == 0.0
