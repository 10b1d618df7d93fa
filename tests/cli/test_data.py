"""`algobot data`: import, list, check, repair, resample, export, as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from algobot.cli import edge
from algobot.cli.data import VERBS
from algobot.errors import DataError
from algobot.market.exporting import export
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.writing import open_writer, write_bars
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars

BTC = Key("binance", "BTC/USDT", "1m")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """An empty library, which the environment names."""
    monkeypatch.setenv("ALGOBOT_BARS_DIR", str(tmp_path / "bars"))
    return Library(tmp_path / "bars")


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run `algobot data …`; return exit code, standard output, standard error."""
    code = edge.run(["data", *(str(word) for word in words)])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out, told.err


def filled(library: Library, key: Key, bars) -> None:
    """Put bars into a library."""
    with open_writer(library, key) as writer:
        writer.add(bars)


def test_a_file_whose_name_says_all_is_imported_and_listed(library, tmp_path, capsys):
    """The second time nothing is new; the list says bars, span, gaps; JSON says the same."""
    bars = some_bars(100, without=(7, 8))
    path = tmp_path / "BINANCE_BTC_USDT_1m.csv"
    export(bars, path)
    assert call(capsys, "import", path) == (0, "binance:BTC/USDT:1m: 98 new bars\n", "")
    assert call(capsys, "import", path)[1] == "binance:BTC/USDT:1m: 0 new bars, 98 there already\n"
    assert library.read(*BTC).bars.tobytes() == bars.tobytes()
    code, out, _ = call(capsys, "list")
    assert code == 0
    (row,) = [line for line in out.splitlines() if "binance" in line]
    assert row.split() == ["binance:BTC/USDT:1m", "98", "2025-01-01", "2025-01-01", "2", *row.split()[-2:]]
    told = json.loads(call(capsys, "list", "--json")[1])
    (held,) = told["series"]
    assert told["schema_version"] == 1
    assert (held["key"], held["bars"], held["missing"], held["known_missing"]) == ("binance:BTC/USDT:1m", 98, 2, 0)
    assert json.loads(call(capsys, "list", "eth", "--json")[1])["series"] == []


def test_freqtrades_name_lacks_only_the_venue(library, tmp_path, capsys):
    """Which is asked for, with the option to say it."""
    path = tmp_path / "BTC_USDT_USDT-1m-futures.feather"
    export(some_bars(10), path)
    code, _, err = call(capsys, "import", path)
    assert (code, "--venue is not known" in err, "--venue" in err) == (2, True, True)
    assert call(capsys, "import", path, "--venue", "okx")[1] == "okx:BTC/USDT:USDT:1m: 10 new bars\n"
    assert len(library.read("okx", "BTC/USDT:USDT", "1m").bars) == 10


def test_of_several_files_the_good_ones_are_imported(library, tmp_path, capsys):
    """The others are told; the exit code says that it was a part."""
    good, bad = tmp_path / "BINANCE_BTC_USDT_1m.parquet", tmp_path / "BINANCE_ETH_USDT_1m.parquet"
    bars = some_bars(10)
    write_bars(good, bars)
    bars["close"][4] = np.nan
    write_bars(bad, bars)
    code, out, err = call(capsys, "import", bad, good)
    assert (code, out) == (8, "binance:BTC/USDT:1m: 10 new bars\n")
    assert "impossible bar (1): row 4, 2025-01-01T00:04:00" in err
    assert [str(key) for key in library.keys()] == ["binance:BTC/USDT:1m"]  # noqa: SIM118
    code, out, _ = call(capsys, "import", bad, "--repair")
    assert (code, out) == (0, "binance:ETH/USDT:1m: 9 new bars\n  1 dropped: impossible\n")
    code, _, err = call(capsys, "import", bad, "--json")
    assert (code, json.loads(err)["code"]) == (1, DataError.code)


