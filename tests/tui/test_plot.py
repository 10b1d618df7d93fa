"""Charts in text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tests.tui.builders import NOON, SECOND
from tui.curve import total
from tui.glyphs import ASCII, UNICODE
from tui.plot import Mark, plot, spark

MINUTE = 60 * SECOND


def drawn(
    values: list[float], size: tuple[int, int], marks: tuple[Mark, ...] = (), glyphs: object = UNICODE
) -> list[str]:
    """The rows of a chart of minute values, as text."""
    points = [(NOON + place * MINUTE, value) for place, value in enumerate(values)]
    rows = plot(points, size, glyphs, label=lambda value: f"{value:,.1f}", marks=marks)
    return ["".join(text for text, _ in row) for row in rows]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    """In plain characters it can be read off."""
    rows = drawn([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], (16, 6), glyphs=ASCII)
    assert rows[0].index("*") > rows[2].index("*") > rows[4].index("*")
    assert rows[0].rstrip().endswith("8.0")


def test_fills_are_marked_beside_the_line() -> None:
    """A purchase under it, a sale above it, at their times."""
    marks = (Mark(NOON + 2 * MINUTE, 10.0, True), Mark(NOON + 6 * MINUTE, 10.0, False))
    rows = drawn([10.0, 10.1, 10.0, 9.9, 10.0, 10.1, 10.0, 9.9, 10.0], (40, 11), marks)
    bought = next(place for place, row in enumerate(rows) if "▲" in row)
    sold = next(place for place, row in enumerate(rows) if "▼" in row)
    assert sold < bought
    assert rows[bought].index("▲") < rows[sold].index("▼")


def test_fills_from_before_the_chart_or_far_after_it_do_not_bend_it() -> None:
    """The time axis covers the prices there are."""
    plain = drawn([1.0, 2.0, 3.0], (40, 8))
    far = (Mark(NOON - MINUTE, 99.0, True), Mark(NOON + 900 * MINUTE, 99.0, False))
    assert drawn([1.0, 2.0, 3.0], (40, 8), far) == plain


@example(values=[-1.0, 2.0, 1e-17], width=20, height=8, ascii_only=True)
@given(
    st.lists(st.floats(-1e12, 1e12) | st.floats(0.99, 1.01), min_size=2, max_size=80),
    st.integers(20, 120),
    st.integers(3, 40),
    st.booleans(),
)
def test_any_curve_fits_its_frame(values: list[float], width: int, height: int, ascii_only: bool) -> None:
    """Flat, huge or jagged: as many rows as asked for, every one at most so wide, the newest value on the axis."""
    points = [(NOON + place * MINUTE, value) for place, value in enumerate(values)]
    rows = plot(points, (width, height), ASCII if ascii_only else UNICODE, label=lambda value: f"{value:.3g}")
    texts = ["".join(text for text, _ in row) for row in rows]
    assert len(texts) == height
    assert max(map(len, texts)) <= width
    assert any(f"{values[-1]:.3g}" in text for text in texts)


def test_a_spark_shows_the_whole_curve_in_few_cells() -> None:
    """First and last value are in it; a flat one is flat; none is blank."""
    assert spark([1.0, 2.0, 3.0, 4.0], 4, UNICODE) == "▁▃▆█"
    assert spark([float(value) for value in range(100)], 8, UNICODE) == "▁▂▃▄▅▆▇█"
    assert spark([5.0, 5.0], 4, UNICODE) == "  ▁▁"
    assert spark([], 3, UNICODE) == "   "


def test_curves_add_up_where_any_has_a_point() -> None:
    """A bot that started later counts with its first value before."""
    curves = {"a": ((1, 10.0), (3, 12.0)), "b": ((2, 100.0), (3, 90.0))}
    assert total(curves) == [(1, 110.0), (2, 110.0), (3, 102.0)]
    assert total(curves, besides=5.0)[0] == (1, 115.0)
    assert total({}) == []
