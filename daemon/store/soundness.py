"""What can be wrong inside a database file, found one by one: shared by start-up, backups and the audit.

Everything here only reads, is synchronous and lazy: who needs to know only whether all is well stops at the first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from typing import Final

import msgspec

from daemon.store.chain import DIGESTED, GENESIS, digest, is_whole, link

DIGESTS_SINCE: Final = 2  # the schema that gave every row a digest
SMALL: Final = ("meta", "bots", "checkpoints", "adjustments", "halts")
DAMAGE: Final = frozenset({"pages", "schema", "chain", "digest"})  # checks that say: this is not what was written
PROBLEMS_MOST: Final = 100
VERIFIED_KEY: Final = "verified"
_LEDGER: Final = "SELECT * FROM fills WHERE ledger_seq > ? ORDER BY ledger_seq"


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, what, and what cannot be relied on because of it."""

    check: str  # "pages", "schema", "chain", "digest", "fold", "reference", "checkpoint"
    place: str
    problem: str
    affects: str = ""

    @property
    def words(self) -> str:
        """The flaw as one sentence."""
        return f"{self.place} {self.problem}" + (f" (affects {self.affects})" if self.affects else "")


class Mark(msgspec.Struct, frozen=True):
    """A ledger row up to which the chain was found whole, with its hash."""

    ledger_seq: int = 0
    hash: bytes = GENESIS

    @property
    def text(self) -> str:
        """The mark as the meta table keeps it."""
        return f"{self.ledger_seq}:{self.hash.hex()}"


def migrations() -> list[tuple[int, str]]:
    """Return the numbered SQL files that come with this program, in order."""
    folder = resources.files("daemon.store") / "migrations"
    found = [(int(file.name[:4]), file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found)


def give_functions(connection: sqlite3.Connection) -> None:
    """Let the migrations call `row_digest`."""
    connection.create_function("row_digest", -1, lambda *columns: digest(columns), deterministic=True)


def pages(connection: sqlite3.Connection) -> Iterator[Flaw]:
    """Yield what SQLite itself finds: pages, order of rows, indexes that disagree with their tables."""
    for (told,) in connection.execute(f"PRAGMA integrity_check({PROBLEMS_MOST})"):
        if told != "ok":
            yield Flaw("pages", "the file", f"is damaged: {told}", "whatever lies on those pages")
    for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield Flaw("reference", f"row {rowid} of {table}", f"names a row of {parent} that is not there")


def schema(connection: sqlite3.Connection, version: int) -> Iterator[Flaw]:
    """Yield tables, indexes and triggers that are not as the migrations up to `version` make them."""
    with closing(sqlite3.connect(":memory:")) as model:
        give_functions(model)
        for number, script in migrations():
            if number <= version:
                model.executescript(script)
        wanted, found = _shapes(model), _shapes(connection)
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield Flaw("schema", name, "is missing", "what it guarded")
        elif name not in wanted:
            yield Flaw("schema", name, "is not algobot's", "what it does to the tables")
        elif wanted[name] != found[name]:
            yield Flaw("schema", name, "is not as this version makes it", "what it guarded")


def digests(connection: sqlite3.Connection, tables: tuple[str, ...] = tuple(DIGESTED)) -> Iterator[Flaw]:
    """Yield rows that are not the ones that were written."""
    for table in tables:
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our names
            if not is_whole(table, row):
                place = f"row {row[0]!r} of {table}"
                yield Flaw("digest", place, "does not match its digest", _told_by(table, row))


def chain(connection: sqlite3.Connection, since: Mark) -> Iterator[Flaw]:
    """Yield ledger rows that do not match their hash or do not follow the row before; from behind the mark on."""
    previous, expected = since.hash, since.ledger_seq + 1
    for row in connection.execute(_LEDGER, (since.ledger_seq,)):
        seq, prev_hash, own_hash = row[0], row[-2], row[-1]
        if seq != expected:
            gap = f"is missing: ledger row {seq} follows {expected - 1}"
            yield Flaw("chain", f"ledger row {expected}", gap, "every sum that needs it")
        elif prev_hash != previous:
            yield Flaw("chain", f"ledger row {seq}", "does not follow the row before it", _told_by("fills", row))
        if own_hash != link(prev_hash, row[:-2]):
            yield Flaw("chain", f"ledger row {seq}", "does not match its hash", _told_by("fills", row))
        previous, expected = own_hash, seq + 1


def mark(connection: sqlite3.Connection) -> Mark:
    """Return where the last start found the ledger whole; the beginning when no start said so."""
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (VERIFIED_KEY,)).fetchone()
    if found is None:
        return Mark()
    seq, _, own_hash = str(found[0]).partition(":")
    return Mark(int(seq), bytes.fromhex(own_hash))


def up_to(connection: sqlite3.Connection, known: Mark) -> Iterator[Flaw]:
    """Yield what speaks against a mark: its row is another, or rows before it are gone."""
    if not known.ledger_seq:
        return
    row = connection.execute("SELECT * FROM fills WHERE ledger_seq = ?", (known.ledger_seq,)).fetchone()
    if row is None or row[-1] != known.hash or not is_whole("fills", row):
        yield Flaw("chain", f"ledger row {known.ledger_seq}", "is not the one that was verified", "all rows up to it")
    (count,) = connection.execute("SELECT count(*) FROM fills WHERE ledger_seq <= ?", (known.ledger_seq,)).fetchone()
    if count != known.ledger_seq:
        yield Flaw("chain", "the ledger", f"has {count} rows up to number {known.ledger_seq}", "every sum")


def head(connection: sqlite3.Connection) -> Mark:
    """Return the newest ledger row."""
    found = connection.execute("SELECT ledger_seq, hash FROM fills ORDER BY ledger_seq DESC LIMIT 1").fetchone()
    return Mark(int(found[0]), bytes(found[1])) if found else Mark()


def _shapes(connection: sqlite3.Connection) -> dict[str, object]:
    """Return what each part of a schema is: a table's columns (an ALTER's spelling is SQLite's own), others' text."""
    shapes: dict[str, object] = {}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall():
        if kind == "table":
            shapes[f"{kind} {name}"] = connection.execute(
                'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?)', (name,)
            ).fetchall()
        else:
            shapes[f"{kind} {name}"] = sql
    return shapes


def _told_by(table: str, row: tuple[object, ...]) -> str:
    """Return in words what a damaged row says that can no longer be relied on."""
    match table:
        case "fills":
            return f"position and cash of bot {row[5]!r} in {row[3]} on account {row[2]}; trade {row[4]}"
        case "orders":
            return f"order {row[0]} of bot {row[2]!r} in {row[3]} on account {row[1]}"
        case "order_events":
            return f"the history of order {row[1]}"
        case "bots" | "checkpoints":
            return f"bot {row[0]!r}"
        case "adjustments":
            return f"what account {row[1]} holds of {row[2]} besides its bots"
        case "halts":
            return f"the halt of {row[0]} {row[1]}".rstrip()
        case "audit":
            return f"who did {row[3]!r}"
        case _:
            return f"what the daemon knows of itself: {row[0]}"
