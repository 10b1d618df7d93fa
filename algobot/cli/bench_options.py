"""The options of every command that runs a strategy over bars, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from algobot.cli.backtest import _FRACTION, _POSITIVE, _Finite, _params, _value, _when
from algobot.errors import UsageError
from algobot.model import Param, timeframe_ns

if TYPE_CHECKING:
    from algobot.kernel.session import Settings
    from algobot.kernel.strategy import Strategy
    from algobot.market.store import Series

_FILE: Final = click.Path(path_type=Path)
_OPTIONS: Final = (
    click.option("--strategy", "name", required=True, help="A built-in strategy or one of --strategies-dir."),
    click.option("--data", required=True, multiple=True, type=_FILE, help="Bars (Parquet)."),
    click.option("--symbol", multiple=True, help="What to call each file's instrument; its name says it otherwise."),
    click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the strategy."),
    click.option("--capital", type=_POSITIVE, default=10_000.0, show_default=True),
    click.option("--position", type=_Finite(0, 100, min_open=True), default=0.2, show_default=True, metavar="F"),
    click.option("--fee", type=_FRACTION, default=0.001, show_default=True, help="Of notional, maker and taker."),
    click.option("--slippage", type=_FRACTION, default=0.0, show_default=True, help="Of price, market and stops."),
    click.option("--lot", type=_POSITIVE, default=1e-5, show_default=True, help="Step of a size."),
    click.option("--tick", type=_Finite(0), default=0.0, help="Step of a price; 0 is any price."),
    click.option("--allow-short", is_flag=True, help="Let the strategy be short; otherwise short means flat."),
    click.option("--from", "since", default="", metavar="TIME", help="Leave out bars before."),
    click.option("--to", "until", default="", metavar="TIME", help="Leave out bars from here on."),
    click.option("--strategies-dir", type=_FILE, envvar="ALGOBOT_STRATEGIES_DIR", help="Folder of your strategies."),
)


class Bench(NamedTuple):
    """What is to be run."""

    strategy: Strategy
    params: dict[str, Param]
    series: list[Series]
    settings: Settings
    stem: str  # of the first file


def bench_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it passes them on to `bench` as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def bench(
    *,
    name: str,
    data: tuple[Path, ...],
    symbol: tuple[str, ...],
    params: tuple[str, ...],
    since: str,
    until: str,
    strategies_dir: Path | None,
    **account: Any,
) -> Bench:
    """Return what these options say; raises the errors of whatever is wrong with them."""
    if symbol and len(symbol) != len(data):
        raise UsageError(f"{len(symbol)} --symbol for {len(data)} --data", hint="give one for each file, or none")
    since_ns, until_ns = _when("--from", since), _when("--to", until) or 1 << 62
    from algobot.market.store import read_bars
    from algobot.strategies import registry

    strategy = registry.load(name, strategies_dir)
    chosen = _params(strategy, params)
    names = symbol or ("",) * len(data)
    series = [
        read_bars(path, symbol=word, start_ns=since_ns, end_ns=until_ns) for path, word in zip(data, names, strict=True)
    ]
    return Bench(strategy, chosen, series, _settings(**account), data[0].stem)


def _settings(
    *,
    capital: float,
    position: float,
    fee: float,
    slippage: float,
    lot: float,
    tick: float,
    allow_short: bool,
) -> Settings:
    from algobot.kernel.session import Settings

    return Settings(lot, tick, fee, fee, capital, position, allow_short, slippage, max(1.0, position))


def grid_values(strategy: Strategy, words: tuple[str, ...]) -> dict[str, list[Param]]:
    """Return `-O name=v1,v2` words as the values of the types the strategy declares."""
    kinds = {info.name: info.type for info in strategy.parameters()}
    found: dict[str, list[Param]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text.strip(","):
            raise UsageError(f"-O {word!r} is not NAME=VALUE,VALUE…", hint="write it like -O fast=5,10,20")
        strategy.params({} if name in kinds else {name: 0})  # says which names there are
        found[name] = [_value(name, one, kinds[name]) for one in text.split(",") if one]
    return found


def in_bars(option: str, text: str, span_ns: int) -> int:
    """Return a length given as bars ("5000") or as time ("90d") in bars.

    Raises:
        UsageError: neither.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return timeframe_ns(text) // span_ns
    except Exception:
        raise UsageError(f"{option} {text!r} is no length", hint="write bars, like 5000, or time, like 90d") from None


def percent(fraction: float | None) -> str:
    """Return a fraction as people read it, with its sign."""
    return "–" if fraction is None else f"{fraction:+,.1%}"


def number(value: float | None) -> str:
    """Return a number as people read it."""
    return "–" if value is None else f"{value:,.2f}"
