"""What a search has found so far, on disk: a search that was cut off goes on where it was.

`study.jsonl`: a first line that says what was run on what, then a line for each run. A run is known by its market and
its parameters, so it does not matter which method asked for it, and the same search again computes nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np

from algobot.errors import DataError, LockHeld
from algobot.kernel.jit import sources_hash
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.research.search.scores import SCORE
from algobot.research.tape import fingerprint

SCHEMA: Final = 1
FILE: Final = "study.jsonl"
_FIELDS: Final = SCORE.names or ()
_FLUSH_S: Final = 0.2


class Identity(msgspec.Struct, frozen=True):
    """What the runs of one study have in common. Anything else here, and they cannot be compared."""

    strategy: str
    source: str  # hash of its source
    measure: str  # hash of engine and measure
    settings: dict[str, Any]
    bars: dict[str, str]  # symbol: hash
    trade_from_ns: int
    schema_version: int = SCHEMA


def identity(strategy: Strategy, settings: Settings, series: Sequence[Series], trade_from_ns: int) -> Identity:
    """Return what a study of this strategy on these bars is known by."""
    return Identity(
        strategy.name,
        strategy.source_hash,
        sources_hash(Path(__file__).parent),
        msgspec.json.decode(msgspec.json.encode(settings._asdict())),  # as it will be read again
        {one.symbol: fingerprint(one) for one in series},
        trade_from_ns,
    )


def name_of(what: Identity) -> str:
    """Return a folder's name for it: the same for the same, another for anything else."""
    symbols = next(iter(what.bars)) if len(what.bars) == 1 else f"{len(what.bars)}_symbols"
    digest = hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", f"optimize-{what.strategy}-{symbols}-{digest}")


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One run."""

    market: str
    params: list[Any]  # all of them, in the order of the strategy
    score: list[float | None]


class Study:
    """The runs known so far, and the file they are written to."""

    def __init__(self, folder: Path | None, identity: Identity) -> None:
        """Read what there is in `folder` (made if needed), or with None keep nothing.

        Raises:
            LockHeld: another search is writing there.
            DataError: the study there is of something else (says what differs), or damaged.
        """
        self._known: dict[tuple[str, tuple[Any, ...]], Any] = {}
        self._file: BinaryIO | None = None
        self._unwritten: list[bytes] = []
        self._written_s = time.monotonic()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._open(folder / FILE, identity)

    def __enter__(self) -> Study:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, market: str, params: Sequence[Any]) -> Any | None:
        """Return the `SCORE` of a run, None if it was not done yet."""
        return self._known.get((market, tuple(params)))

    def add(self, market: str, params: Sequence[Any], score: Any) -> None:
        """Keep a run."""
        self._known[(market, tuple(params))] = score
        if self._file is None:
            return
        values = [value if math.isfinite(value) else None for value in score.item()]
        self._unwritten.append(msgspec.json.encode(Line(market, list(params), values)) + b"\n")
        if time.monotonic() - self._written_s > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what is not written yet."""
        if self._file is not None and self._unwritten:
            self._file.write(b"".join(self._unwritten))
            self._unwritten.clear()
        self._written_s = time.monotonic()

    def close(self) -> None:
        """Write the rest and let another search have the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, path: Path, identity: Identity) -> None:
        file: Any = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b", buffering=0)
        try:
            _lock(file, path)
            data = file.read()
            whole = data.rfind(b"\n") + 1  # what a killed search wrote half of its last line is not kept
            file.truncate(whole)
            file.seek(whole)
            if whole:
                self._read(path, data[:whole].splitlines(), identity)
            else:
                file.write(msgspec.json.encode(identity) + b"\n")
        except BaseException:
            file.close()
            raise
        self._file = file

    def _read(self, path: Path, lines: list[bytes], identity: Identity) -> None:
        number = 0
        try:
            before = msgspec.json.decode(lines[0], type=Identity)
            if found := _differences(before, identity):
                words = "; ".join(found)
                raise DataError(f"{path} is of another search: {words}", hint="name another --study, or remove it")
            decoder = msgspec.json.Decoder(Line)
            for line in lines[1:]:
                number += 1
                one = decoder.decode(line)
                row = np.array([tuple(math.nan if value is None else value for value in one.score)], SCORE)[0]
                self._known[(one.market, tuple(one.params))] = row
        except (msgspec.MsgspecError, ValueError) as error:
            raise DataError(f"{path}:{number + 1}: damaged: {error}", hint="remove the line, or the file") from None


def _lock(file: Any, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockHeld(
            f"{path}: another search is writing there", hint="wait for it, or name another --study"
        ) from None


def _differences(before: Identity, now: Identity) -> list[str]:
    """Return what differs, in words."""
    if before.schema_version != now.schema_version:
        return [f"written as version {before.schema_version}, not {now.schema_version}"]
    found = []
    if before.strategy != now.strategy:
        found.append(f"strategy {before.strategy}, now {now.strategy}")
    elif before.source != now.source:
        found.append(f"the source of {now.strategy} has changed")
    if before.measure != now.measure:
        found.append("the engine has changed")
    if before.trade_from_ns != now.trade_from_ns:
        found.append("another --from")
    found += _table("setting", before.settings, now.settings)
    for symbol in sorted({*before.bars, *now.bars}):
        if symbol not in now.bars or symbol not in before.bars:
            found.append(f"{symbol} only {'before' if symbol in before.bars else 'now'}")
        elif before.bars[symbol] != now.bars[symbol]:
            found.append(f"the bars of {symbol} have changed")
    return found


def _table(what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = sorted({*before, *now})
    return [
        f"{what} {name} was {before.get(name, 'not given')}, now {now.get(name, 'not given')}"
        for name in names
        if before.get(name) != now.get(name)
    ]
