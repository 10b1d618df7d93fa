"""The whole venue without its network: markets, accounts, tapes, clock, limits, put together from a `SimConfig`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

from algobot.errors import UsageError
from algobot.simulator import refusals
from algobot.simulator.accounts import Account
from algobot.simulator.broadcast import Broadcast
from algobot.simulator.candles import INTERVALS, bucket
from algobot.simulator.clock import Clock
from algobot.simulator.config import AccountSpec, SimConfig, check, check_account, parse_start
from algobot.simulator.exchange import Exchange, Market, MarketStatus
from algobot.simulator.faults import Faults, HttpError, RateLimited, Rule
from algobot.simulator.journal import BanBroken, Funded, Journal
from algobot.simulator.limits import OrderBudget, WeightBudget
from algobot.simulator.maker import Maker
from algobot.simulator.rules import Rules, rules_for
from algobot.simulator.sources import Recording, Replay, Source, Synthetic, load
from algobot.simulator.streams import Hub
from algobot.simulator.tape import Tape, seeded
from algobot.simulator.units import show, show_float, to_units

PAST_MS = 30 * 86_400_000  # accelerated synthetic time starts so long ago, and so stays behind the wall clock


class Venue:
    """What requests act on. Synchronous; `advance` moves it."""

    def __init__(self, config: SimConfig) -> None:
        check(config)
        self.config = config
        self.faults = Faults(config.seed)
        self.hub = Hub()
        self.journal = Journal(config.log)
        recordings, rules = _load(config)
        start_ms, end_ms = _period(config, recordings)
        self.start_ms, self.end_ms = start_ms, end_ms
        self.clock = Clock(start_ms=start_ms, speed=config.speed, skew_ms=config.clock_skew_ms)
        self.broadcast = Broadcast(self.hub, self.clock)
        self.markets = {r.symbol: Market(r) for r in rules}
        self.accounts: dict[str, Account] = {}
        self.exchange = Exchange(self.markets, [], self.journal, self.broadcast)
        self.weights: defaultdict[str, WeightBudget] = defaultdict(lambda: WeightBudget(config.weight_limit))
        self.order_budgets: defaultdict[str, OrderBudget] = defaultdict(lambda: OrderBudget(config.order_limit))
        self._closed_until_s = 0.0  # monotonic
        self.listen_keys: dict[str, Account] = {}
        self._lags_ms: dict[str, int] = {}  # of market time, less than a step: no two markets move at one instant
        for spec in config.accounts:
            self.add_account(spec)
        for symbol, market in self.markets.items():
            source = _source(config, market.rules, recordings.get(symbol), start_ms, end_ms)
            self._add_tape(market, source)

    @property
    def tapes(self) -> dict[str, Tape]:
        """The moving part of each market."""
        return self.broadcast.tapes

    @property
    def done(self) -> bool:
        """Whether every market has shown its last bar."""
        return all(tape.done for tape in self.tapes.values())

    def shows_forming(self, tape: Tape, interval_ms: int) -> bool:
        """Return whether klines answers hold the forming bar: only where market time is wall time, and until its end.

        Elsewhere a client that compares a bar's close with its clock would take a forming bar for a closed one.
        """
        newest = tape.klines.latest(interval_ms)
        if newest is None or self.config.speed != 1 or self.config.data or self.config.start:
            return False
        return newest[0].open_ms + interval_ms > self.clock.market_ms()

    def market(self, symbol: str) -> Market:
        """Return a market by its symbol. Raises Refusal."""
        market = self.markets.get(symbol)
        if market is None or market.status == "DELISTED":
            raise refusals.bad_symbol()
        return market

    def set_status(self, symbol: str, status: MarketStatus) -> None:
        """Open a market, stop trading in it, or delist it, which ends its orders. Raises Refusal."""
        market = self.markets.get(symbol)
        if market is None:
            raise refusals.bad_symbol()
        market.status = status
        if status == "DELISTED":
            self.exchange.expire_all(market, self.clock.wall_ms())

    def maintain(self, seconds: float) -> None:
        """Close for so long: nothing trades, every connection breaks, every request gets a gateway's page."""
        self._closed_until_s = time.monotonic() + seconds
        for where in ("request", "connect"):
            self.faults.add(Rule(where, HttpError(503), count=0, seconds=seconds))
        for client in list(self.hub.clients):
            client.cut()

    def charge(self, address: str, weight: int, subject: str) -> None:
        """Count a request of `weight`; one that comes in spite of a ban is in the journal. Raises Refusal."""
        ms, budget = self.clock.wall_ms(), self.weights[address]
        if until_ms := budget.shut_until_ms(ms):
            self.journal.write(BanBroken(address, subject, budget.since_ms, until_ms, ms))
        budget.charge(weight, ms)

    def limit(self, address: str, fault: RateLimited) -> None:
        """Hold an address to what it was told, where the fault means it."""
        if fault.ban_s:
            ms, banned = self.clock.wall_ms(), fault.status == 418
            self.weights[address].sentence(fault.retry_after_s * 1000, fault.ban_s * 1000, ms, banned=banned)

    def add_account(self, spec: AccountSpec) -> Account:
        """Open an account and fund it."""
        check_account(spec)
        maker_ppm, taker_ppm = round(spec.maker_bps * 100), round(spec.taker_bps * 100)
        account = Account(spec.name or spec.key, spec.key, spec.secret, maker_ppm=maker_ppm, taker_ppm=taker_ppm)
        account.fee_in_quote = spec.fee_in_quote
        account.can_withdraw = spec.can_withdraw
        self.accounts[spec.key] = account
        self.exchange.accounts.append(account)
        for asset, amount in spec.balances.items():
            self.fund(account, asset, to_units(amount))
        account.remember(0)
        return account

    def fund(self, account: Account, asset: str, units: int) -> None:
        """Give an account money from outside."""
        ms = self.clock.wall_ms()
        account.receive(asset, units)
        account.updated_ms = ms
        self.journal.write(Funded(account.name, asset, show(units), ms))

    def open(self) -> None:
        """Quote every market and start the clock."""
        for tape in self.tapes.values():
            tape.open(self.clock.wall_ms())
        self.clock.go()

    def advance(self) -> None:
        """Bring every market to where market time is, and send what is due."""
        if time.monotonic() < self._closed_until_s:
            return
        now, ms = self.clock.market_ms(), self.clock.wall_ms()
        moves = self.clock.speed > 0  # by hand, all go to the very moment they are told
        for symbol, tape in self.tapes.items():
            if tape.market.status != "TRADING":
                continue
            tape.advance(now - self._lags_ms[symbol] if moves else now, ms)
        self.broadcast.flush()

    def beat_s(self) -> float:
        """Return how often `advance` should be called: the more markets, the fewer of them shall move at once."""
        if not self.clock.speed:
            return 0.05
        shortest = min(tape.klines.base_ms for tape in self.tapes.values()) / 1000 / self.clock.speed
        return min(0.1, max(0.005, min(shortest / 4, self.config.step_s / len(self.tapes))))

    def _add_tape(self, market: Market, source: Source) -> None:
        config = self.config
        random = seeded(config.seed, market.rules.symbol, "maker")
        maker = Maker(
            self.exchange,
            market,
            spread_bps=config.spread_bps,
            depth_quote=config.depth_quote,
            levels=config.levels,
            random=random,
        )
        end_ms = self.end_ms if config.at_end == "pause" else None
        self.tapes[market.rules.symbol] = Tape(self.exchange, market, source, maker, self.broadcast, end_ms)
        phase = 0.0 if config.together else seeded(config.seed, market.rules.symbol, "phase").random()
        self._lags_ms[market.rules.symbol] = int(phase * source.base_ms / _steps(config, source.base_ms))


