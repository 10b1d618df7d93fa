"""Every key of a TOML text is found on the line it was written on."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from algobot.config.lines import line_numbers

TEXT = '''\
# a comment
top = 1
[a]            # one table
x = """
[not.a.table]
y = 2
"""
list = [
  1,
  2,
]
b.c = 3
inline = { p = 1, "q r" = { s = 2 } }
["d e".f]
g = "# no comment"
[[many]]
h = 1
'''


def test_strings_lists_dotted_and_inline_keys_are_told_apart() -> None:
    """What only looks like a table inside a string is none."""
    assert line_numbers(TEXT) == {
        ("top",): 2,
        ("a",): 3,
        ("a", "x"): 4,
        ("a", "list"): 8,
        ("a", "b"): 12,
        ("a", "b", "c"): 12,
        ("a", "inline"): 13,
        ("a", "inline", "p"): 13,
        ("a", "inline", "q r"): 13,
        ("a", "inline", "q r", "s"): 13,
        ("d e",): 14,
        ("d e", "f"): 14,
        ("d e", "f", "g"): 15,
        ("many",): 16,
        ("many", "h"): 17,
    }


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["1", '"x\\n"', "[\n1\n]", "'''\n[t]\n'''"])), max_size=12)
)
def test_any_run_of_statements_is_counted_right(statements: list[tuple[int, str]]) -> None:
    """However many lines a value takes, the next key's line is right."""
    text, expected = "", {}
    for number, (blank, value) in enumerate(statements):
        text += "\n" * blank
        expected[(f"k{number}",)] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    tomllib.loads(text)
    assert line_numbers(text) == expected
