"""What a simulator is started with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from algobot.errors import UsageError
from algobot.simulator.candles import INTERVALS
from algobot.simulator.units import to_units


class AccountSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account: its keys, what it starts with, what it pays."""

    key: str
    secret: str
    name: str = ""  # "" is the key
    balances: dict[str, str] = {}
    maker_bps: float = 10.0
    taker_bps: float = 10.0
    fee_in_quote: bool = False
    can_withdraw: bool = False


class SimConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what the venue does; the same config and requests give the same prices and book."""

    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
    data: dict[str, Path] = {}  # symbol: Parquet file of bars or trades; other symbols are synthetic
    accounts: tuple[AccountSpec, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0  # 0 is any free one
    seed: int = 1
    speed: float = 1.0  # market seconds per second; 0 moves only by POST /sim/advance
    timeframe: str = "1m"  # of the base bars, where the data do not say
    start: str = ""  # market time to start at: ISO, epoch ms, or the number of a bar of the data
    bars: int = 0  # stop after so many base bars; 0 is all there are
    history: int = 1000  # bars that exist before the start
    at_end: Literal["pause", "loop"] = "pause"
    spread_bps: float = 2.0
    depth_quote: float = 20_000.0  # quote value of the maker's first level
    levels: int = 10
    weight_limit: int = 6000  # a minute and address
    order_limit: int = 100  # in ten seconds and account
    step_s: float = 0.25  # how often a price moves
    together: bool = False  # all markets move at the same instants; else each has its own phase within a step
    start_prices: dict[str, float] = {}
    clock_skew_ms: int = 0  # venue's wall clock minus ours
    log: Path | None = None


class _AccountsFile(msgspec.Struct, forbid_unknown_fields=True):
    accounts: tuple[AccountSpec, ...]


def parse_account(text: str) -> AccountSpec:
    """Read `key:secret:BTC=1,USDT=10000`; raises UsageError."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise UsageError(f"account {parts[0]!r} is not of the form", hint="key:secret:BTC=1,USDT=10000")
    balances = {}
    for item in filter(None, parts[2].split(",")):
        asset, _, amount = item.partition("=")
        balances[asset.strip().upper()] = amount.strip()
    spec = AccountSpec(key=parts[0], secret=parts[1], balances=balances)
    check_account(spec)
    return spec


def check_account(spec: AccountSpec) -> None:
    """Raise UsageError unless every balance is a number the venue can hold."""
    for asset, amount in spec.balances.items():
        try:
            units = to_units(amount)
        except (ValueError, ArithmeticError):
            units = -1
        if units < 0 or not asset.isalnum():
            raise UsageError(
                f"account {spec.key!r}: balance {asset}={amount} is not an amount", hint="for instance USDT=10000"
            )


def load_accounts(path: Path) -> tuple[AccountSpec, ...]:
    """Read a JSON or TOML file `accounts = [{key, secret, balances}]`; raises UsageError."""
    decode = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    try:
        found = decode(path.read_bytes(), type=_AccountsFile).accounts
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"accounts file {path}: {error}", hint="accounts = [{key, secret, balances}]") from None
    for spec in found:
        check_account(spec)
    return found


def check(config: SimConfig) -> None:
    """Raise UsageError, naming field and value, when this cannot be simulated."""
    if config.host not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError(f"host={config.host}: the simulator serves loopback only", hint="127.0.0.1")
    if config.timeframe not in INTERVALS:
        raise UsageError(f"timeframe={config.timeframe} is unknown", hint=", ".join(INTERVALS))
    if not 0 <= config.speed <= 100_000:
        raise UsageError(f"speed={config.speed} is outside 0 to 100000", hint="600 is a one-minute bar every 100 ms")
    least = {"history": 0, "bars": 0, "levels": 1, "weight_limit": 1, "order_limit": 1, "step_s": 0.001}
    least |= {"spread_bps": 0, "depth_quote": 1}
    for name, bound in least.items():
        if not getattr(config, name) >= bound:
            raise UsageError(f"{name}={getattr(config, name)} is below {bound}")
    if not 0 <= config.port <= 65_535:
        raise UsageError(f"port={config.port} is no port", hint="0 is any free one")
    if not config.symbols and not config.data:
        raise UsageError("no symbols", hint="--symbols BTCUSDT,ETHUSDT")
    if len({a.key for a in config.accounts}) != len(config.accounts):
        raise UsageError("two accounts have the same key", hint="give each account a key of its own")
    if len({a.name or a.key for a in config.accounts}) != len(config.accounts):
        raise UsageError("two accounts have the same name", hint="the log tells accounts apart by name")


def parse_start(text: str) -> int:
    """Return market ms of ISO text or of a number; raises UsageError."""
    try:
        if text.isdigit():
            return int(text)
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except ValueError:
        raise UsageError(
            f"start={text} is no time", hint="2025-06-01T00:00, epoch milliseconds, or a bar number"
        ) from None