def _load(config: SimConfig) -> tuple[dict[str, Recording], list[Rules]]:
    """Read the recordings and fit each market's rules to its prices."""
    base_ms = INTERVALS[config.timeframe]
    recordings: dict[str, Recording] = {}
    rules: list[Rules] = []
    for symbol, path in config.data.items():
        recording = load(path, base_ms)
        sample = recording.candles[:1000]
        decimals = max(_decimals(c.close) for c in sample)
        one = rules_for(symbol.upper(), price=sample[0].open, decimals=decimals)
        recordings[one.symbol] = recording
        rules.append(one)
    for symbol in config.symbols:
        one = rules_for(symbol.upper(), price=config.start_prices.get(symbol.upper()))
        if one.symbol not in {r.symbol for r in rules}:
            rules.append(one)
    return recordings, rules


def _decimals(price: float) -> int:
    """Return how many decimals a recorded price has, eight at most."""
    return min(8, len(show_float(price).partition(".")[2].rstrip("0")))


def _period(config: SimConfig, recordings: dict[str, Recording]) -> tuple[int, int | None]:
    """Return where market time starts, and where it ends if it does."""
    base_ms = min((r.base_ms for r in recordings.values()), default=INTERVALS[config.timeframe])
    if recordings:
        start_ms = _replay_start(config, recordings)
        end_ms: int | None = max(r.candles[-1].open_ms + r.base_ms for r in recordings.values())
    else:
        wall_ms = time.time_ns() // 1_000_000
        past_ms = 0 if config.speed == 1 else PAST_MS
        start_ms = parse_start(config.start) if config.start else wall_ms - past_ms
        start_ms = bucket(start_ms, base_ms) if config.speed != 1 or config.start else start_ms
        if start_ms < config.history * base_ms:
            raise UsageError(f"start={config.start} leaves no room for history={config.history}", hint="start later")
        end_ms = None
    if config.bars:
        end_ms = bucket(start_ms, base_ms) + config.bars * base_ms
    return start_ms, end_ms


