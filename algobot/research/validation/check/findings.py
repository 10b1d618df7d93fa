"""What a check found, in words and in numbers."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check: `says` is for a person, `facts` for a program."""

    check: str
    state: State
    says: str
    facts: dict[str, float | int | str | list[str]] = {}


class Checked(msgspec.Struct, frozen=True):
    """All that was found of one strategy, in the order it was looked for."""

    strategy: str
    file: str
    bars: str  # on which bars
    seconds: float
    findings: list[Finding]

    @property
    def passed(self) -> bool:
        """Whether no check failed; warnings pass."""
        return all(finding.state != "failed" for finding in self.findings)


def ok(check: str, says: str, **facts: float | int | str | list[str]) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", says, facts)


def warning(check: str, says: str, **facts: float | int | str | list[str]) -> Finding:
    """Return something worth knowing that is no fault."""
    return Finding(check, "warning", says, facts)


def failed(check: str, says: str, **facts: float | int | str | list[str]) -> Finding:
    """Return a fault."""
    return Finding(check, "failed", says, facts)
