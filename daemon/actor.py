"""What an actor is: private state and one method that handles one message at a time. It knows nothing of trading."""

from __future__ import annotations

from typing import Protocol, TypeVar

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
M_co = TypeVar("M_co", covariant=True)


class Actor(Protocol[M_contra]):
    """One task's worth of state; the supervisor alone runs it."""

    @property
    def done(self) -> bool:
        """Whether it has ended by itself; read after `begin` and after every message."""
        ...

    def begin(self) -> None:
        """Take up the work: called once, before the first message."""
        ...

    def handle(self, message: M_contra) -> None:
        """Handle one message without waiting for anything: what takes time is asked for and answered by a message."""
        ...


class Inbox(Protocol[M_co]):
    """Where an actor's messages come from (`daemon.mailbox.Mailbox` is one)."""

    async def get(self) -> M_co:
        """Return the next message, waiting for one."""
        ...


class Observer(Protocol):
    """Who is told what becomes of an actor; its methods must not raise or block."""

    def slow(self, name: str, message: object, duration_ns: int) -> None:
        """Say that handling `message` held the loop for so long."""
        ...

    def poisoned(self, name: str, message: object, reason: str) -> None:
        """Say that `message` crashed the actor twice and is skipped from now on."""
        ...

    def faulted(self, name: str, reason: str, delay_s: float) -> None:
        """Say that the actor raised and is made anew after `delay_s`."""
        ...

    def restarted(self, name: str, restarts: int) -> None:
        """Say that the actor was made anew."""
        ...

    def quarantined(self, name: str, reason: str) -> None:
        """Say that the actor raised too often and stays down until a person releases it."""
        ...

    def ended(self, name: str) -> None:
        """Say that the actor ended, by itself or because it was told to."""
        ...
