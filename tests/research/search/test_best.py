"""The best parameters in a run file: nothing else in it changes."""

from __future__ import annotations

import datetime
import tomllib

import pytest

from algobot.errors import ConfigError
from algobot.research.search.best import write_best

FILE = """# my run
strategy = "ma_crossover"    # the old one
data = ["a.parquet"]

[params]      # found by hand
fast = 10     # bars
stop_atr = 2.0#near
# slow is left alone

[grid]
fast = [5, 8]   # [params] is no header here

[best]
date = 2020-01-01
sharpe = 9.9

[settings]
fee = 0.001
"""
FOUND = {"date": datetime.date(2026, 1, 2), "sharpe": 1.25, "trades": 40}


def test_values_change_in_their_lines_and_comments_stay(tmp_path):
    """A new parameter comes last in its table; an older result goes."""
    path = tmp_path / "run.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    write_best(path, {"fast": 8, "stop_atr": 2.5, "slow": 40}, FOUND, {})
    text = path.read_text()
    assert "fast = 8     # bars" in text
    assert "stop_atr = 2.5#near" in text
    assert 'strategy = "ma_crossover"    # the old one' in text
    assert "fast = [5, 8]   # [params] is no header here" in text
    assert "9.9" not in text
    tree = tomllib.loads(text)
    assert tree["params"] == {"fast": 8, "stop_atr": 2.5, "slow": 40}
    assert tree["best"] == FOUND
    assert tree["settings"] == {"fee": 0.001}
    assert path.stat().st_mode & 0o777 == 0o600
    write_best(path, {"fast": 8, "stop_atr": 2.5, "slow": 40}, FOUND, {})
    assert path.read_text() == text, "doing it again changes nothing"


def test_a_new_file_says_the_whole_run(tmp_path):
    """Values before tables, text as text."""
    path = tmp_path / "new.toml"
    run = {
        "strategy": "x",
        "settings": {"fee": 0.002, "allow_short": True},
        "data": ['with "quotes" \\'],
        "from": "2024-01-01",
    }
    write_best(path, {"fast": 3}, FOUND, run)
    tree = tomllib.loads(path.read_text())
    assert tree == {**run, "params": {"fast": 3}, "best": FOUND}


def test_a_file_without_the_table_gets_one(tmp_path):
    """At its end."""
    path = tmp_path / "run.toml"
    path.write_text('strategy = "x"\n[settings]\nfee = 0.1\n')
    write_best(path, {"fast": 3}, {}, {})
    assert tomllib.loads(path.read_text())["params"] == {"fast": 3}


@pytest.mark.parametrize(
    "text",
    [
        'params = { fast = 3 }\nstrategy = "x"\n',
        "strategy = [",
        '[params]\nfast = """\n3"""\n',
    ],
)
def test_what_cannot_be_changed_safely_is_left_alone(tmp_path, text):
    """The error says what to write by hand; the file has not changed."""
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        write_best(path, {"fast": 5}, FOUND, {})
    assert caught.value.hint
    assert path.read_text() == text
