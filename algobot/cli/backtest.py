"""`algobot backtest`: a strategy over bars from a file."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from algobot.errors import StrategyError, UsageError
from algobot.model import Param

if TYPE_CHECKING:
    from algobot.kernel.session import Settings
    from algobot.kernel.strategy import Strategy
    from algobot.research.backtest import Outcome

_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


class _Finite(click.FloatRange):
    """A number in a range; click lets nan through every comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail as click does."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number", param, ctx)


_POSITIVE = _Finite(0, min_open=True)
_FRACTION = _Finite(0, 1, max_open=True)


class _WithStrategies(click.Command):
    """A command whose help ends with the strategies there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the built-in ones, in their own words."""
        from algobot.strategies import registry

        with formatter.section("Strategies"):
            formatter.write_dl([(name, registry.load(name).summary) for name in registry.BUILT_IN])
        formatter.write_text("and your own, by the names of their files, with --strategies-dir")


@click.command(cls=_WithStrategies)
@click.option("--strategy", "name", required=True, help="A built-in strategy or one of --strategies-dir.")
@click.option("--data", required=True, multiple=True, type=click.Path(path_type=Path), help="Bars (Parquet).")
@click.option("--symbol", multiple=True, help="What to call each file's instrument; its name says it otherwise.")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the strategy.")
@click.option("--capital", type=_POSITIVE, default=10_000.0, show_default=True)
@click.option("--position", type=_Finite(0, 100, min_open=True), default=0.2, show_default=True, metavar="F")
@click.option("--fee", type=_FRACTION, default=0.001, show_default=True, help="Of notional, maker and taker.")
@click.option("--slippage", type=_FRACTION, default=0.0, show_default=True, help="Of price, market and stop orders.")
@click.option("--lot", type=_POSITIVE, default=1e-5, show_default=True, help="Step of a size.")
@click.option("--tick", type=_Finite(0), default=0.0, help="Step of a price; 0 is any price.")
@click.option("--allow-short", is_flag=True, help="Let the strategy be short; otherwise short means flat.")
@click.option("--from", "since", default="", metavar="TIME", help="Trade from here on; earlier bars warm it up.")
@click.option("--to", "until", default="", metavar="TIME", help="Leave out bars from here on.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files. [default: backtests/…]")
@click.option("--no-files", is_flag=True, help="Write no files.")
@click.option(
    "--strategies-dir",
    type=click.Path(path_type=Path),
    envvar="ALGOBOT_STRATEGIES_DIR",
    help="Folder of your own strategies.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object.")
def backtest(
    name: str,
    data: tuple[Path, ...],
    symbol: tuple[str, ...],
    params: tuple[str, ...],
    capital: float,
    position: float,
    fee: float,
    slippage: float,
    lot: float,
    tick: float,
    allow_short: bool,
    since: str,
    until: str,
    out: Path | None,
    no_files: bool,
    strategies_dir: Path | None,
    as_json: bool,
) -> None:
    """Run a strategy over bars from a file and say what it earned.

    It decides on each closed bar and its market orders fill at the next bar's open. Several --data share one account.
    Writes metrics.json, trades.csv, fills.csv and equity.csv.
    """
    if symbol and len(symbol) != len(data):
        raise UsageError(f"{len(symbol)} --symbol for {len(data)} --data", hint="give one for each file, or none")
    since_ns, until_ns = _when("--from", since), _when("--to", until)
    from algobot.kernel.session import Settings
    from algobot.market.store import read_bars
    from algobot.research import backtest as bench
    from algobot.strategies import registry

    strategy = registry.load(name, strategies_dir)
    chosen = _params(strategy, params)
    strategy.params(chosen)
    names = symbol or ("",) * len(data)
    series = [read_bars(path, symbol=word, end_ns=until_ns or 1 << 62) for path, word in zip(data, names, strict=True)]
    settings = Settings(lot, tick, fee, fee, capital, position, allow_short, slippage, max(1.0, position))
    outcome = bench.run(strategy, chosen, series, settings, trade_from_ns=since_ns)
    folder = None if no_files else out or Path("backtests") / f"{name}-{data[0].stem}"
    _tell(outcome, [one.symbol for one in series], settings, folder, as_json=as_json)


def _tell(outcome: Outcome, symbols: list[str], settings: Settings, folder: Path | None, *, as_json: bool) -> None:
    import msgspec

    from algobot.research import report
    from algobot.research.backtest import summary

    files = report.write(folder, outcome, symbols, settings.lot) if folder else []
    if as_json:
        click.echo(msgspec.json.encode(summary(outcome, symbols)).decode())
        return
    _print_table(outcome, symbols)
    if files:
        click.echo(f"wrote {', '.join(path.name for path in files)} to {folder}")


def _print_table(outcome: Outcome, symbols: list[str]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    m = outcome.metrics
    words = " ".join(f"{name}={value}" for name, value in outcome.params.items())
    table = Table(title=f"{outcome.strategy} on {', '.join(symbols)}", caption=words, box=SIMPLE, show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for label, value in (
        ("bars", f"{m.bars:,} ({m.days:,.1f} days)"),
        ("equity", f"{m.start_equity:,.2f} → {m.end_equity:,.2f}"),
        ("return", _percent(m.return_fraction)),
        ("return a year", _percent(m.cagr_fraction)),
        ("buy and hold", _percent(m.buy_and_hold_fraction)),
        ("Sharpe · Sortino", f"{_number(m.sharpe)} · {_number(m.sortino)}"),
        ("deepest drawdown", _percent(m.max_drawdown_fraction)),
        ("longest drawdown", f"{m.longest_drawdown_days:,.1f} days"),
        ("trades", f"{m.trades:,}" + (" and one open" if m.open_position else "")),
        ("won", _percent(m.win_fraction).lstrip("+")),
        ("profit factor", _number(m.profit_factor)),
        ("mean trade", _number(m.expectancy)),
        ("best · worst", f"{_number(m.best_trade)} · {_number(m.worst_trade)}"),
        ("time in market", _percent(m.time_in_market_fraction).lstrip("+")),
        ("fees", f"{m.fees:,.2f}"),
    ):
        table.add_row(label, value)
    Console().print(table)


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{fraction:+,.2%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _when(option: str, text: str) -> int:
    """Return a date or time (UTC) in nanoseconds, 0 for none."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a time", hint="write it like 2025-07-01 or 2025-07-01T12:30"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000) * 1_000_000


def _params(strategy: Strategy, words: tuple[str, ...]) -> dict[str, Param]:
    """Return `-p name=value` words as values of the types the strategy declares."""
    kinds = {info.name: info.type for info in strategy.parameters()}
    chosen: dict[str, Param] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise UsageError(f"-p {word!r} is not NAME=VALUE", hint="write it like -p fast=10")
        chosen[name] = _value(name, text, kinds.get(name, str))
    return chosen


def _value(name: str, text: str, kind: type[Param]) -> Param:
    try:
        if kind is bool:
            return _TRUTH[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        what = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
        raise StrategyError(f"parameter {name} is {text!r}", hint=f"it wants {what}") from None
