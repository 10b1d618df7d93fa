"""`algobot ctl`: ask and command the daemon from a shell. `ctl`, and click with it, loads when it is named."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """Give `algobot.cli.ctl.ctl`, which needs click; `algobot.cli.ctl.quick` does not."""
    if name == "ctl":
        from algobot.cli.ctl.group import group

        return group
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
