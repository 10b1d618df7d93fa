"""Loss limits of whole accounts: what the bots lost together trips the account's switch, once."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from algobot.config import AccountSection
from algobot.model import AccountId, BotId, BotMode, BotState, Symbol
from algobot.protocol.rows import BotRow
from daemon.losses import Losses

pytestmark = pytest.mark.anyio
MAIN = AccountId("main")
DAY = 86_400.0


class Board:
    """Remembers what was latched."""

    def __init__(self) -> None:
        self.latched: list[tuple[str, str, str]] = []

    async def latch(self, scope: str, target: str, mode: str, *, reason: str, by: str) -> None:
        """Take it."""
        assert by == "loss limit"
        assert "limit is" in reason
        self.latched.append((scope, target, mode))


def a_row(name: str, *, today: float = 0.0, total: float | None = None, **changes: object) -> BotRow:
    """A live bot that holds something with a price."""
    row = BotRow(
        BotId(name),
        BotState.RUNNING,
        BotMode.LIVE,
        "ma_crossover",
        Symbol("BTC/USDT"),
        "1m",
        MAIN,
        Decimal(1000),
        Decimal(500),
        Decimal("0.01"),
        mark=50_000.0,
        pnl_day=today,
        pnl_total=today if total is None else total,
    )
    return msgspec.structs.replace(row, **changes)


class Stage:
    """Limits over rows that a test sets."""

    def __init__(self, **limits: object) -> None:
        self.rows: list[BotRow] = []
        self.board = Board()
        self.now_s = 10 * DAY + 100
        section = msgspec.structs.replace(AccountSection(venue="sim", live=True), **limits)
        self.losses = Losses({MAIN: section}, lambda: self.rows, self.board, lambda: self.now_s)  # type: ignore[arg-type]

    async def seen(self, *rows: BotRow) -> list[tuple[str, str, str]]:
        """Return what is latched after one look."""
        self.rows = list(rows)
        await self.losses.look()
        return self.board.latched


async def test_bots_that_lose_the_limit_together_halt_their_account() -> None:
    """Neither alone does; 60 and 40 of 100 do."""
    stage = Stage(max_daily_loss=Decimal(100))
    assert await stage.seen(a_row("a", today=-60), a_row("b", today=-39.9)) == []
    assert await stage.seen(a_row("a", today=-60), a_row("b", today=-40)) == [("account", "main", "cancel")]


async def test_paper_losses_and_other_accounts_do_not_count() -> None:
    """Only live bots of the account."""
    stage = Stage(max_daily_loss=Decimal(100))
    paper = a_row("a", today=-500, mode=BotMode.PAPER)
    other = a_row("b", today=-500, account_id=AccountId("other"))
    assert await stage.seen(paper, other) == []


async def test_the_fall_from_the_peak_counts_whatever_the_day() -> None:
    """Up 80, down to -21: more than 100 from the peak, and as far as was asked for."""
    stage = Stage(max_drawdown=Decimal(100), on_loss="flatten")
    assert await stage.seen(a_row("a", total=80.0)) == []
    assert await stage.seen(a_row("a", total=-19.0)) == []
    assert await stage.seen(a_row("a", total=-21.0)) == [("account", "main", "flatten")]


async def test_another_set_of_bots_is_no_fall() -> None:
    """A bot that made the profit and was removed takes it along."""
    stage = Stage(max_drawdown=Decimal(100))
    await stage.seen(a_row("a", total=500.0), a_row("b", total=0.0))
    assert await stage.seen(a_row("b", total=0.0)) == []


async def test_once_cleared_only_a_further_loss_trips_until_the_next_day() -> None:
    """100 lost and forgiven, 150 is 50; 200 is another 100. A new day counts from its own start."""
    stage = Stage(max_daily_loss=Decimal(100))
    await stage.seen(a_row("a", today=-100))
    assert len(await stage.seen(a_row("a", today=-150))) == 1
    assert len(await stage.seen(a_row("a", today=-200))) == 2
    stage.now_s += DAY
    assert len(await stage.seen(a_row("a", today=-99))) == 2
    assert len(await stage.seen(a_row("a", today=-100))) == 3


@pytest.mark.parametrize(
    "row", [a_row("a", today=-500, mark=0.0), a_row("a", today=float("nan")), a_row("a", today=float("-inf"))]
)
async def test_without_a_price_nobody_knows_what_was_lost(row: BotRow) -> None:
    """No price, not a number: no verdict."""
    assert await Stage(max_daily_loss=Decimal(100), max_drawdown=Decimal(1)).seen(row) == []
