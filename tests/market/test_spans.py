"""Spans of time: the algebra that decides what is asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from algobot.market.spans import Spans, covered, holes

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def points(of: Spans) -> set[int]:
    """Return every instant in some spans."""
    return {at for start, end in of for at in range(start, end)}


@given(spans, spans)
def test_spans_are_sets_of_instants(some, other):
    """Union and difference are what they are of sets; the spans stay in order and apart."""
    a, b = Spans(some), Spans(other)
    assert points(a) == {at for start, end in some for at in range(start, end)}
    assert points(a.plus(b)) == points(a) | points(b)
    assert points(a.without(b)) == points(a) - points(b)
    assert a.length_ns == len(points(a))
    flat = [at for span in a.without(b) for at in span]
    assert flat == sorted(set(flat))


@given(st.sets(st.integers(0, 60)))
def test_holes_and_cover_of_a_series_make_up_its_time(opens):
    """Nothing is both, nothing is neither."""
    times = np.array(sorted(opens), np.int64) * 10
    there, lacking = points(covered(times, 10)), points(holes(times, 10))
    assert there == {at for time in times.tolist() for at in range(time, time + 10)}
    assert not there & lacking
    if opens:
        assert there | lacking == set(range(int(times[0]), int(times[-1]) + 10))