def _replay_start(config: SimConfig, recordings: dict[str, Recording]) -> int:
    """Return the opening time of the first bar shown: by default there are `history` before it."""
    if config.start:
        wanted = parse_start(config.start)
        first = next(iter(recordings.values())).candles
        if wanted < len(first):
            return first[wanted].open_ms
        if all(r.candles[-1].open_ms < wanted for r in recordings.values()):
            raise UsageError(f"start={config.start} is behind the last bar", hint="see the data's own period")
        return wanted
    return max(r.candles[min(config.history, len(r.candles) // 2)].open_ms for r in recordings.values())


def _source(config: SimConfig, rules: Rules, recording: Recording | None, start_ms: int, end_ms: int | None) -> Source:
    """Return the market's prices: its recording, or a process of its own."""
    random = seeded(config.seed, rules.symbol, "price")
    base_ms = recording.base_ms if recording else INTERVALS[config.timeframe]
    steps = _steps(config, base_ms)
    if recording is not None:
        return Replay(
            recording.candles,
            base_ms=base_ms,
            start_ms=start_ms,
            history=config.history,
            steps=steps,
            random=random,
            trades=recording.trades,
            end_ms=end_ms,
            loop=config.at_end == "loop",
        )
    return Synthetic(
        rules.start_price,
        rules.tick / 1e8,
        base_ms=base_ms,
        start_ms=bucket(start_ms, base_ms),
        history=config.history,
        steps=steps,
        random=random,
    )


def _steps(config: SimConfig, base_ms: int) -> int:
    """Return how often a price moves within a bar."""
    real_s = base_ms / 1000 / config.speed if config.speed else 0.0
    return int(min(240, max(4, real_s / config.step_s)))


def account_rows(venue: Venue) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Yield each account's name and balances as text."""
    for account in venue.accounts.values():
        yield (
            account.name,
            {a: {"free": show(account.free[a]), "locked": show(account.locked[a])} for a in account.assets()},
        )
