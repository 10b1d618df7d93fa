"""Columns that make room, cells that fit, rows that pass a filter."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from tests.tui.builders import a_scene, a_view
from tui.table import Column, Row, arrange, fit, name_cells
from tui.tables.bots import BOTS, ordered, rows_of
from tui.widgets.filterbar import matching

SMALL = (Decimal("0.00000015"), Decimal(0))
COLUMNS = (
    Column("name", "Name", 10),
    Column("lesser", "Lesser", 8, rank=2),
    Column("least", "Least", 6, rank=3, grows=True),
    Column("figure", "Figure", 6, right=True),
)


def test_the_least_column_goes_first_and_whole() -> None:
    """Nothing is squeezed: a column is there or it is not."""
    assert [place.column.key for place in arrange(COLUMNS, 40)] == ["name", "lesser", "least", "figure"]
    assert [place.column.key for place in arrange(COLUMNS, 30)] == ["name", "lesser", "figure"]
    assert [place.column.key for place in arrange(COLUMNS, 20)] == ["name", "figure"]


def test_columns_of_rank_0_stay_whatever_the_width() -> None:
    """What a table is about is never dropped."""
    assert [place.column.key for place in arrange(COLUMNS, 3)] == ["name", "figure"]


def test_a_growing_column_takes_what_is_left() -> None:
    """The words of a reason get all the room there is."""
    places = arrange(COLUMNS, 60)
    assert sum(place.width for place in places) + 2 * 3 == 60


@given(st.text(max_size=40), st.integers(1, 30), st.booleans())
def test_a_cell_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    """Wide characters and all: a row never slips sideways."""
    printable = "".join(char for char in text if char.isprintable())
    assert cell_len(fit(printable, width, right=right)) == width


def test_a_cut_is_after_a_word_and_says_so() -> None:
    """Half a word says nothing."""
    assert fit("fast average over slow", 15) == "fast average…  "


def test_at_eighty_columns_the_bots_table_keeps_what_decides() -> None:
    """State, money, position, the decision and the age of the data are there without a wide screen."""
    columns = [Column(c.key, c.title, 10 if c.key == "bot" else c.width, c.right, c.rank, c.grows) for c in BOTS]
    keys = [place.column.key for place in arrange(columns, 78)]
    assert keys == ["state", "bot", "equity", "day", "return", "position", "decision", "age"]


def test_names_decide_how_wide_they_are() -> None:
    """Within limits."""
    assert name_cells(["ab", "a-long-name"]) == 11
    assert name_cells([]) == 6
    assert name_cells(["x" * 32]) == 20


def test_a_filter_wants_every_word_and_none_after_an_exclamation_mark() -> None:
    """`btc !pause` are the bots on BTC that do not pause."""
    scene = a_scene()
    view = a_view()
    rows = rows_of(scene, ordered(list(view.bots.values()), "bot"))
    assert [row.key for row in matching(rows, "usdt")] == ["alpha", "bravo"]
    assert [row.key for row in matching(rows, "USDT !pause")] == ["alpha"]
    assert [row.key for row in matching(rows, "! ")] == ["alpha", "bravo"]
    assert matching(rows, "nothing-like-it") == []


def test_the_largest_gain_can_be_on_top() -> None:
    """Orderings are stable: equal ones by name."""
    rows = list(a_view().bots.values())
    assert [row.bot_id for row in ordered(rows, "day")] == ["alpha", "bravo"]
    assert [row.bot_id for row in ordered(rows[::-1], "bot")] == ["alpha", "bravo"]


def test_a_state_is_a_mark_and_a_word() -> None:
    """Colour is never the only sign."""
    rows = rows_of(a_scene(), ordered(list(a_view().bots.values()), "bot"))
    assert [row.cells[0][0] for row in rows] == ["● RUN", "◐ PAUSE"]


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    """An escape sequence in a reason or a symbol is only text."""
    view = a_view()
    row = next(iter(view.bots.values()))
    hostile = replace(row, last_reason="\x1b]52;c;aGk=\x07 [@click=app.quit]x[/]", symbol="BTC\u202e/USDT")
    cells = [text for text, _ in rows_of(a_scene(), [hostile])[0].cells]
    assert not any("\x1b" in text or "\x07" in text or "\u202e" in text for text in cells)
    assert any("[@click=app.quit]" in text for text in cells)


def test_dust_is_not_a_position_one_could_trade() -> None:
    """A fee taken in coins leaves a remainder: neither flat nor a position."""
    rows = [replace(row, position=amount) for row, amount in zip(a_view().bots.values(), SMALL, strict=True)]
    assert [row.cells[10][0] for row in rows_of(a_scene(), rows)] == ["dust", "flat"]


def test_a_row_can_be_shown_in_part() -> None:
    """The home screen draws fewer columns of the same rows."""
    row = Row("a", (("1", "plain"), ("2", "dim"), ("3", "up")))
    assert row.only((0, 2)) == Row("a", (("1", "plain"), ("3", "up")))
