"""report.html: one file, nothing from outside, whatever the names; small charts that lose no peak."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.research.report import axes, charts, html, months, pictures, svg
from algobot.research.report.record import Run
from algobot.research.report.shrink import Columns
from algobot.research.report.svg import Look, Series, histogram, line_chart
from tests.research.runs import a_file, a_run

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """Notes elements, attributes and text, and that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note an element that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Check that what ends is what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note text."""
        self.text.append(data)


def read(page: str) -> Reader:
    """Return what a browser would see."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of 6000 hours."""
    return a_run(a_file(tmp_path_factory.mktemp("bars"), bars=6000))[0]


def with_names(run: Run, word: str) -> Run:
    """Return the run with this word wherever a name from outside can be."""
    file = msgspec.structs.replace(run.record.data[0], symbol=word, path=word)
    record = msgspec.structs.replace(
        run.record,
        name=word,
        strategy=word,
        params={"evil": word},
        settings={**run.record.settings, word: word},
        warnings=[word],
        layout=word,
        command=[word],
        data=[file],
    )
    trades = [(word, trip._replace(entry_tag=word, exit_tag=word)) for _, trip in run.trades]
    return run._replace(record=record, trades=trades)


def test_the_page_is_whole_and_has_every_part(run):
    """Every element closed; each chart, the months, the metrics, the trades and the settings."""
    reader = read(html.page(run))
    text = " ".join(reader.text)
    for part in ("Equity", "Underwater", "Months", "BTC/USDT, close", "Rolling Sharpe", "Returns of days", "Settings"):
        assert part in text
    for label in ("Sortino", "ulcer index", "deflated Sharpe", "profit factor", "turnover a year"):
        assert label in text
    assert len([tag for tag, _ in reader.tags if tag == "svg"]) == 7
    rows = sum(tag == "tr" for tag, _ in reader.tags)
    assert rows > len(run.trades) > 20


