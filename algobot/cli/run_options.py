"""What every command that runs a strategy over bars is told: by options, or by a run file that the options overrule.

A new setting of the account is one line of `SETTINGS`: its option, its key in a run file, its field in the engine.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
from click.core import ParameterSource

from algobot.cli.compiling import announce
from algobot.cli.data.words import data_dir, library, moment_ns
from algobot.cli.run_file import RunFile, read_run_file
from algobot.errors import StrategyError, UsageError
from algobot.model import Param

if TYPE_CHECKING:
    from algobot.kernel.session import Settings
    from algobot.kernel.strategy import Strategy
    from algobot.market.store import Series


class Finite(click.FloatRange):
    """A number in a range; click lets nan through every comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail as click does."""
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number", param, ctx)


class Tiers(click.ParamType[Any]):
    """Fees by what was traded in 30 days: NOTIONAL:MAKER:TAKER, several after commas."""

    name = "tiers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a row of numbers for each step, or fail as click does."""
        steps = [step.split(":") for step in str(value).split(",")]
        try:
            rows = tuple(tuple(float(number) for number in step) for step in steps)
        except ValueError:
            rows = ()
        if not rows or any(len(row) != 3 or not all(math.isfinite(number) for number in row) for row in rows):
            self.fail(f"{value!r} is not like 0:0.001:0.001,1e6:0.0008:0.001", param, ctx)
        if any(first[0] >= then[0] for first, then in itertools.pairwise(rows)) or rows[0][0] < 0:
            self.fail(f"{value!r}: each step must begin at a larger notional", param, ctx)
        return rows


POSITIVE: Final = Finite(0, min_open=True)
FRACTION: Final = Finite(0, 1, max_open=True)
SHARE: Final = Finite(0, 1)
COUNT: Final = click.IntRange(0)


class Setting(NamedTuple):
    """One setting of the account, as a person names it. Without a default the engine's own stands."""

    name: str  # --max-drawdown; max_drawdown in a run file
    fields: tuple[str, ...]  # of `kernel.session.Settings`
    kind: click.ParamType[Any]
    help: str
    default: float | None = None
    unit: int = 0  # whole units of the field in one of the option's; 0 is the same


