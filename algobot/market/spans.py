"""Spans of time: what lacks in a series, what is known to lack, what is left to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


class Spans:
    """Half-open spans [start, end) in nanoseconds: in order, apart from each other, none empty."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if start >= end:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._spans = tuple(merged)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._spans == other._spans

    def __hash__(self) -> int:
        return hash(self._spans)

    def __repr__(self) -> str:
        return f"Spans({list(self._spans)})"

    @property
    def length_ns(self) -> int:
        """All of them together."""
        return sum(end - start for start, end in self._spans)

    def plus(self, other: Iterable[tuple[int, int]]) -> Spans:
        """Return what lies in either."""
        return Spans([*self._spans, *other])

    def without(self, other: Spans) -> Spans:
        """Return what lies in these and not in the others."""
        left: list[tuple[int, int]] = []
        taken, at = list(other), 0
        for begin, end in self._spans:
            start = begin
            while at < len(taken) and taken[at][1] <= start:
                at += 1
            within = at
            while within < len(taken) and taken[within][0] < end:
                left.append((start, taken[within][0]))
                start = taken[within][1]
                within += 1
            left.append((start, end))
        return Spans(left)


def covered(opens_ns: npt.NDArray[Any], span_ns: int) -> Spans:
    """Return where bars of length `span_ns` that open at these times (rising) lie."""
    if len(opens_ns) == 0:
        return Spans()
    breaks = np.flatnonzero(np.diff(opens_ns) > span_ns)
    starts = opens_ns[np.concatenate([[0], breaks + 1])]
    ends = opens_ns[np.concatenate([breaks, [len(opens_ns) - 1]])] + span_ns
    return Spans(zip(starts.tolist(), ends.tolist(), strict=True))


def holes(opens_ns: npt.NDArray[Any], span_ns: int) -> Spans:
    """Return what lacks between the first and the last bar."""
    breaks = np.flatnonzero(np.diff(opens_ns) > span_ns)
    starts, ends = opens_ns[breaks] + span_ns, opens_ns[breaks + 1]
    return Spans(zip(starts.tolist(), ends.tolist(), strict=True))
