"""Corruption: a sound database is damaged at random places; each damage is noticed before trading, or changes nothing.

A start is what the daemon does: check, migrate, open, read everything that bots and accounts go on from. It must refuse
with a remedy, or read exactly what the sound database says. History that a start does not read is the audit's.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import anyio

from algobot.errors import StoreCorrupt, StoreError
from daemon.store import FillRow, Store
from daemon.store.audit import audit
from tests.campaign.summary import Summary
from tests.store.builders import ACCOUNT, BOT, a_fill, a_store
from tests.store.ledgers import rows

Damage = Callable[[bytearray, random.Random], None]
_UNTOLD: Final = "equity"  # a curve to look at: nothing is decided by it, it has no digests


def flip(content: bytearray, draw: random.Random) -> None:
    """Turn one bit."""
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def scribble(content: bytearray, draw: random.Random) -> None:
    """Overwrite one byte."""
    content[draw.randrange(len(content))] = draw.randrange(256)


def blank(content: bytearray, draw: random.Random) -> None:
    """Zero a sector, as a disk that lost a write."""
    at = draw.randrange(0, len(content), 512)
    content[at : at + 512] = bytes(512)


def swap(content: bytearray, draw: random.Random) -> None:
    """Put one page in the place of another."""
    one, other = (draw.randrange(0, len(content), 4096) for _ in range(2))
    content[one : one + 4096] = content[other : other + 4096]


def cut(content: bytearray, draw: random.Random) -> None:
    """Cut the file off, anywhere or between two pages."""
    at = draw.randrange(1, len(content))
    del content[at if draw.random() < 0.5 else max(4096, at // 4096 * 4096) :]


DAMAGES: Final[tuple[Damage, ...]] = (flip, flip, flip, scribble, blank, swap, cut)


async def start(path: Path) -> list[object]:
    """Return everything a daemon goes on from; then take one old and one new trade."""
    async with a_store(path) as store:
        reads = store.reads
        fills = [await reads.account_fills(ACCOUNT), await reads.fills_after(0, BOT)]
        orders = [await reads.live_orders(ACCOUNT), await reads.closed_orders(ACCOUNT, 0), await reads.orders(BOT)]
        others = [await reads.bots(), await reads.checkpoint(BOT), await reads.adjustments(ACCOUNT)]
        told: list[object] = [*fills, *orders, *others, await reads.halts(), await reads.watermarks(ACCOUNT)]
        again, new = a_fill(11), a_fill(10**6)
        durable = await store.commit(FillRow(again), FillRow(new))
        return [*told, durable.seq(again), durable.seq(new)]


def history(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables but the curve."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        wanted = sorted(set(tables) - {_UNTOLD})
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in wanted}


async def sound(path: Path, orders: int) -> None:
    """Write a database and start it twice, so that it has a mark and a backup to restore."""
    async with a_store(path) as store:
        for row in rows(orders):
            store.soon(row)
        await store.flush()
    for _ in range(2):
        store = await Store.open(path, instance="main")
        await store.close()


def judge(path: Path, truth: list[object], before: dict[str, list[tuple[object, ...]]], summary: Summary) -> str:
    """Start on a damaged file; return what came of it, or the violation behind "!"."""
    try:
        found = history(path)
    except (sqlite3.Error, ValueError):
        found = {}
    try:
        seen = anyio.run(start, path)
    except StoreCorrupt as error:
        return "refused" if "algobot restore" in error.hint else f"!no remedy: {error.hint}"
    except StoreError as error:
        return "refused" if error.hint else f"!no hint: {error.message}"
    except BaseException as error:
        inner = error
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        if isinstance(inner, StoreError):
            return "stopped_when_read"
        return f"!{type(inner).__name__}: {inner}"
    if seen != truth:
        return "!a start went on from other values"
    if found == before:
        return "harmless"
    return "history_seen_by_audit" if not audit(path).sound else "!history was changed and nobody sees it"


def play(folder: Path, rounds: int, seed: int, summary: Summary) -> None:
    """Damage, start, judge; again and again."""
    base = folder / "base" / "algobot.db"
    base.parent.mkdir()
    anyio.run(sound, base, 120)
    content, backup = base.read_bytes(), next((base.parent / "backups").iterdir())
    before = history(base)
    truth = anyio.run(start, base)
    for number in range(rounds):
        draw = random.Random(f"{seed}:{number}")
        place = folder / str(number)
        (place / "backups").mkdir(parents=True)
        (place / "backups" / backup.name).hardlink_to(backup)
        damaged = bytearray(content)
        how = draw.choice(DAMAGES)
        how(damaged, draw)
        path = place / "algobot.db"
        path.write_bytes(damaged)
        outcome = judge(path, truth, before, summary)
        summary.count("damages")
        summary.count(f"{how.__name__}")
        summary.count(outcome if not outcome.startswith("!") else "violations")
        summary.expect(not outcome.startswith("!"), f"round {number} ({how.__name__}): {outcome[1:]}")
        for one in place.glob("algobot.db*"):
            one.unlink()


def main(words: list[str]) -> Summary:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="corrupt", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    summary = Summary("corrupt", options.seed)
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder), options.rounds, options.seed, summary)
    return summary
