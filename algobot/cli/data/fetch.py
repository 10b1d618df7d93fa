"""`algobot data fetch`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from algobot.cli.data import words
from algobot.errors import AlgobotError, ConfigError, PartialFailure, UsageError

if TYPE_CHECKING:
    from algobot.config import VenueSection
    from algobot.market.fetch import Fetched, Progress
    from algobot.market.keys import Key
    from algobot.market.library import Library
    from algobot.venues.history import BinanceHistory, CcxtHistory

AT_ONCE: Final = 4  # downloads that go on side by side; what they ask is counted together


@click.command(
    epilog="VENUE is one of the configuration's [venues], or ccxt's id of any venue. Stop it when you like: the same "
    "command goes on where it ended, and asks for nothing twice."
)
@click.argument("venue")
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option(
    "-t",
    "--timeframe",
    "timeframes",
    multiple=True,
    required=True,
    metavar="TF",
    help="1m, 1h, 1d …; more than one: -t 1m,1h.",
)
@click.option("--from", "since", required=True, metavar="TIME", help="The first bar opens here or later, UTC.")
@click.option("--to", "until", default="", metavar="TIME", help="No bar opens here or later. [default: now]")
@click.option("--base-url", default="", metavar="URL", help="Where the venue answers, for instance `algobot sim`.")
@click.option("--config", "config_file", default="", metavar="FILE", help="Look for VENUE in this configuration.")
@click.option(
    "--rate", type=click.FloatRange(0.01, 1000), metavar="N", help="Requests a second. [default: what the venue bears]"
)
@click.option(
    "--tries", default=6, show_default=True, type=click.IntRange(1, 100), help="Of one request, before giving up."
)
@click.option("--ask-again", is_flag=True, help="Ask also for what the venue is known to lack.")
@words.data_dir
@words.as_json
def fetch(
    venue: str,
    symbols: tuple[str, ...],
    timeframes: tuple[str, ...],
    since: str,
    until: str,
    base_url: str,
    config_file: str,
    rate: float | None,
    tries: int,
    ask_again: bool,
    data_dir: str,
    as_json: bool,
) -> None:
    """Download what lacks of a venue's bars into the library.

    Bars that are not over are left out. Where the venue has none, that is remembered.
    """
    from algobot.market import keys
    from algobot.venues.history import history

    named = [keys.key(venue, symbol, tf) for symbol in words.split(symbols) for tf in words.split(timeframes)]
    start_ns = words.moment_ns("--from", since)
    now_ns = time.time_ns()
    end_ns = words.moment_ns("--to", until) if until else now_ns
    if start_ns >= min(end_ns, now_ns):
        raise UsageError(f"--from {since} is not before --to {until or 'now'}", hint="ask for some time")
    wanted = _Wanted(named, start_ns, end_ns, now_ns, rate, tries, ask_again)
    past = history(venue, _section(venue, base_url, config_file))
    library = words.library(data_dir)
    talk = sys.stderr.isatty() and not as_json
    with _shown(named) if talk else nullcontext(_unheard) as tell:
        try:
            done, failed = asyncio.run(_download(wanted, past, library, tell))
        except KeyboardInterrupt:
            click.echo("what came is in the library; the same command goes on from there", err=True)
            raise
    _report(library, done, failed, as_json=as_json)
    if failed:
        raise (
            failed[0][1]
            if not done
            else PartialFailure(
                f"{len(failed)} of {len(named)} downloads did not end", hint="run the same command again to go on"
            )
        )


class _Wanted(NamedTuple):
    """What one call asks for, and how."""

    keys: list[Key]
    start_ns: int
    end_ns: int
    now_ns: int
    rate: float | None
    tries: int
    ask_again: bool


async def _download(
    wanted: _Wanted, venue: BinanceHistory | CcxtHistory, library: Library, tell: Callable[[Progress], None]
) -> tuple[list[Fetched], list[tuple[Key, AlgobotError]]]:
    """Return what was downloaded, and what failed; what the venue lacks is said before the first download."""
    from algobot.market.budget import Budget, Patience, patiently
    from algobot.market.fetch import Fetcher
    from algobot.model import Symbol

    done: list[Fetched] = []
    failed: list[tuple[Key, AlgobotError]] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(key: Key) -> None:
        async with gate:
            try:
                end_ns = min(wanted.end_ns, wanted.now_ns // key.span_ns * key.span_ns)  # what began is not over
                done.append(await fetcher.fetch(key, wanted.start_ns, end_ns, ask_again=wanted.ask_again))
            except AlgobotError as error:
                failed.append((key, error))

    try:
        patience = Patience(wanted.tries)
        opening = patience._replace(tries=min(3, wanted.tries))  # an address that is wrong stays wrong
        await patiently(venue.open, Budget(10.0), opening, lambda _: None)
        for key in wanted.keys:
            venue.require(Symbol(key.symbol))
            _require_timeframe(key, venue.timeframes)
        budget = Budget(wanted.rate or venue.requests_per_s)
        fetcher = Fetcher(venue, library, budget, tell, patience)
        async with asyncio.TaskGroup() as tasks:
            for key in wanted.keys:
                tasks.create_task(one(key))
    finally:
        await venue.close()
    return done, failed


def _require_timeframe(key: Key, there: tuple[str, ...]) -> None:
    if key.timeframe not in there:
        raise UsageError(
            f"{key.venue} has no bars of {key.timeframe}",
            hint=f"it has {' '.join(there)}; or `algobot data resample` shorter ones",
        )


def _section(venue: str, base_url: str, config_file: str) -> VenueSection:
    """Return what is known of a venue: the configuration's word, else its name is the adapter."""
    from algobot import paths
    from algobot.config import VenueSection, load
    from algobot.venues.history import adapters

    known: dict[str, VenueSection] = {}
    if config_file or any(path.exists() for path in (paths.config_path(), paths.SYSTEM_CONFIG)):
        known = load(config_file or None).venues
    if venue in known:
        found = known[venue]
        return VenueSection(found.adapter, base_url or found.base_url, found.sandbox)
    if config_file and not base_url and known:
        raise ConfigError(f"{config_file}: no [venues.{venue}]", hint=f"it has {', '.join(known)}")
    simulated = base_url and venue not in adapters()  # then the name is the person's own
    return VenueSection(adapter="binance" if simulated else venue, base_url=base_url)


