"""Tells systemd how the service is (sd_notify(3)): datagrams to $NOTIFY_SOCKET, nothing where there is none."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Sends `NAME=value` lines; never raises, because a service manager that went away is no reason to stop."""

    def __init__(self, env: Mapping[str, str]) -> None:
        address = env.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        mine = env.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(env.get("WATCHDOG_USEC", "0")) / 1e6 if mine else 0.0  # 0 is no watchdog

    def tell(self, *lines: str) -> None:
        """Send these lines in one datagram."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return

    def ready(self, status: str) -> None:
        """Start-up is over."""
        self.tell("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """Say in one line how it is."""
        self.tell(f"STATUS={status}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self.tell("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """Going down on purpose."""
        self.tell("STOPPING=1", f"STATUS={status}")

    def extend(self, seconds: float) -> None:
        """Ask for so much more time to start, reload or stop."""
        self.tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")
