"""What docs/strategies.md says of a strategy's parameters is what its file says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from algobot.kernel.strategy import ParamInfo
from algobot.strategies import registry

TEXT = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text()


def number(value: float) -> str:
    """Return a number as the tables write it."""
    return f"{value:.0f}" if value == int(value) else f"{value:g}"


def row(info: ParamInfo) -> tuple[str, str, str]:
    """Return name, default and range of a parameter, as the tables write them."""
    if info.type is bool:
        return info.name, str(info.default).lower(), "true, false"
    return info.name, number(float(info.default)), f"{number(info.low)} to {number(info.high)}"


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_parameter_is_told_with_its_default_and_its_range(name):
    """All of them, in the order of the file, and no other; each has a meaning."""
    section = re.split(r"^#{2,3} ", TEXT.split(f"\n### {name}\n")[1], flags=re.MULTILINE)[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section, flags=re.MULTILINE)
    assert [told[:3] for told in rows] == [row(info) for info in registry.load(name).parameters()]
    assert all(meaning.strip() for *_, meaning in rows)