SETTINGS: Final = (
    Setting("capital", ("capital",), POSITIVE, "In quote units.", 10_000.0),
    Setting("position", ("position_fraction",), Finite(0, 100, min_open=True), "An entry's size, of equity.", 0.2),
    Setting("fee", ("maker_fee", "taker_fee"), FRACTION, "Of notional, maker and taker.", 0.001),
    Setting("maker_fee", ("maker_fee",), Finite(-1, 1, max_open=True), "Of orders that rested; else --fee."),
    Setting("fee_tiers", ("fee_tiers",), Tiers(), "NOTIONAL:MAKER:TAKER,… by what was traded in 30 days."),
    Setting("slippage", ("slippage",), FRACTION, "Of price, market and stop orders.", 0.0),
    Setting("lot", ("lot",), POSITIVE, "Step of a size.", 1e-5),
    Setting("tick", ("tick",), Finite(0), "Step of a price; 0 is any price.", 0.0),
    Setting("allow_short", ("allow_short",), click.BOOL, "Let the strategy be short; otherwise short means flat."),
    Setting("max_position", ("max_position_fraction",), Finite(0), "Most of equity in one symbol."),
    Setting("max_drawdown", ("max_drawdown_fraction",), SHARE, "Opens nothing below this drawdown; 0 is off."),
    Setting("max_daily_loss", ("max_daily_loss_fraction",), SHARE, "The same, for a day's loss; 0 is off."),
    Setting("max_order", ("max_order_notional",), Finite(0), "Most notional of one order; 0 is off."),
    Setting("max_positions", ("max_positions",), COUNT, "Most symbols with a position at a time; 0 is off."),
    Setting("max_heat", ("max_heat_fraction",), SHARE, "Most of equity that all stops together may lose; 0 is off."),
    Setting("risk_per_trade", ("risk_per_trade_fraction",), SHARE, "Of equity, what a stop may lose: sizes entries."),
    Setting("warning_drawdown", ("warning_drawdown_fraction",), SHARE, "From here on smaller entries; 0 is off."),
    Setting("warning_multiplier", ("warning_multiplier",), SHARE, "How much smaller."),
    Setting("critical_drawdown", ("critical_drawdown_fraction",), SHARE, "From here on smaller still; 0 is off."),
    Setting("critical_multiplier", ("critical_multiplier",), SHARE, "How much smaller then."),
    Setting("max_losses", ("max_losses",), COUNT, "Losses in a row, from then on smaller entries; 0 is off."),
    Setting("losses_multiplier", ("losses_multiplier",), SHARE, "How much smaller after them."),
    Setting("cooldown_bars", ("cooldown_bars",), COUNT, "Bars without an entry after a loss."),
    Setting("path", ("path",), click.Choice(("worst", "ohlc", "adaptive")), "How a price goes within a bar."),
    Setting("spread_share", ("spread_share",), SHARE, "Of a bar's range, paid by market and stop orders."),
    Setting("impact_linear", ("impact_linear",), Finite(0), "Slippage by the share of a bar's volume."),
    Setting("impact_sqrt", ("impact_sqrt",), Finite(0), "Slippage by the root of that share."),
    Setting("participation", ("participation_fraction",), SHARE, "Most of a bar's volume one fills; 0 is all."),
    Setting("latency_ms", ("latency_ns",), COUNT, "From a close until an order is at the venue.", unit=1_000_000),
    Setting("sell_next_day", ("sell_next_day",), click.BOOL, "What is bought can be sold from the next UTC day on."),
    Setting("leverage", ("leverage",), Finite(0, 200), "Of a perpetual; 0 is spot."),
    Setting("maintenance", ("maintenance_fraction",), FRACTION, "Of notional: the margin that must be left."),
    Setting("liquidation_fee", ("liquidation_fee",), FRACTION, "Of notional, when a position is closed by force."),
)
_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
_FILE: Final = click.Path(path_type=Path)
_WORDS: Final = (
    click.option("--config", type=_FILE, metavar="FILE", help="A run file (TOML) with all this; options overrule it."),
    click.option("--strategy", "name", help="A built-in strategy or one of --strategies-dir."),
    click.option(
        "--data", multiple=True, metavar="BARS", help="A Parquet file, or bars of the library: venue:SYMBOL:timeframe."
    ),
    click.option("--symbol", multiple=True, help="What to call each instrument; the file's name says it otherwise."),
    click.option("--funding", multiple=True, type=_FILE, help="Funding rates of each perpetual (Parquet: time, rate)."),
    click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the strategy."),
    click.option("--from", "since", default="", metavar="TIME", help="Trade from here on; earlier bars warm it up."),
    click.option("--to", "until", default="", metavar="TIME", help="Leave out bars from here on."),
    click.option("--strategies-dir", type=_FILE, envvar="ALGOBOT_STRATEGIES_DIR", help="Folder of your strategies."),
    data_dir,
)
_OWN: Final = ("config", "name", "data", "symbol", "funding", "params", "since", "until", "strategies_dir", "data_dir")
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}


