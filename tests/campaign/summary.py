"""What a campaign ends with: counts that add up over several runs, figures, and every violation in words."""

from __future__ import annotations

import json

import msgspec


class Summary(msgspec.Struct):
    """One run of one campaign."""

    campaign: str
    seed: int
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    figures: dict[str, float] = msgspec.field(default_factory=dict)
    violations: list[str] = msgspec.field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + by

    def expect(self, holds: bool, violation: str) -> None:
        """Note a violation unless it holds."""
        if not holds:
            self.violations.append(violation)

    def json(self) -> str:
        """Return the summary as one line."""
        return json.dumps({"schema_version": 1, **msgspec.to_builtins(self)})
