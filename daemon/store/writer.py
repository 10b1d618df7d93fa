"""One transaction: a batch of rows and the mark that proves, read back after a doubtful COMMIT, whether it landed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiosqlite

from algobot.model import Fill
from daemon.store.chain import GENESIS, is_whole, link, values
from daemon.store.rows import FillRow, Row
from daemon.store.schema import PRAGMAS
from daemon.store.statements import APPEND_FILL, PUT_META, Parameters, grouped, sealed

BATCH_KEY: Final = "batch"
FillKey = tuple[str, str, str, bool]


def key_of(fill: Fill, *, paper: bool) -> FillKey:
    """Return what makes a fill one and the same, however often it is told."""
    return (fill.account_id, fill.symbol, fill.trade_id, paper)


class Writer:
    """The one write connection. `batch` counts committed transactions, as the database does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batch = 0
        self.ledger_seq = 0
        self._last_hash = GENESIS
        self._connection: aiosqlite.Connection | None = None

    @property
    def connection(self) -> aiosqlite.Connection:
        """The open connection; reads go through it too, between transactions."""
        if self._connection is None:
            raise sqlite3.OperationalError("the database is not open")
        return self._connection

    async def open(self) -> None:
        """Open, and read where ledger and batches stand. Raises sqlite3.Error."""
        await self.close()
        self._connection = await aiosqlite.connect(
            f"{self.path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None
        )
        await self._connection.executescript(PRAGMAS)
        head = list(
            await self.connection.execute_fetchall(
                "SELECT ledger_seq, hash FROM fills ORDER BY ledger_seq DESC LIMIT 1"
            )
        )
        self.ledger_seq, self._last_hash = (int(head[0][0]), bytes(head[0][1])) if head else (0, GENESIS)
        self.batch = int(await self.meta(BATCH_KEY) or 0)

    async def close(self) -> None:
        """Close; a second call does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close()
            except sqlite3.Error:
                connection.stop()  # what was not committed is rolled back by the next who opens

    async def meta(self, key: str) -> str | None:
        """Return a value of the meta table. Raises sqlite3.Error, also when the row is damaged."""
        found = list(await self.connection.execute_fetchall("SELECT * FROM meta WHERE key = ?", (key,)))
        if found and not is_whole("meta", list(found[0])):
            raise sqlite3.DatabaseError(f"row {key!r} of table meta does not match its digest")
        return str(found[0][1]) if found else None

    async def write(self, rows: Sequence[Row], meta: Sequence[tuple[str, str]] = ()) -> dict[FillKey, int]:
        """Commit all rows or none; return the ledger numbers of its fills by key (0 for those already there).

        Raises sqlite3.Error; unless it is an IntegrityError whether it landed is unknown: `open` again and compare
        `batch`.
        """
        connection = self.connection
        fills = {key_of(row.fill, paper=row.paper): row for row in reversed(rows) if isinstance(row, FillRow)}
        try:
            await connection.execute("BEGIN IMMEDIATE")
            seqs, lines, last_hash = await self._numbered(dict(reversed(fills.items())))
            for statement, parameters in grouped(rows):
                await connection.executemany(statement, parameters)
            if lines:
                await connection.executemany(APPEND_FILL, lines)
            await connection.executemany(PUT_META, [sealed(pair) for pair in ((BATCH_KEY, str(self.batch + 1)), *meta)])
        except sqlite3.IntegrityError:
            await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")
        self.batch += 1
        self.ledger_seq += len(lines)
        self._last_hash = last_hash
        return seqs

    async def _numbered(self, fills: dict[FillKey, FillRow]) -> tuple[dict[FillKey, int], list[Parameters], bytes]:
        seqs: dict[FillKey, int] = {}
        lines: list[Parameters] = []
        seq, last_hash = self.ledger_seq, self._last_hash
        known = await self.find(list(fills))
        for key, row in fills.items():
            if key in known:
                seqs[key] = 0
                continue
            seq += 1
            line = values(seq, row.fill, paper=row.paper)
            own_hash = link(last_hash, line)
            lines.append((*line, last_hash, own_hash))
            seqs[key], last_hash = seq, own_hash
        return seqs, lines, last_hash

    async def find(self, keys: Sequence[FillKey]) -> dict[FillKey, int]:
        """Return the ledger numbers of the fills that are there. Raises sqlite3.Error."""
        found: dict[FillKey, int] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ", ".join(["(?, ?, ?, ?)"] * len(part))
            rows = await self.connection.execute_fetchall(
                "SELECT account_id, symbol, trade_id, paper, ledger_seq FROM fills "  # noqa: S608 - only question marks
                f"WHERE (account_id, symbol, trade_id, paper) IN (VALUES {marks})",
                [value for key in part for value in key],
            )
            found |= {(str(row[0]), str(row[1]), str(row[2]), bool(row[3])): int(row[4]) for row in rows}
        return found