class Plan(NamedTuple):
    """What is to be run, everything checked and read."""

    strategy: Strategy
    params: dict[str, Param]  # those given
    series: list[Series]
    settings: Settings
    since_ns: int  # trade from here on; 0 is the first bar
    until_ns: int  # 0 is all
    data: tuple[str, ...]  # as a person named the bars
    strategies_dir: Path | None
    grid: dict[str, Any]  # of the run file, not checked yet
    file: RunFile


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it gets them as its first argument, a function that returns the `Plan`."""

    @functools.wraps(command)
    def wrapped(**words: Any) -> Any:
        shared = {name: words.pop(name) for name in (*_OWN, *_BY_NAME)}
        ctx = click.get_current_context()
        given = {name for name in shared if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}
        return command(functools.partial(_plan, shared, given), **words)

    asking: Callable[..., Any] = wrapped
    for option in reversed((*_WORDS, *map(_option, SETTINGS))):
        asking = option(asking)
    return asking


def _option(setting: Setting) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag = "--" + setting.name.replace("_", "-")
    if setting.kind is click.BOOL:
        return click.option(flag, setting.name, is_flag=True, help=setting.help)
    shown = setting.default is not None
    return click.option(
        flag, setting.name, type=setting.kind, default=setting.default, show_default=shown, metavar="X",
        help=setting.help,
    )  # fmt: skip


def _plan(words: Mapping[str, Any], given: set[str], *, lead: bool = True) -> Plan:
    """Return what the options and the run file say; without `lead` bars before --from are left out.

    Raises:
        UsageError, ConfigError, StrategyError, DataError: of whatever is wrong with them.
    """
    file = read_run_file(words["config"], {setting.name: setting.kind for setting in SETTINGS})

    def said(name: str, key: str) -> Any:
        return words[name] if name in given or key not in file.tree else file.tree[key]

    name, data, symbols = said("name", "strategy"), said("data", "data"), said("symbol", "symbols")
    funding = said("funding", "funding")
    if not name:
        raise UsageError("no strategy is given", hint="name one with --strategy, or in a run file")
    if not data:
        raise UsageError("no bars are given", hint="name a file or bars of the library with --data, like bars.parquet")
    if symbols and len(symbols) != len(data):
        raise UsageError(f"{len(symbols)} --symbol for {len(data)} --data", hint="give one for each, or none")
    if funding and len(funding) != len(data):
        raise UsageError(f"{len(funding)} --funding for {len(data)} --data", hint="give one for each, or none")
    since_ns, until_ns = (_moment(said(name, key), key) for name, key in (("since", "from"), ("until", "to")))
    from algobot.market.funding import read_funding
    from algobot.market.library import resolve
    from algobot.strategies import registry

    own = said("strategies_dir", "strategies_dir")
    strategy = registry.load(name, own)
    chosen = _chosen(strategy, words["params"], file)
    reach = {"start_ns": 0 if lead else since_ns, "end_ns": until_ns or 1 << 62}
    shelf = library(words["data_dir"])
    series = [
        resolve(text, shelf, symbol=symbol, **reach)
        for text, symbol in zip(data, symbols or ("",) * len(data), strict=True)
    ]
    if funding:
        series = [one._replace(funding=read_funding(Path(p))) for one, p in zip(series, funding, strict=True)]
    settings = _settings(words, given, file)
    announce()
    return Plan(strategy, chosen, series, settings, since_ns, until_ns, tuple(data), own, file.tree["grid"], file)


def _settings(words: Mapping[str, Any], given: set[str], file: RunFile) -> Settings:
    from algobot.kernel.session import Settings

    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = words[setting.name]
        if setting.name not in given:
            value = file.tree["settings"].get(setting.name, value)
        if value is not None:
            values |= dict.fromkeys(setting.fields, value * setting.unit if setting.unit else value)
    values.setdefault("max_position_fraction", max(1.0, values["position_fraction"]))
    return Settings(**values)


def _chosen(strategy: Strategy, words: Sequence[str], file: RunFile) -> dict[str, Param]:
    """Return the parameters given, those of the file first, each in its bounds: a search may change the others."""
    chosen = file.params(strategy)
    kinds = {info.name: info.type for info in strategy.parameters()}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise UsageError(f"-p {word!r} is not NAME=VALUE", hint="write it like -p fast=10")
        chosen[name] = param_value(name, text, kinds.get(name, str))
    dataclasses.replace(strategy, problem=None).params(chosen)
    return chosen


def param_value(name: str, text: str, kind: type[Param]) -> Param:
    """Return a parameter's value as a person wrote it. Raises StrategyError."""
    try:
        if kind is bool:
            return _TRUTH[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        what = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
        raise StrategyError(f"parameter {name} is {text!r}", hint=f"it wants {what}") from None


def _moment(text: str, key: str) -> int:
    return moment_ns(f"--{key}", text) if text else 0


def command_words(ctx: click.Context, leave_out: Sequence[str] = ()) -> list[str]:
    """Return the words that ask for the same again, without the options named in `leave_out`."""
    words = ["algobot", str(ctx.info_name)]
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if param.name in leave_out or value in (None, (), False) or value == param.get_default(ctx):
            continue
        option = max(param.opts, key=len)
        if value is True:
            words.append(option)
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, str(one)]
    return words
