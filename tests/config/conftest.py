"""A configuration on disk, to break in one place at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = """\
[daemon]
log_level = "info"

[venues.binance]
adapter = "binance"

[accounts.paper]
venue = "binance"

[bots.btc-cross]
strategy = "ma_crossover"
symbol = "BTC/USDT"
account = "paper"
timeframe = "1m"
capital = 1000
params = { fast = 20, slow = 50 }

[bots.btc-cross.risk]
max_drawdown_fraction = 0.2
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text to config.toml and return its path."""

    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.touch(mode=0o600)
        file.write_text(text)
        return file

    return write
