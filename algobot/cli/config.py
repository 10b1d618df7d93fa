"""`algobot config`: check, show, compare and describe configurations, without using them."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from algobot.config import Config

_FILE_HELP = "without FILE: what `algobot daemon` would use"


@click.group()
def config() -> None:
    """Check, show and compare configurations."""


@config.command(epilog=_FILE_HELP)
@click.argument("file", required=False)
@click.option("--no-strategies", is_flag=True, help="Leave strategies and their parameters unchecked (fast).")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def check(file: str | None, no_strategies: bool, as_json: bool) -> None:
    """Say whether FILE can be used: each mistake with its line and what to write instead."""
    from algobot.config import InvalidConfig, load_with_origins

    try:
        loaded = load_with_origins(file)
    except InvalidConfig as error:
        if as_json:
            rows = [
                {"where": p.where, "field": ".".join(p.path), "what": p.what, "remedy": p.remedy}
                for p in error.problems
            ]
            click.echo(json.dumps({"schema_version": 1, "ok": False, "problems": rows}))
        raise
    _check_keys(loaded.config)
    if not no_strategies:
        from algobot.config.strategies import check_strategies

        check_strategies(loaded.config, loaded.where)
    bots = loaded.config.bots
    live = sorted(name for name, bot in bots.items() if bot.mode.value == "live")
    if as_json:
        files = [str(path) for path in loaded.files]
        click.echo(json.dumps({"schema_version": 1, "ok": True, "files": files, "bots": list(bots), "live": live}))
        return
    click.echo(f"ok: {', '.join(map(str, loaded.files))}: {len(bots)} bots, {_money(loaded.config, live)}")


def _money(config: Config, live: list[str]) -> str:
    """Say which bots trade real money, which send orders to a simulated venue, or that none does either."""
    simulated = {name for name in live if config.venues[config.accounts[config.bots[name].account].venue].simulated}
    real = [name for name in live if name not in simulated]
    told = [f"REAL money: {', '.join(real)}"] if real else []
    told += [f"simulated money: {', '.join(sorted(simulated))}"] if simulated else []
    return "; ".join(told) or "all on paper"


@config.command(epilog=_FILE_HELP)
@click.argument("file", required=False)
@click.option("--origin", is_flag=True, help="Say of each setting where it came from.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(file: str | None, origin: bool, as_json: bool) -> None:
    """Show every setting as the daemon would take it, defaults included."""
    from algobot.config import load_with_origins
    from algobot.config.problems import dotted

    loaded = load_with_origins(file)
    rows = list(_settings(loaded.config))
    if as_json:
        settings = [
            {"field": ".".join(path), "value": _plain(value)} | ({"origin": loaded.origin(path)} if origin else {})
            for path, value in rows
        ]
        click.echo(json.dumps({"schema_version": 1, "settings": settings}))
        return
    for path, value in rows:
        text = f"{dotted(path)} = {json.dumps(_plain(value), ensure_ascii=False)}"
        click.echo(f"{text:<60} # {loaded.origin(path)}" if origin else text)


@config.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def diff(old: str, new: str | None, as_json: bool) -> None:
    """Say what changing from OLD to NEW would do to a running daemon (NEW: what it would use now)."""
    from algobot.config import diff as compare
    from algobot.config import load

    found = compare(load(old), load(new))
    if as_json:
        told = {
            "schema_version": 1,
            "added": [spec.bot_id for spec in found.added],
            "removed": list(found.removed),
            "changed": {change.new.bot_id: list(change.fields) for change in found.changed},
            "settings": list(found.settings),
            "restart_needed": list(found.restart_needed),
        }
        click.echo(json.dumps(told))
        return
    for spec in found.added:
        click.echo(f"+ {spec.bot_id}: {spec.strategy} on {spec.symbol} {spec.timeframe}, {spec.mode.value}")
    for bot_id in found.removed:
        click.echo(f"- {bot_id}")
    for change in found.changed:
        for field in change.fields:
            before, after = _plain(getattr(change.old, field)), _plain(getattr(change.new, field))
            click.echo(f"~ {change.new.bot_id}.{field}: {json.dumps(before)} -> {json.dumps(after)}")
    for field in found.settings:
        click.echo(f"~ {field}")
    for field in found.restart_needed:
        click.echo(f"! {field} cannot change while it runs: restart the daemon")
    if not found:
        click.echo("nothing changes", err=True)


@config.command()
def schema() -> None:
    """Print the JSON Schema of config.toml, for editors."""
    import msgspec

    from algobot.config import Config

    described = msgspec.json.schema(Config)
    click.echo(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=2))


def _check_keys(config: Config) -> None:
    from algobot.venues.keys import load_keys

    for account_id, section in config.accounts.items():
        if section.key_file:
            load_keys(account_id, section.key_file)


def _settings(value: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    import msgspec

    inner: dict[str, object] | None = None
    if isinstance(value, msgspec.Struct):
        inner = {name: getattr(value, name) for name in value.__struct_fields__}
    elif isinstance(value, dict):
        inner = value
    if not inner:
        return [(path, value)] if path else []
    return [row for name, field in inner.items() for row in _settings(field, (*path, name))]


def _plain(value: object) -> object:
    import msgspec

    match value:
        case Enum():
            return value.value
        case Decimal():
            return str(value)
        case msgspec.Struct():
            return msgspec.to_builtins(value)
        case _:
            return value
