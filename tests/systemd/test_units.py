"""The unit files: systemd itself reads them, and they say what the daemon relies on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = [UNITS / "algobot.service", UNITS / "user" / "algobot.service"]
GUARD = UNITS / "algobot-guard.service"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed on this machine"
)


def settings(unit: Path) -> dict[str, list[str]]:
    """Every assignment of a unit, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if line[:1].isalpha() and "=" in line:
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they stand once installed: with the path of a program that exists."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for unit in folder.rglob("*.service"):
        unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text()))
    return folder


def analyze(*arguments: str, runtime: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; it needs no running systemd for these verbs."""
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
    )


@needs_systemd
@pytest.mark.parametrize(
    ("unit", "manager"),
    [
        ("algobot.service", "--system"),
        ("algobot.socket", "--system"),
        ("algobot-guard.service", "--system"),
        ("user/algobot.service", "--user"),
        ("user/algobot-guard.service", "--user"),
    ],
)
def test_systemd_reads_each_unit_without_a_complaint(installed: Path, tmp_path: Path, unit: str, manager: str) -> None:
    """`systemd-analyze verify` ends with 0 and says nothing."""
    done = analyze(manager, "verify", "--man=no", "--recursive-errors=no", str(installed / unit), runtime=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", ["algobot.service", "algobot-guard.service"])
def test_the_system_services_expose_at_most_one_and_a_half(tmp_path: Path, installed: Path, unit: str) -> None:
    """`systemd-analyze security` grants the sandbox 1.5 or better (the threshold is in tenths)."""
    done = analyze(
        "security",
        "--offline=yes",
        "--no-pager",
        "--threshold=15",
        str(installed / unit),
        runtime=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    exposure = re.search(rf"Overall exposure level for {unit}: ([0-9.]+)", done.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= 1.5


@pytest.mark.parametrize("unit", SERVICES, ids=["system", "user"])
def test_services_notify_are_watched_and_come_back(unit: Path) -> None:
    """READY, watchdog, reload and restart are as the daemon implements them; a wrong configuration is not retried."""
    said = settings(unit)
    assert said["Type"] == ["notify"]
    assert said["NotifyAccess"] == ["main"]
    assert said["WatchdogSec"] == ["30s"]
    assert said["Restart"] == ["on-failure"]
    assert said["RestartPreventExitStatus"] == ["2"]
    assert said["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert said["UMask"] == ["0077"]
    assert " daemon " in said["ExecStart"][0]


@pytest.mark.parametrize("unit", SERVICES, ids=["system", "user"])
def test_compiled_strategies_can_run(unit: Path) -> None:
    """Numba writes machine code into memory, which MemoryDenyWriteExecute would forbid."""
    assert "MemoryDenyWriteExecute" not in settings(unit)


def test_the_user_unit_asks_for_nothing_a_user_manager_cannot_give() -> None:
    """Own users, folders under /var and namespaces need the system's manager."""
    said = settings(SERVICES[1])
    refused = {"DynamicUser", "User", "Group", "CapabilityBoundingSet", "ConfigurationDirectory", "OOMScoreAdjust"}
    assert not refused & said.keys()
    assert not [name for name in said if name.startswith(("Private", "Protect"))]
    # before systemd 254 a user's StateDirectory is below ~/.config: not where `algobot` looks
    assert "StateDirectory" not in said


def test_the_socket_is_ours_alone_and_named_as_the_daemon_expects() -> None:
    """Mode 0600, and the name by which the daemon picks its descriptor."""
    from daemon.listen import FD_NAME

    said = settings(UNITS / "algobot.socket")
    assert said["SocketMode"] == ["0600"]
    assert said["FileDescriptorName"] == [FD_NAME]


def test_clients_look_where_the_system_units_listen() -> None:
    """`ctl` finds the system service without being told where."""
    from algobot import paths

    listened = settings(UNITS / "algobot.socket")["ListenStream"]
    runtime = settings(UNITS / "algobot.service")["RuntimeDirectory"]
    assert [str(path) for path in paths.SYSTEM_SOCKETS] == [f"/run/{runtime[0]}/{paths.SOCKET_NAME}", *listened]


def test_the_guard_is_the_daemons_user_and_outlives_it() -> None:
    """Another user could not end a hung daemon; a guard bound to its daemon would die when it is needed."""
    daemon, guard = settings(SERVICES[0]), settings(GUARD)
    for name in ("User", "DynamicUser", "StateDirectory", "StateDirectoryMode", "ConfigurationDirectory"):
        assert guard[name] == daemon[name]
    for unit in (GUARD, UNITS / "user" / GUARD.name):
        said = settings(unit)
        assert not {"BindsTo", "PartOf", "Requires"} & said.keys()
        assert said["Restart"] == ["always"]
        assert " guard " in said["ExecStart"][0]
