"""Tables, CSV and text from outside."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algobot.cli.ctl import words
from algobot.cli.ctl.tables import Column, table, write_rows
from algobot.text import safe_text

NAME, AMOUNT = Column("NAME", "name"), Column("AMOUNT", "amount", right=True)


def test_columns_are_aligned_and_lines_have_no_tail():
    """Words left, numbers right."""
    rows = [{"name": "a", "amount": 1}, {"name": "longer", "amount": 1000}]
    assert table(rows, (NAME, AMOUNT), color=False) == ["NAME    AMOUNT", "a            1", "longer    1000"]
    assert table([], (NAME,), color=False) == []


def test_colour_never_changes_the_text():
    """Without its escapes a coloured table is the plain one."""
    rows = [{"name": "a", "state": "running"}, {"name": "b", "state": "halted"}]
    columns = (NAME, Column("STATE", "state", color=words.state_color))
    import re

    colored = [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in table(rows, columns, color=True)]
    assert colored == table(rows, columns, color=False)
    assert "\x1b[32mrunning" in table(rows, columns, color=True)[1]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-0.5", "-0.5"),
        ("+1e5", "+1e5"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ('say "hi", you', '"say ""hi"", you"'),
        ("\t=1", " =1"),
    ],
)
def test_a_spreadsheet_runs_nothing_of_ours(capsys, cell, written):
    """Formulas are made text, numbers stay numbers."""
    write_rows([{"name": cell}], (NAME,), "csv", empty="")
    assert capsys.readouterr().out == f"name\n{written}\n"


@given(st.lists(st.text(max_size=20), min_size=2, max_size=4))
def test_csv_has_one_line_a_row_whatever_the_text(names):
    """No text breaks out of its cell."""
    from algobot.cli.ctl.tables import _csv_line

    assert len(next(csv.reader([_csv_line([safe_text(name) for name in names])]))) == len(names)


def test_values_are_said_for_people():
    """Money grouped, gains signed, ages in two units, nothing as nothing."""
    assert words.money("1234567.891") == "1,234,567.89"
    assert (words.signed(1.2), words.signed(-0.8), words.signed(0.001)) == ("+1.20", "−0.80", "0.00")
    assert words.percent(0.0123) == "+1.23 %"
    assert [words.decimal(v) for v in ("0.00310", "1000", "-0.10", "0.000", "1E-8")] == [
        "0.0031",
        "1000",
        "-0.1",
        "0",
        "1E-8",
    ]
    assert [words.span(s) for s in (0.04, 12.3, 75, 3700, 90_000)] == [
        "0.0 s",
        "12 s",
        "1 m 15 s",
        "1 h 1 m",
        "1 d 1 h",
    ]
    assert (words.clock(0), words.age(None)) == ("-", "-")
    assert words.clock(1_800_000_000_000_000_000) == "2027-01-15 08:00:00Z"
    assert words.number("nonsense") == 0.0
