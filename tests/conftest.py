"""Fixtures every room shares."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the campaigns run longer than in CI."""
    parser.addoption("--rounds", type=int, default=4, help="how often a campaign kills the daemon (default 4)")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many rounds a campaign plays."""
    return int(request.config.getoption("--rounds"))


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the daemon does."""
    return "asyncio"
