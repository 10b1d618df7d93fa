"""Fixtures every room shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(os.environ.get("ALGOBOT_DATA_DIR") or Path(__file__).parents[2] / "shared" / "data" / "public")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the campaigns run longer than in CI."""
    parser.addoption("--rounds", type=int, default=4, help="how often a campaign kills the daemon (default 4)")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many rounds a campaign plays."""
    return int(request.config.getoption("--rounds"))


@pytest.fixture
def real_file() -> Callable[[str], Path]:
    """Find a file of real bars by its name, like "BINANCE_BTC_USDT_1m"; a test without its data is skipped."""

    def found(name: str) -> Path:
        path = DATA / f"{name}.parquet"
        if not path.is_file():
            pytest.skip(f"no {path.name}: set ALGOBOT_DATA_DIR to a folder of Parquet bars")
        return path

    return found


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the daemon does."""
    return "asyncio"