def _unheard(progress: Progress) -> None:
    """Nobody looks."""


def _shown(wanted: list[Key]) -> AbstractContextManager[Callable[[Progress], None]]:
    from algobot.cli.data.progress import shown

    return shown([str(key) for key in wanted])


def _report(library: Library, done: list[Fetched], failed: list[tuple[Key, AlgobotError]], *, as_json: bool) -> None:
    import json

    rows = []
    for one in sorted(done):
        held = library.holding(one.key) if library.files(one.key) else None
        rows.append(
            {
                "key": str(one.key),
                "new": one.new,
                "requests": one.requests,
                "gaps_found": len(one.gaps),
                "bars": held.bars if held else 0,
                "missing": held.missing - held.known if held else 0,
                "known_missing": held.known if held else 0,
            }
        )
    if as_json:
        told = [
            {"key": str(key), "code": error.code, "message": error.message, "hint": error.hint} for key, error in failed
        ]
        click.echo(json.dumps({"schema_version": 1, "series": rows, "failed": told}))
        return
    for row in rows:
        gaps = f", {row['known_missing']:,} the venue does not have" if row["known_missing"] else ""
        lack = f", {row['missing']:,} missing" if row["missing"] else ""
        click.echo(f"{row['key']}: {row['new']:,} new, {row['bars']:,} bars{gaps}{lack}")
    for key, error in failed:
        click.echo(f"{key}: {error.message}", err=True)