def test_other_numbers_are_refused_until_they_are_to_replace(library, tmp_path, capsys):
    """What is in the library stays whole."""
    filled(library, BTC, some_bars(60_000))
    bars = some_bars(60_000)
    bars["close"][50_000] += 0.25
    path = tmp_path / "BINANCE_BTC_USDT_1m.parquet"
    write_bars(path, bars)
    code, _, err = call(capsys, "import", path)
    assert (code, "1 bars are in the library with other numbers, first at 2025-02-04" in err) == (1, True)
    assert call(capsys, "import", path, "--replace")[1].endswith("59,999 there already, 1 replaced\n")
    assert library.read(*BTC).bars.tobytes() == bars.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "time"], "is not OURS=THEIRS"),
        (["--columns", "time=no"], "no column 'no'"),
        (["--unit", "h"], "--unit h is none of"),
        (["-t", "3m"], "off the grid"),
        (["-t", "1q"], "timeframe '1q'"),
        (["--venue", "Bad Venue"], "venue 'Bad Venue' is not a name"),
        (["--symbol", "../../x"], "symbol '../../x' is not one"),
    ],
)
def test_a_wrong_word_of_an_import_is_named(library, tmp_path, capsys, options, message):
    """And nothing is imported."""
    path = tmp_path / "BINANCE_BTC_USDT_1m.csv"
    export(some_bars(10), path)
    code, _, err = call(capsys, "import", path, *options)
    assert code in (1, 2)
    assert message in err
    assert library.keys() == []


def test_a_name_that_contradicts_its_times_is_refused(library, tmp_path, capsys):
    """Nobody knows which is right until it is said."""
    path = tmp_path / "BINANCE_BTC_USDT_1h.csv"
    export(some_bars(10), path)
    code, _, err = call(capsys, "import", path)
    assert (code, "its name says 1h, its times say 1m" in err) == (1, True)
    assert call(capsys, "import", path, "-t", "1m")[0] == 0


def test_a_check_says_what_is_wrong_and_where(library, tmp_path, capsys):
    """Exit 1 for what is wrong; a gap that the venue has itself is none; a file need not be in the library."""
    filled(library, BTC, some_bars(60, without=(10, 11)))
    code, out, err = call(capsys, "check")
    assert code == 1
    assert "WRONG binance:BTC/USDT:1m: 58 rows" in out
    assert "2 missing bars             1 gaps, the longest 2 bars from 2025-01-01T00:10:00" in out
    assert "algobot data repair" in err
    assert call(capsys, "check", "--gaps-ok")[0] == 0
    with open_writer(library, BTC) as writer:
        writer.remember_gaps([(JAN_NS + 10 * MINUTE_NS, JAN_NS + 12 * MINUTE_NS)])
    code, out, _ = call(capsys, "check", BTC)
    assert code == 0
    assert out.startswith("ok    binance:BTC/USDT:1m: 58 rows\n")
    path = tmp_path / "BINANCE_BTC_USDT_1m.csv"
    bars = some_bars(60)
    bars["low"][3] = 1e6
    export(bars[::-1], path)
    code, out, _ = call(capsys, "check", path, BTC, "--json")
    told = json.loads(out)
    assert (code, told["ok"], [row["ok"] for row in told["checked"]]) == (1, False, [False, True])
    found = {one["kind"]: one["rows"] for one in told["checked"][0]["findings"]}
    assert (found["impossible bar"], found["out of order"]) == (1, 59)
    assert call(capsys, "check", tmp_path / "gone.csv")[0] == 1
    assert call(capsys, "check", tmp_path)[0] == 1


