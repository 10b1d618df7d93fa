"""`algobot strategy`: which there are, what they can be told, and whether one is sound."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from algobot.cli.compiling import announce
from algobot.cli.data.words import data_dir, library
from algobot.errors import StrategyError, UsageError

if TYPE_CHECKING:
    from algobot.kernel.strategy import Strategy
    from algobot.research.validation.check.findings import Checked

_FOLDER = click.option(
    "--strategies-dir",
    type=click.Path(path_type=Path),
    envvar="ALGOBOT_STRATEGIES_DIR",
    help="Folder of your own strategies.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_MARKS: Final = {"ok": "[green]ok[/]", "warning": "[yellow]note[/]", "failed": "[red]FAILED[/]"}


@click.group()
def strategy() -> None:
    """List strategies, show what one can be told, check that one is sound."""


@strategy.command("list")
@_FOLDER
@_JSON
def list_(strategies_dir: Path | None, as_json: bool) -> None:
    """List the built-in strategies and those of --strategies-dir."""
    from algobot.strategies import registry

    rows: list[tuple[str, str]] = []
    for name in registry.names(strategies_dir):
        try:
            rows.append((name, registry.load(name, strategies_dir).summary))
        except StrategyError as error:
            rows.append((name, f"cannot be loaded: {error.message}"))
    if as_json:
        _echo_json(dict(rows))
        return
    table = _table("strategy", "")
    for name, summary in rows:
        table.add_row(name, summary)
    _print(table)


@strategy.command()
@click.argument("name")
@_FOLDER
@_JSON
def show(name: str, strategies_dir: Path | None, as_json: bool) -> None:
    """Show what a strategy does, its parameters with units and ranges, and the reasons it gives."""
    found = _found(name, strategies_dir)
    units = param_words(found)
    warmup = found.warmup(found.params({}))
    if as_json:
        params = {
            info.name: {
                "type": info.type.__name__,
                "default": info.default,
                "low": info.low,
                "high": info.high,
                "unit": units.get(info.name, ""),
            }
            for info in found.parameters()
        }
        reasons = {str(code): words for code, words in found.reasons.items()}
        body = {"name": found.name, "summary": found.summary, "file": found.file, "warmup_bars": warmup}
        _echo_json(body | {"params": params, "reasons": reasons})
        return
    click.echo(f"{found.name}: {found.summary}\n{found.file}\ndecides after {warmup} bars with its defaults\n")
    table = _table("parameter", "default", "from", "to", "in")
    for info in found.parameters():
        ends = ("", "") if info.type is bool else (f"{info.low:,.10g}", f"{info.high:,.10g}")
        table.add_row(info.name, f"{info.default}", *ends, units.get(info.name, ""))
    _print(table)
    if found.reasons:
        click.echo("it says:")
        for words in found.reasons.values():
            click.echo(f"  {words}")


@strategy.command()
@click.argument("names", nargs=-1, metavar="NAME|FILE…")
@click.option("--all", "every", is_flag=True, help="Check every strategy there is.")
@click.option("--data", default="", metavar="BARS", help="A Parquet file or bars of the library, not made-up ones.")
@data_dir
@_FOLDER
@_JSON
def check(
    names: tuple[str, ...], every: bool, data: str, data_dir: str, strategies_dir: Path | None, as_json: bool
) -> None:
    """Check that strategies are sound; exit code 1 if one is not.

    Run in plain Python and compiled, with the same result; blind to the future; the same again, and from any
    checkpoint; soon the same wherever it starts; not decided by rounding; fit for every parameter it allows.
    """
    from algobot.kernel.jit import COMPILED
    from algobot.research.validation.check.findings import Checked, failed
    from algobot.strategies import registry

    if not COMPILED:
        raise UsageError("ALGOBOT_JIT=0 leaves nothing compiled to compare with", hint="unset it: both ways are run")
    if every:
        names = registry.names(strategies_dir)
    if not names:
        raise UsageError("no strategy to check", hint="name one, give a file, or say --all")
    bars = _bars(data, data_dir)
    announce()
    results = []
    for name in names:
        try:
            found = _found(name, strategies_dir)
        except StrategyError as error:
            if not Path(name).is_file():
                raise
            says = f"{error.message} ({error.hint})" if error.hint else error.message
            results.append(Checked(Path(name).stem, name, "none", 0.0, [failed("loads", says)]))
        else:
            results.append(_examined(found, bars))
        if not as_json:
            _tell(results[-1])
    if as_json:
        _echo_json([{"passed": one.passed, **_plain(one)} for one in results])
    if not all(one.passed for one in results):
        raise SystemExit(1)


def _found(name: str, strategies_dir: Path | None) -> Strategy:
    """Return a strategy by its name or its file."""
    from algobot.strategies import registry

    file = Path(name)
    if file.suffix != ".py":
        return registry.load(name, strategies_dir)
    if not file.is_file():
        raise StrategyError(f"{name}: no such file", hint="give a strategy's name or its .py file")
    built_in = Path(registry.__file__).parent
    return registry.load(file.stem, None if file.resolve().parent == built_in else file.parent)


def _bars(data: str, data_dir: str) -> Any:
    if not data:
        return None
    from algobot.market.library import resolve

    return resolve(data, library(data_dir)).bars


def _examined(found: Strategy, bars: Any) -> Checked:
    from rich.console import Console

    from algobot.research.validation.check.examine import examine

    console = Console(stderr=True)
    if not console.is_terminal:
        return examine(found, bars)
    with console.status(found.name) as status:
        return examine(found, bars, lambda step: status.update(f"{found.name}: {step}"))


def _tell(result: Checked) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in result.findings:
        table.add_row(_MARKS[finding.state], finding.check, finding.says.replace("[", "\\["))
    console = Console()
    console.print(f"[bold]{result.strategy}[/] on {result.bars}, {result.seconds:.1f} s", highlight=False)
    console.print(table, highlight=False)
    console.print()


def _plain(result: Checked) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(result)
    return plain


def param_words(found: Strategy) -> dict[str, str]:
    """Return what the file's comments say of each parameter: its unit, mostly."""
    text = Path(found.file).read_text()
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    words: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name = line.split(":")[0].strip()
        if name in found.Params._fields and line.startswith("    ") and number in comments:
            words.setdefault(name, comments[number])
    return words


def _table(*heads: str) -> Any:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE)
    for head in heads:
        table.add_column(head)
    return table


def _print(table: Any) -> None:
    from rich.console import Console

    Console().print(table, markup=False, highlight=False)


def _echo_json(body: Any) -> None:
    import msgspec

    click.echo(msgspec.json.encode(body).decode())
