"""`algobot backtest`: a strategy over bars from a file."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from algobot.errors import StrategyError, UsageError
from algobot.model import Param

if TYPE_CHECKING:
    from algobot.kernel.session import Settings
    from algobot.kernel.strategy import Strategy
    from algobot.market.store import Series
    from algobot.research.backtest import Outcome
    from algobot.research.report.record import Asked

RESULTS: Final = Path("results")
_NOT_OF_THE_RUN: Final = ("out", "no_files", "no_pictures", "as_json")
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


class _Finite(click.FloatRange):
    """A number in a range; click lets nan through every comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail as click does."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number", param, ctx)


_POSITIVE = _Finite(0, min_open=True)
_FRACTION = _Finite(0, 1, max_open=True)


class _Show(NamedTuple):
    """What the caller wants of a result."""

    folder: Path | None
    pictures: bool
    as_json: bool


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
@click.option("--risk-free", type=_Finite(-0.5, 1), default=0.0, metavar="F", help="Rate a year, for the ratios.")
@click.option("--trials", type=click.IntRange(1), default=1, help="Variants tried before, for the deflated Sharpe.")
@click.option("--tax", type=_FRACTION, default=0.0, metavar="F", help="Of profits, for the return after tax.")
@click.option("--tax-each-win", is_flag=True, help="Losses do not lower the tax.")
@click.option("--tds", type=_FRACTION, default=0.0, metavar="F", help="Of each sale, withheld against the tax.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files. [default: results/…]")
@click.option("--no-files", is_flag=True, help="Write no files.")
@click.option("--no-pictures", is_flag=True, help="Leave out the PNGs.")
@click.option(
    "--strategies-dir",
    type=click.Path(path_type=Path),
    envvar="ALGOBOT_STRATEGIES_DIR",
    help="Folder of your own strategies.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object.")
@click.pass_context
def backtest(
    ctx: click.Context,
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
    risk_free: float,
    trials: int,
    tax: float,
    tax_each_win: bool,
    tds: float,
    out: Path | None,
    no_files: bool,
    no_pictures: bool,
    strategies_dir: Path | None,
    as_json: bool,
) -> None:
    """Run a strategy over bars from a file and say what it earned.

    It decides on each closed bar and its market orders fill at the next bar's open. Several --data share one account.
    Writes a folder with report.html, tables, pictures and run.json, which says how to run it again;
    `algobot report` and `algobot compare` read it.
    """
    if symbol and len(symbol) != len(data):
        raise UsageError(f"{len(symbol)} --symbol for {len(data)} --data", hint="give one for each file, or none")
    since_ns, until_ns = _when("--from", since), _when("--to", until)
    from algobot.kernel.session import Settings
    from algobot.market.store import read_bars
    from algobot.research import backtest as bench
    from algobot.research.metrics import Assumptions
    from algobot.research.report import files
    from algobot.research.report.record import Asked
    from algobot.strategies import registry

    strategy = registry.load(name, strategies_dir)
    chosen = _params(strategy, params)
    strategy.params(chosen)
    names = symbol or ("",) * len(data)
    series = [read_bars(path, symbol=word, end_ns=until_ns or 1 << 62) for path, word in zip(data, names, strict=True)]
    settings = Settings(lot, tick, fee, fee, capital, position, allow_short, slippage, max(1.0, position))
    assumed = Assumptions(risk_free, trials, None, tax, not tax_each_win, tds)
    outcome = bench.run(strategy, chosen, series, settings, trade_from_ns=since_ns, assumed=assumed)
    now = datetime.now(UTC)
    folder = None if no_files else out or files.claim(RESULTS, _name(name, series, now))
    asked = Asked(
        folder.name if folder else "",
        int(now.timestamp() * 1000) * 1_000_000,
        _command(ctx),
        data,
        str(strategies_dir.resolve()) if strategies_dir and name not in registry.BUILT_IN else "",
        since_ns,
        until_ns,
        assumed,
    )
    _tell(outcome, series, settings, asked, _Show(folder, not no_pictures, as_json))


def _tell(outcome: Outcome, series: list[Series], settings: Settings, asked: Asked, show: _Show) -> None:
    """Write the files and print the summary, or the metrics as JSON."""
    import msgspec

    from algobot.research.backtest import summary
    from algobot.research.report import files, record, views

    run = record.run_of(outcome, record.record_of(outcome, series, settings, asked))
    notes: list[str] = []
    if show.folder:
        files.write(show.folder, run, outcome)
        notes = views.write(show.folder, run, pictures=show.pictures)
    if show.as_json:
        click.echo(msgspec.json.encode(summary(outcome, run.record.symbols)).decode())
        return
    views.show(run)
    for note in notes:
        click.echo(note, err=True)
    if show.folder:
        click.echo(f"wrote {show.folder}: report.html and {len(list(show.folder.iterdir())) - 1} more files")


def _name(strategy: str, series: list[Series], now: datetime) -> str:
    """Return a readable name for a run's folder, in order of time."""
    symbols = series[0].symbol if len(series) == 1 else f"{len(series)}_symbols"
    words = f"{now:%Y-%m-%d-%H%M%S}-{strategy}-{symbols}-{span_word(series[0].span_ns)}"
    return re.sub(r"[^A-Za-z0-9._-]+", "_", words)


def span_word(span_ns: int) -> str:
    """Return a bar's length as venues write it: 1m, 4h, 1d."""
    for unit, letter in ((86_400, "d"), (3600, "h"), (60, "m")):
        if span_ns % (unit * 10**9) == 0:
            return f"{span_ns // (unit * 10**9)}{letter}"
    return f"{span_ns / 1e9:g}s"


def _command(ctx: click.Context) -> list[str]:
    """Return the words that ask for the same run again."""
    words = ["algobot", str(ctx.info_name)]
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if param.name in _NOT_OF_THE_RUN or value in (None, (), False) or value == param.get_default(ctx):
            continue
        option = max(param.opts, key=len)
        if value is True:
            words.append(option)
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, str(one)]
    return words


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
