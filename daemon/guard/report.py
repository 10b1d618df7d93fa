"""What the guard has done and what is left, told truthfully: to whoever asks, to the daemon, to the log."""

from __future__ import annotations

from typing import Final

import msgspec

from algobot.model import AccountId, ClientOrderId

WATCHING: Final = "watching"  # nothing is latched
ACTING: Final = "acting"
HALTED: Final = "halted"  # the gate is closed; mode halt cancels nothing
SAFE: Final = "safe"
NOT_SAFE: Final = "not_safe"  # for now: it goes on


class Swept(msgspec.Struct, frozen=True):
    """One account, as the guard's own looks at the venue found it."""

    account_id: AccountId
    safe: bool = False
    asked: int = 0  # orders a cancel was sent for
    looks: int = 0  # answers of the venue
    left: list[ClientOrderId] = []  # open at the last look
    foreign: int = 0  # open and not ours at the last look; left alone unless told
    reason: str = "not looked yet"  # why it is not safe


class Report(msgspec.Struct, frozen=True):
    """One job of the guard, from the latch to the proof."""

    state: str = WATCHING
    gate_closed: bool = False
    gate: str = ""  # how, in words
    gate_ms: float = 0.0  # from the guard's sight of the latch
    closed_ns: int = 0  # when
    took_s: float = 0.0  # until SAFE
    accounts: list[Swept] = []

    @property
    def words(self) -> str:
        """Return it in one line."""
        if self.state == WATCHING:
            return ""
        parts = [self.gate or "closing the gate"]
        for one in self.accounts:
            what = "none of ours open, proved" if one.safe else one.reason
            left = f" ({len(one.left)} left: {', '.join(one.left[:5])}{' …' if len(one.left) > 5 else ''})"
            parts.append(f"{one.account_id}: {what}{left if one.left and not one.safe else ''}")
        return "; ".join(parts)


class GuardStatus(msgspec.Struct, frozen=True):
    """The guard in one look."""

    pid: int
    instance: str
    daemon: str  # "alive", "silent", "gone", "unattached"
    daemon_pid: int
    report: Report