def test_a_repair_says_what_it_would_do_and_then_does_it(library, tmp_path, capsys):
    """The original and the dropped rows stay beside it; in the library as in a file."""
    path = tmp_path / "BINANCE_BTC_USDT_1m.parquet"
    bars = some_bars(60)
    bars["low"][3] = 1e6
    write_bars(path, bars[::-1])
    before = path.read_bytes()
    code, out, _ = call(capsys, "repair", path, "--dry-run")
    assert (code, out.splitlines()[0], path.read_bytes()) == (0, f"{path}: would have 59 bars", before)
    code, out, _ = call(capsys, "repair", path, "--fill")
    assert out.splitlines()[1:] == [
        "  1 dropped: impossible",
        "  58 sorted: rows before the one above them",
        "  1 filled: flat bars without volume",
        f"  kept: {path}.bak",
        f"  kept: {path}.dropped.csv",
    ]
    assert Path(f"{path}.bak").read_bytes() == before
    assert call(capsys, "check", path)[0] == 0
    filled(library, BTC, some_bars(60, without=(10, 11)))
    told = json.loads(call(capsys, "repair", BTC, "--fill", "--json")[1])
    assert told["files"][0]["changes"] == [{"what": "filled: flat bars without volume", "rows": 2}]
    assert call(capsys, "check", BTC)[0] == 0
    assert call(capsys, "repair", "binance:BTC/USD:1m")[0] == 1


def test_longer_bars_lie_beside_the_shorter_ones(library, capsys):
    """What was left out is said; the same again adds nothing."""
    filled(library, BTC, some_bars(63, without=(20,)))
    code, out, _ = call(capsys, "resample", BTC, "-t", "5m,1h")
    assert code == 0
    assert out.splitlines() == [
        "binance:BTC/USDT:5m: 12 bars, 12 new",
        "  3 of 1m left out: their first or last 5m is not whole",
        "  1 bars have a part missing inside, as binance:BTC/USDT:1m has",
        "binance:BTC/USDT:1h: 1 bars, 1 new",
        "  3 of 1m left out: their first or last 1h is not whole",
        "  1 bars have a part missing inside, as binance:BTC/USDT:1m has",
    ]
    told = json.loads(call(capsys, "resample", BTC, "-t", "5m", "--json")[1])
    assert (told["series"][0]["new"], told["series"][0]["same"]) == (0, 12)
    code, _, err = call(capsys, "resample", BTC, "-t", "1d")
    assert (code, "too short for a whole bar of 1d" in err) == (1, True)
    code, _, err = call(capsys, "resample", BTC, "-t", "90s")
    assert (code, "no multiple" in err) == (2, True)


def test_bars_are_exported_to_a_file_or_to_the_next_command(library, tmp_path, capsysbinary):
    """CSV on standard output; the ending says the form; a part of the time can be had."""
    filled(library, BTC, some_bars(10))
    assert edge.run(["data", "export", str(BTC), "--from", "2025-01-01T00:08", "--iso"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ['"time"', "2025-01-01T00:08:00.000Z", "2025-01-01T00:09:00.000Z"]
    for ending in ("csv", "parquet", "feather"):
        out = tmp_path / f"out.{ending}"
        assert edge.run(["data", "export", str(BTC), "--out", str(out)]) == 0
        assert edge.run(["data", "check", str(out)]) == 0
    assert edge.run(["data", "export", str(BTC), "--out", str(tmp_path / "out.xlsx")]) == 2
    assert edge.run(["data", "export", str(BTC), "--from", "2026-01-01"]) == 1
    assert edge.run(["data", "export", "nothing.parquet"]) == 1


def test_an_empty_library_says_how_to_fill_it(library, capsys):
    """Not an error for the list; nothing to check is one."""
    code, out, err = call(capsys, "list")
    assert (code, out) == (0, "")
    assert "Next: algobot data fetch" in err
    assert call(capsys, "check")[0] == 2
    assert call(capsys, "chek")[0] == 2


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_is_there(verb, capsys):
    """With its options."""
    code, out, _ = call(capsys, verb, "--help")
    assert code == 0
    assert "Usage: algobot data" in out


def test_the_groups_help_loads_nothing_heavy() -> None:
    """Nor does any verb's."""
    heavy = "{'ccxt', 'pyarrow', 'numba', 'numpy', 'aiohttp'}"
    for words in (["data", "--help"], ["data", "fetch", "--help"], ["data", "check", "--help"]):
        code = (
            f"import sys; from algobot.cli import edge; edge.run({words}); sys.exit(bool({heavy} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
