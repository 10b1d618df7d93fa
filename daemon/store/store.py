"""The store: one writer, group commit, and what becomes of rows when the disk says no.

The law: rows become durable in the order they were given, all rows of one call together or none. `commit` answers
after fsync, or with StoreError at once while the store takes no writes. `soon` never loses: its rows wait until the
disk heals. An error from the database is UNKNOWN until it was reopened and read back.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, cast

import anyio
import anyio.to_thread

from algobot.errors import StoreError
from algobot.model import Fill
from daemon.store.reads import Reads
from daemon.store.rows import FillRow, Row
from daemon.store.schema import prepare
from daemon.store.soundness import VERIFIED_KEY, Mark
from daemon.store.writer import FillKey, Writer, key_of

OK: Final = "ok"
BATCH_LIMIT: Final = 512  # calls in one transaction
RETRY_S: Final = (0.1, 0.25, 0.5, 1.0)  # between attempts to heal; the last one repeats
EPOCH_LETTERS: Final = 6
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
Seqs = Mapping[FillKey, int]
Then = Callable[["Durable"], None]


class Durable:
    """What a durable call tells: the ledger numbers of its fills."""

    __slots__ = ("_seqs",)

    def __init__(self, seqs: Seqs) -> None:
        self._seqs = seqs

    def seq(self, fill: Fill, *, paper: bool = False) -> int:
        """Return the number of a fill in the ledger, 0 when it had been there before."""
        return self._seqs.get(key_of(fill, paper=paper), 0)


class _Call:
    """Rows of one call, and how it ends: `keep` waits for the disk to heal, the others are refused."""

    __slots__ = ("done", "durable", "error", "keep", "rows", "then")

    def __init__(
        self, rows: tuple[Row, ...], *, keep: bool, then: Then | None = None, done: anyio.Event | None = None
    ) -> None:
        self.rows = rows
        self.keep = keep
        self.then = then
        self.durable: Durable | None = None
        self.error: StoreError | None = None
        self.done = done  # where somebody waits

    def succeed(self, durable: Durable) -> None:
        """It is on disk."""
        self.durable = durable
        self._end()
        if self.then is not None:
            self.then(durable)

    def fail(self, error: StoreError) -> None:
        """It will not be written; nothing changes where it was written, or refused, before."""
        if self.durable is None and self.error is None:
            self.error = error
            self._end()

    def _end(self) -> None:
        if self.done is not None:
            self.done.set()


class Store:
    """The ledger of record. Made by `Store.open`; `run` is its task."""

    def __init__(self, path: Path, writer: Writer, *, instance: str, epoch: str) -> None:
        self.path = path
        self.instance = instance
        self.epoch = epoch  # random and new at every start: part of every client order id
        self.state = OK  # or why it takes no writes
        self.on_state: Callable[[str], None] = lambda state: None
        self.reads = Reads(writer)
        self._writer = writer
        self._queue: deque[_Call] = deque()
        self._wake = anyio.Event()
        self._stopped = False

    @classmethod
    async def open(cls, path: Path, *, instance: str) -> Store:
        """Check, back up, migrate and open the database; make it when there is none.

        Raises:
            StoreCorrupt, StoreTooNew, StoreError: as `schema.prepare`; or it belongs to another instance.
        """
        head = await anyio.to_thread.run_sync(prepare, path)
        writer = Writer(path)
        epoch = "".join(secrets.choice(_ALPHABET) for _ in range(EPOCH_LETTERS))
        async with AsyncExitStack() as undo:
            undo.push_async_callback(_let_go, writer)
            try:
                await _begin(writer, path, head, [("instance", instance), ("epoch", epoch)])
            except sqlite3.Error as error:
                hint = f"check space and permissions of {path.parent}"
                raise StoreError(f"the database {path} cannot be written: {error}", hint=hint) from None
            undo.pop_all()
        return cls(path, writer, instance=instance, epoch=epoch)

    async def run(self) -> None:
        """Write what is given until canceled; on the way out what waits is written once more."""
        self.state, self._stopped = OK, False
        try:
            while True:
                while not self._queue:
                    self._wake = anyio.Event()
                    await self._wake.wait()
                await self._write_next()
        finally:
            try:
                with anyio.CancelScope(shield=True):
                    await self._last_words()
            finally:
                self._abandon()

    async def commit(self, *rows: Row) -> Durable:
        """Make rows durable together; returns after fsync.

        Raises:
            StoreError: the store takes no writes; nothing is known to be on disk.
        """
        if self.state != OK:
            raise self._refusal()
        return await self._waited(_Call(rows, keep=False, done=anyio.Event()))

    async def keep(self, *rows: Row) -> Durable:
        """Make rows durable together however long it takes; raises StoreError only for rows that can never be."""
        return await self._waited(_Call(rows, keep=True, done=anyio.Event()))

    def soon(self, *rows: Row, then: Then | None = None) -> None:
        """Make rows durable in their turn, without waiting; `then` is called once they are. No rows: in its turn."""
        self._put(_Call(rows, keep=True, then=then))

    async def flush(self) -> None:
        """Return once all that was given before is durable, or refused."""
        done = anyio.Event()
        self._put(_Call((), keep=True, done=done))
        await done.wait()

    async def close(self) -> None:
        """Let go of the file; call after `run` has ended."""
        await self._writer.close()

    @property
    def backlog(self) -> int:
        """How many calls wait to be written."""
        return len(self._queue)

    # --- inside --------------------------------------------------------------------------------------------------

    def _put(self, call: _Call) -> None:
        self._queue.append(call)
        if self._stopped:
            self._abandon()
        self._wake.set()

    async def _waited(self, call: _Call) -> Durable:
        assert call.done is not None
        self._put(call)
        await call.done.wait()
        if call.error is not None:
            raise call.error
        return cast(Durable, call.durable)

    async def _write_next(self) -> None:
        failed = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
        attempt = 0
        try:
            while True:
                with anyio.CancelScope(shield=True):
                    failed = await self._attempt(failed)
                if not failed:
                    return
                await anyio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
        finally:
            self._queue.extendleft(reversed(failed))

    async def _attempt(self, batch: list[_Call]) -> list[_Call]:
        """Write a batch; return the calls of it that wait for the disk to heal."""
        rows = [row for call in batch for row in call.rows]
        before = self._writer.batch
        try:
            async with self.reads.lock:
                seqs = await self._writer.write(rows) if rows or self.state != OK else {}
        except sqlite3.IntegrityError as error:
            return await self._one_by_one(batch, error)
        except sqlite3.Error as error:
            return await self._doubtful(batch, before, error)
        self._succeed(batch, seqs)
        return []

    async def _one_by_one(self, batch: list[_Call], error: sqlite3.Error) -> list[_Call]:
        if len(batch) == 1:
            hint = "this is a defect: please report it"
            batch[0].fail(StoreError(f"the database refused a row: {error}", hint=hint))
            self.on_state(f"a row was refused and is not recorded: {error}")
            return []
        failed: list[_Call] = []
        for call in batch:
            failed += [call] if failed else await self._attempt([call])
        return failed

    async def _doubtful(self, batch: list[_Call], before: int, error: sqlite3.Error) -> list[_Call]:
        self._set_state(f"the database takes no writes: {error}")
        for call in batch:
            if not call.keep:
                call.fail(self._refusal())
        kept = [call for call in batch if call.keep]
        for call in [call for call in self._queue if not call.keep]:
            self._queue.remove(call)
            call.fail(self._refusal())
        try:
            async with self.reads.lock:
                await self._writer.open()
                landed = self._writer.batch > before
                keys = [key_of(row.fill, paper=row.paper) for row in _fill_rows(kept)]
                seqs = await self._writer.find(keys) if landed else {}
        except sqlite3.Error as again:
            self._set_state(f"the database cannot be opened: {again}")
            self._writer.batch = before
            return kept or [_Call((), keep=True)]
        if landed:
            self._succeed(kept, seqs)
            return []
        return kept or [_Call((), keep=True)]

    def _succeed(self, batch: list[_Call], seqs: Seqs) -> None:
        self._set_state(OK)
        durable = Durable(seqs)
        for call in batch:
            call.succeed(durable)

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.on_state(state)

    def _refusal(self) -> StoreError:
        hint = f"no new orders until it heals by itself; check space and permissions of {self.path.parent}"
        return StoreError(self.state, hint=hint)

    async def _last_words(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
            failed = batch
            try:
                failed = await self._attempt(batch)
            finally:
                self._queue.extendleft(reversed(failed))
            if failed:
                return

    def _abandon(self) -> None:
        """Answer everybody who still waits: nobody writes any more."""
        if self.state == OK:
            self.state = "the store is stopped"
        self._stopped = True
        while self._queue:
            self._queue.popleft().fail(self._refusal())


def _fill_rows(calls: list[_Call]) -> list[FillRow]:
    return [row for call in calls for row in call.rows if isinstance(row, FillRow)]


async def _begin(writer: Writer, path: Path, head: Mark, meta: list[tuple[str, str]]) -> None:
    """Open the file as this instance's, count the start, and note how far the ledger was found whole."""
    await writer.open()
    instance = dict(meta)["instance"]
    owner = await writer.meta("instance")
    if owner not in (None, instance):
        hint = f'set daemon.instance = "{owner}", or use another daemon.state_dir'
        raise StoreError(f"the database {path} belongs to instance {owner!r}, not {instance!r}", hint=hint)
    starts = int(await writer.meta("starts") or 0) + 1
    await writer.write((), [*meta, ("starts", str(starts)), (VERIFIED_KEY, head.text)])


async def _let_go(writer: Writer) -> None:
    """Close even when canceled: the writer's thread would keep the process from ending."""
    with anyio.CancelScope(shield=True):
        await writer.close()
