"""Every strategy, any parameters: the daemon's paper bot makes the trades of the backtest, to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from algobot.kernel.session import Session
from algobot.market.store import Series
from algobot.model import Bar, BotSpec, Fill, RiskSpec
from algobot.research.backtest import run
from algobot.strategies import registry
from daemon import messages as m
from daemon.bot import Bot
from daemon.bot_ports import Birth
from daemon.holding import settings_of
from tests.daemon.builders import a_spec
from tests.daemon.notes import Notes, a_memory, feed
from tests.fakes.venue import BTC
from tests.kernel.markets import model_bars
from tests.strategies.legal import HOUR_NS, hourly, legal_params

DEAR = msgspec.structs.replace(BTC, maker_fee=Decimal("0.0002"), taker_fee=Decimal("0.0007"))
RISK = RiskSpec(max_position_fraction=0.8, max_drawdown_fraction=0.5, max_daily_loss_fraction=0.2)


def begun(spec: BotSpec, notes: Notes, checkpoint: m.Checkpoint | None, fills: Sequence[Fill], known: list[Bar]) -> Bot:
    """Return a bot as the daemon starts it: from its checkpoint and ledger, the stream up, the history answered."""
    strategy = registry.load(spec.strategy)
    ledger = [m.FillArrived(fill, number) for number, fill in enumerate(fills, 1)]
    birth = Birth(spec, DEAR, strategy, a_memory(spec, checkpoint=checkpoint, ledger=ledger))
    bot = Bot(birth, Session(strategy, spec.params, settings_of(spec, DEAR)), notes)
    notes.bot = bot
    bot.begin()
    bot.handle(m.FeedState(live=True))
    bot.handle(m.HistoryArrived(tuple(known)))
    return bot


def by_the_daemon(spec: BotSpec, bars: list[Bar], cut: int) -> list[Fill]:
    """Return the fills of a paper bot that is killed after bar `cut` and started again."""
    first, second = Notes(), Notes()
    feed(begun(spec, first, None, (), []), bars[:cut])
    feed(begun(spec, second, first.records[-1][0], first.fills, bars[cut - 1 : cut]), bars[cut:])
    return first.fills + second.fills


def fills_of(
    name: str, params: dict[str, object], seed: int, cut: int, *, short: bool, count: int = 240, step: float = 0.015
) -> int:
    """Compare the daemon's fills with the backtest's on one market and return how many there were."""
    spec = a_spec(strategy=name, params=params, risk=RISK)  # type: ignore[arg-type]
    spec = msgspec.structs.replace(spec, timeframe="1h", allow_short=short)
    bars = hourly(count, seed, step=step)
    outcome = run(registry.load(name), spec.params, [Series("BTC/USDT", HOUR_NS, bars)], settings_of(spec, DEAR))
    expected = [(f.ts_ns, f.side, f.lots, f.price, f.fee, f.is_maker, f.tag) for f in outcome.fills[0]]
    got = [
        (f.ts_event_ns, int(f.side), DEAR.to_lots(f.quantity), float(f.price), float(f.fee), f.is_maker, f.tag)
        for f in by_the_daemon(spec, model_bars(bars), cut)
    ]
    assert got == expected
    return len(got)


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_a_paper_bot_makes_the_trades_of_the_backtest_whatever_its_parameters(name: str) -> None:
    """Random legal parameters, random markets, killed and started again at any bar: equal fills, in every field."""

    @given(legal_params(registry.load(name)), st.integers(0, 1_000_000), st.integers(1, 239), st.booleans())
    @settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def compare(params: dict[str, object], seed: int, cut: int, short: bool) -> None:
        fills_of(name, params, seed, cut, short=short)

    compare()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_with_its_defaults_too_and_then_there_are_trades(name: str) -> None:
    """Long enough for the slowest warm-up, calm and wild, so that the comparison is one of something."""
    assert sum(fills_of(name, {}, 5, 1200, short=True, count=2400, step=step) for step in (0.002, 0.015)) > 0


def test_a_position_too_small_for_the_venue_is_kept_over_a_restart_on_paper() -> None:
    """A backtest knows no least order: a paper bot that comes back must not drop what it holds."""
    tiny = {"every_bars": 3, "buy_fraction": 0.0001, "take_profit_fraction": 0.01}
    assert all(fills_of("dca", tiny, seed, 4, short=False) > 10 for seed in range(3))
