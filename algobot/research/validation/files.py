"""A validation written down: one JSON file with all of it, tables beside it as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.errors import DataError
from algobot.research.validation.crossval import CrossValidation
from algobot.research.validation.figures import Curve, returns_of
from algobot.research.validation.walkforward import Part, Step, Walk, WalkForward

WALK: Final = "walkforward.json"
_EQUITY: Final = "equity.csv"


def as_json(result: WalkForward, crossed: CrossValidation | None) -> bytes:
    """Return the walk, and the cross-validation if there is one, as one JSON object."""
    body: dict[str, Any] = {"schema_version": 1, **msgspec.to_builtins(result)}
    if crossed is not None:
        body["cross_validation"] = msgspec.to_builtins(crossed, str_keys=True)
    return msgspec.json.encode(body)


def write_walk(folder: Path, walk: Walk, crossed: CrossValidation | None) -> list[Path]:
    """Write the files into `folder`, made if needed, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    whole, windows, equity = (folder / name for name in (WALK, "windows.csv", _EQUITY))
    whole.write_bytes(msgspec.json.format(as_json(walk.result, crossed), indent=2) + b"\n")
    write_csv(windows, _head(walk.result), [_row(step) for step in walk.result.steps])
    peaks = np.maximum.accumulate(walk.curve)
    rows = zip(
        np.datetime_as_string(walk.close_ns.astype("datetime64[ns]"), unit="ms", timezone="UTC").tolist(),
        walk.curve.tolist(),
        (1.0 - walk.curve / peaks).tolist(),
        strict=True,
    )
    write_csv(equity, ("time", "equity", "drawdown"), rows)
    return [whole, windows, equity]


def read_walk(folder: Path) -> tuple[npt.NDArray[np.int64], Curve]:
    """Return when each out-of-sample bar closed and what it returned.

    Raises:
        DataError: the files are missing or are not those of a walk.
    """
    try:
        told = msgspec.json.decode((folder / WALK).read_bytes())
        with (folder / _EQUITY).open(newline="") as file:
            rows = [(row["time"].rstrip("Z"), float(row["equity"])) for row in csv.DictReader(file)]
        curve = np.array([equity for _, equity in rows])
        close_ns = np.array([time for time, _ in rows], "datetime64[ns]").astype(np.int64)
        start = float(curve[-1]) / (1.0 + float(told["outside"]["return_fraction"]))
    except (OSError, ValueError, KeyError, IndexError, msgspec.DecodeError) as error:
        raise DataError(f"{folder}: not a walk that can be read: {error}", hint="walk forward again") from error
    return close_ns, returns_of(curve, start)


def write_csv(path: Path, head: Sequence[str], rows: Any) -> None:
    """Write a table; numbers are complete, so that they read back equal."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


_FIGURES = ("return", "sharpe", "max_drawdown", "trades")


def _head(result: WalkForward) -> list[str]:
    names = [f"{side}_{name}" for side in ("inside", "outside") for name in _FIGURES]
    return ["train_from", "train_to", "test_from", "test_to", *result.steps[0].params, *names]


def _row(step: Step) -> list[object]:
    parts = (step.inside, step.outside)
    times = [_iso(at) for part in parts for at in (part.start_ns, part.end_ns)]
    return [*times, *step.params.values(), *(value for part in parts for value in _values(part))]


def _values(part: Part) -> list[object]:
    return [part.return_fraction, part.sharpe, part.max_drawdown_fraction, part.trades]


def _iso(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns / 1e9, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
