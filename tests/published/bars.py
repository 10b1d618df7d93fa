"""The bars behind the published table, read and aligned as the original does it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from algobot.kernel.records import BAR, Records
from tests.conftest import DATA

FOLDER: Final = DATA / "seed" / "table_a"
SPANS_NS: Final = {"1d": 86_400 * 10**9, "4h": 14_400 * 10**9}


def path_of(symbol: str, span: str) -> Path:
    """Return where the bars of a symbol are."""
    return FOLDER / f"{symbol}INR_{span}.csv"


def aligned(symbols: Sequence[str], span: str) -> Records:
    """Return [symbol, bar] of the time all have, bars of one number side by side, symbols by their names."""
    rows = [_read(path_of(symbol, span), SPANS_NS[span]) for symbol in sorted(symbols)]
    first = max(row["open_ns"][0] for row in rows)
    last = min(row["open_ns"][-1] for row in rows)
    cut = [row[(row["open_ns"] >= first) & (row["open_ns"] <= last)] for row in rows]
    count = min(len(row) for row in cut)
    return np.array([row[:count] for row in cut])


def _read(path: Path, span_ns: int) -> Records:
    with path.open(newline="") as file:
        rows = [(row["datetime"], *(float(row[name]) for name in BAR.names[2:])) for row in csv.DictReader(file)]
    found = np.zeros(len(rows), BAR)
    for place, (when, *numbers) in zip(found, rows, strict=True):
        opens = int(np.datetime64(when, "ns").astype(np.int64))
        place["open_ns"], place["close_ns"] = opens, opens + span_ns
        for name, number in zip(BAR.names[2:], numbers, strict=True):
            place[name] = number
    return found[[_is_bar(place) for place in found]]


def _is_bar(bar: Records) -> bool:
    inside = all(bar["low"] <= bar[name] <= bar["high"] for name in ("open", "close"))
    return bool(inside and min(bar["open"], bar["low"], bar["close"]) > 0.0 and bar["volume"] >= 0.0)