def test_nothing_is_loaded_from_anywhere(run):
    """No address, no source, no import; and a policy that forbids them all."""
    page = html.page(run)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<iframe|\bfetch\(|XMLHttpRequest|import\(", page)
    reader = read(page)
    assert not [attributes for _, attributes in reader.tags if {"src", "href", "srcset", "action"} & set(attributes)]
    [policy] = [a["content"] for tag, a in reader.tags if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("word", [EVIL, "<b>", "&amp;", "]]>", "<!--", "'"])
def test_names_from_outside_stay_text(run, word):
    """Whatever a strategy, a symbol, a tag or a file is called, it is shown and does nothing."""
    plain, strange = (read(html.page(with_names(run, one))) for one in ("plain", word))
    assert word in "".join(strange.text)
    elements = {tag for tag, _ in plain.tags}
    assert {tag for tag, _ in strange.tags} == elements
    scripts = [sum(tag == "script" for tag, _ in reader.tags) for reader in (plain, strange)]
    assert scripts[0] == scripts[1]
    assert not [name for _, attributes in strange.tags for name in attributes if name.startswith("on")]


def test_what_the_pointer_shows_is_json_of_finite_numbers(run):
    """As many values as times, in order."""
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', html.page(run))
    assert len(blocks) == 5
    for block in blocks:
        told = json.loads(block, parse_constant=lambda word: pytest.fail(word))
        assert told["t"] == sorted(told["t"])
        assert {len(row) for row in told["v"]} == {len(told["t"])}
        assert len(told["n"]) == len(told["v"])


def test_a_million_bars_make_a_small_page(run):
    """Charts have as many points as pixels, however long the history; the trades shown are bounded."""
    n = 1_000_000
    rng = np.random.default_rng(1)
    times = np.arange(1, n + 1) * 60 * 10**9 + 1_500_000_000 * 10**9
    equity = 10_000 * np.exp(np.cumsum(rng.normal(0, 1e-3, n)))
    record = msgspec.structs.replace(run.record, strategy="big")
    big = Run(record, run.metrics, times, equity, equity[::-1], equity[np.newaxis, :], list(run.trades) * 200)
    page = html.page(big)
    assert len(page) < 700_000


@pytest.mark.parametrize("bars", [0, 1, 2, 3])
def test_hardly_any_bars_make_a_page(run, bars):
    """Charts that cannot be drawn are left out."""
    part = slice(0, bars)
    few = run._replace(
        close_ns=run.close_ns[part],
        equity=run.equity[part],
        hold=run.hold[part],
        closes=run.closes[:, part],
        trades=[],
    )
    read(html.page(few))


def test_an_account_that_was_lost_makes_a_page(run):
    """Equity below zero cannot be drawn by ratios, and months without a start have no return."""
    equity = run.equity.copy()
    equity[len(equity) // 2 :] -= 20_000
    lost = run._replace(equity=equity)
    text = " ".join(read(html.page(lost)).text)
    assert "–" in text
    assert not re.search(r"\b(nan|inf|None)\b", text.partition("Settings")[0])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 50), st.integers(0, 2**32))
def test_no_extreme_is_lost_by_drawing_less(count, columns, seed):
    """Of any curve, gaps in time included, the first, last, lowest and highest point of each column are drawn."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 50, count)) * HOUR_NS
    values = rng.normal(size=count)
    cut = Columns(times, columns)
    at, drawn = cut.points(values)
    assert (np.diff(at) > 0).all()
    assert (values[at] == drawn).all()
    assert len(at) <= max(4 * columns, 4 * len(cut.first))
    for start, end in zip(cut.first, np.append(cut.first[1:], count), strict=True):
        inside = drawn[(at >= start) & (at < end)]
        assert {inside.min(), inside.max()} == {values[start:end].min(), values[start:end].max()}
    assert (at[0], at[-1]) == (0, count - 1)


def test_missing_values_are_left_out_of_a_line():
    """A symbol that starts later is drawn from where it starts."""
    values = np.concatenate([np.full(5000, np.nan), np.arange(5000.0)])
    at, drawn = Columns(np.arange(10_000), 100).points(values)
    assert at[0] == 5000
    assert np.isfinite(drawn).all()


def test_lines_stay_within_their_chart():
    """Every point of a path lies in the view box, by ratios or not."""
    times = np.arange(1, 2001) * HOUR_NS
    for values in (np.geomspace(1, 1e6, 2000), np.linspace(-5, 5, 2000), np.full(2000, 3.0), np.zeros(2000)):
        chart = line_chart(Look("x", may_log=True), times, [Series("x", values)])
        [path] = re.findall(r'<path class="line a" d="M([^"]*)"', chart)
        points = np.array([float(word) for word in path.split()]).reshape(-1, 2)
        assert points.min() >= 0
        assert points[:, 0].max() <= svg.WIDTH
        assert points[:, 1].max() <= svg.HEIGHT
        assert ("log scale" in chart) == (values[0] == 1.0)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0.0, 10.0, [0, 2, 4, 6, 8, 10]), (-0.3, 0.1, [-0.3, -0.2, -0.1, 0.0, 0.1]), (97, 103, [98, 100, 102])],
)
def test_axes_have_round_values(low, high, marks):
    """Steps of 1, 2, 2.5 or 5."""
    assert axes.value_marks(axes.Scale(low, high)) == pytest.approx(marks)


@settings(max_examples=100, deadline=None)
@given(st.integers(60, 40 * 365 * 86_400), st.integers(0, 4_000_000_000))
def test_time_axes_have_few_marks_in_order(seconds, start):
    """From a minute to forty years: at most ten, from left to right, within the axis."""
    marks = axes.time_marks(start * 10**9, (start + seconds) * 10**9)
    assert len(marks) <= 10
    places = [mark.place for mark in marks]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert len({mark.text for mark in marks}) == len(marks)


def test_the_histogram_counts_every_value_once():
    """What is beyond its edges is in the outermost bars."""
    values = np.random.default_rng(2).standard_t(2, 5000)
    counts = re.findall(r"<title>[^<]*: ([\d,]+)</title>", histogram(Look("x", "%"), values))
    assert sum(int(count.replace(",", "")) for count in counts) == 5000
    assert histogram(Look("x"), np.zeros(50)) == ""


def test_the_rolling_ratio_is_that_of_each_window(run):
    """Against a plain loop."""
    of = charts.rhythm(run)
    found = charts.rolling_sharpe(of)
    for index in (0, 7, len(found) - 1):
        part = of.returns[index : index + of.window]
        assert found[index] == pytest.approx(part.mean() / part.std(ddof=1) * np.sqrt(of.per_year), rel=1e-6)


def test_months_by_hand():
    """January 2024 +10 %, February -10 %, nothing in March, April +100 % of what was left."""
    times = np.array(["2024-01-31T12", "2024-02-01T00", "2024-02-29T12", "2024-04-02T00"], "datetime64[ns]")
    [year] = months.matrix(times.astype(np.int64), np.array([105.0, 110.0, 99.0, 198.0]), 100.0)
    assert year.year == 2024
    fractions = [cell and cell.fraction for cell in year.months]
    assert fractions[:4] == [pytest.approx(0.1), pytest.approx(-0.1), None, pytest.approx(1.0)]
    assert fractions[4:] == [None] * 8
    assert year.total == (pytest.approx(0.98), 98.0)
    assert months.matrix(np.zeros(0, np.int64), np.zeros(0), 100.0) == []


def test_months_compound_to_years_and_years_to_the_whole(run):
    """No bar is counted twice or lost."""
    years = months.matrix(run.close_ns, run.equity, run.metrics.start_equity)
    for year in years:
        parts = [1 + cell.fraction for cell in year.months if cell and cell.fraction is not None]
        assert np.prod(parts) == pytest.approx(1 + year.total.fraction)
    assert np.prod([1 + year.total.fraction for year in years]) == pytest.approx(1 + run.metrics.return_fraction)
    assert sum(year.total.profit for year in years) == pytest.approx(run.equity[-1] - run.metrics.start_equity)


def test_the_pictures_are_pngs(run, tmp_path):
    """Four of them, without a screen."""
    made = pictures.write(tmp_path, with_names(run, "$x^{ <b>"))
    assert sorted(path.name for path in made) == ["equity.png", "months.png", "price.png", "returns.png"]
    assert all(path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for path in made)
    assert pictures.write(tmp_path, run._replace(close_ns=run.close_ns[:1])) == []
