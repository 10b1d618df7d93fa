"""report.html: one file that holds everything, opens offline and asks no network for anything."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from algobot.research.report import charts, months, words
from algobot.research.report.breakdown import Share, breakdown, by_exit, by_side, by_symbol
from algobot.research.report.record import Run
from algobot.research.report.stamps import iso
from algobot.research.report.words import Line
from algobot.research.trades import RoundTrip

TRADES: Final = 500  # rows shown; trades.csv has them all
_BEFORE: Final = 1_000_000  # a close at midnight is of the day before
_FULL_COLOUR: Final = 0.10  # a month's return that is coloured most
# nothing may be loaded from anywhere, whatever a name or a tag tries
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_CARDS: Final = (
    *(("return_fraction", "return"), ("cagr_fraction", "CAGR"), ("sharpe", "Sharpe"), ("sortino", "Sortino")),
    *(("max_drawdown_fraction", "drawdown"), ("win_fraction", "won"), ("profit_factor", "profit factor")),
    ("time_in_market_fraction", "time in market"),
)


def page(run: Run) -> str:
    """Return the report of a run as one HTML document."""
    record = run.record
    title = f"{record.strategy} on {', '.join(record.symbols)}"
    body = "".join(
        (
            _header(run, title),
            _cards(run),
            _warnings(record.warnings),
            charts.equity(run),
            charts.underwater(run),
            _months(run),
            _section("Price and trades", charts.prices(run)),
            _section("How it was spread", charts.rolling(run) + f'<div class="pair">{charts.distributions(run)}</div>'),
            _section("All metrics", _metrics(run)),
            _section("Trades by kind", _shares(run)),
            _section("Trades", _trades(run)),
            _settings(run),
            f"<footer>algobot {escape(record.version)} · run {escape(record.name)} · made {escape(record.made)} · "
            "times in UTC, a year has 365 days</footer>",
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_asset('page.css')}</style></head>\n"
        f"<body>{body}<script>{_asset('page.js')}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>\n" if content else ""


def _header(run: Run, title: str) -> str:
    m, record = run.metrics, run.record
    span = (
        f"{iso(int(run.close_ns[0]) - _BEFORE)[:10]} to {iso(int(run.close_ns[-1]) - _BEFORE)[:10]}"
        if len(run.close_ns)
        else "–"
    )
    params = " · ".join(f"{name} {value}" for name, value in record.params.items())
    return (
        f"<header><div><h1>{escape(title)}</h1><p>{span} · {m.bars:,} bars · {m.days:,.1f} days</p>"
        f'<p>{escape(params)}</p></div><button id="theme" type="button">light / dark</button></header>\n'
    )


def _cards(run: Run) -> str:
    by_field = {line.field: line for _, lines in words.GROUPS for line in lines}
    m = run.metrics
    notes = {
        "return_fraction": f"hold {by_field['buy_and_hold_fraction'].of(m)}",
        "cagr_fraction": f"volatility {by_field['volatility_fraction'].of(m)}",
        "sharpe": f"of days {by_field['sharpe_daily'].of(m)}",
        "sortino": f"Calmar {by_field['calmar'].of(m)}",
        "max_drawdown_fraction": f"{m.longest_drawdown_days:,.0f} days long",
        "win_fraction": f"of {m.trades:,} trades",
        "time_in_market_fraction": f"fees {by_field['fees'].of(m)}",
        "profit_factor": f"mean trade {by_field['expectancy'].of(m)}",
    }
    cards = (
        f'<div class="card"><span>{escape(label)}</span>{_tag("b", by_field[field], run)}'
        f"<small>{escape(notes[field])}</small></div>"
        for field, label in _CARDS
    )
    return f'<div class="cards">{"".join(cards)}</div>\n'


def _tag(element: str, line: Line, run: Run) -> str:
    """Return a value in an element, green or red where it is a gain or a loss."""
    value = getattr(run.metrics, line.field)
    style = ""
    if line.text is words.signed and value:
        style = ' class="up"' if value > 0 else ' class="down"'
    return f"<{element}{style}>{escape(line.of(run.metrics))}</{element}>"


def _warnings(warnings: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return f'<ul class="warnings">{items}</ul>\n' if items else ""


def _months(run: Run) -> str:
    years = months.matrix(run.close_ns, run.equity, run.metrics.start_equity)
    if not years:
        return ""
    head = "".join(f"<th>{name}</th>" for name in ("", *months.NAMES, "year"))
    rows = []
    for year in years:
        cells = "".join("<td></td>" if cell is None else _month(cell) for cell in year.months)
        rows.append(f"<tr><th>{year.year}</th>{cells}{_month(year.total, 'total')}</tr>")
    table = f'<table class="months"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return _section("Months, return in per cent", f'<div class="panel wide">{table}</div>')


def _month(cell: months.Cell, style: str = "") -> str:
    name = f' class="{style}"' if style else ""
    if cell.fraction is None:
        return f"<td{name}>{words.NONE}</td>"
    colour = "buy" if cell.fraction > 0 else "sell"
    depth = min(abs(cell.fraction) / (_FULL_COLOUR * (3 if style else 1)), 1.0) * 55
    ground = f"background:color-mix(in srgb,var(--{colour}) {depth:.0f}%,transparent)"
    text = f"{cell.fraction * 100:.1f}".replace("-0.0", "0.0")
    return f'<td{name} style="{ground}" title="{cell.profit:+,.2f}">{text}</td>'


def _metrics(run: Run) -> str:
    groups = []
    for title, lines in words.GROUPS:
        rows = "".join(_metric(line, run) for line in lines if not words.idle(line, run.record.assumptions))
        groups.append(f'<div class="panel"><h3>{escape(title)}</h3><table>{rows}</table></div>')
    return f'<div class="groups">{"".join(groups)}</div>'


def _metric(line: Line, run: Run) -> str:
    help_ = f"<small>{escape(line.help)}</small>" if line.help else ""
    return f"<tr><td>{escape(line.label)}{help_}</td>{_tag('td', line, run)}</tr>"


def _shares(run: Run) -> str:
    """Return the trades by symbol, side and reason, where there is more than one of it."""
    tables = []
    for title, key in (("symbol", by_symbol), ("side", by_side), ("exit", by_exit)):
        shares = breakdown(run.trades, key)
        if len(shares) > 1:
            rows = "".join(_share(one) for one in shares)
            head = f"<tr><th>{title}</th><th>trades</th><th>won</th><th>profit</th><th>fees</th></tr>"
            tables.append(f'<div class="panel wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>')
    return f'<div class="groups">{"".join(tables)}</div>' if tables else ""


def _share(one: Share) -> str:
    style = "up" if one.profit > 0 else "down"
    return (
        f"<tr><td>{escape(one.name)}</td><td>{one.trades:,}</td><td>{one.win_fraction:.1%}</td>"
        f'<td class="{style}">{one.profit:+,.2f}</td><td>{one.fees:,.2f}</td></tr>'
    )


def _trades(run: Run) -> str:
    if not run.trades:
        return "<p>It never traded.</p>"
    shown = list(reversed(run.trades[-TRADES:]))
    names = ("entry", "symbol", "side", "quantity", "price", "exit", "price", "why", "fees", "profit", "%")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(_trade(symbol, trip, run) for symbol, trip in shown)
    note = (
        f"<p>The last {TRADES} of {len(run.trades):,}; trades.csv has them all.</p>" if len(run.trades) > TRADES else ""
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'{note}<div class="panel wide trades">{table}</div>'


def _trade(symbol: str, trip: RoundTrip, run: Run) -> str:
    lot = float(run.record.settings["lot"])
    style = "up" if trip.profit > 0 else "down"
    cells = (
        _moment(trip.entry_ns),
        escape(symbol),
        "long" if trip.side > 0 else "short",
        f"{trip.lots * lot:.8g}",
        f"{trip.entry_price:,.8g}",
        _moment(trip.exit_ns) if trip.closed else "open",
        f"{trip.exit_price:,.8g}" if trip.closed else words.NONE,
        escape(trip.exit_tag),
        f"{trip.fees:,.2f}",
    )
    plain = "".join(f"<td>{cell}</td>" for cell in cells)
    fraction = f"{trip.profit_fraction * 100:+.2f}"
    return f'<tr>{plain}<td class="{style}">{trip.profit:+,.2f}</td><td class="{style}">{fraction}</td></tr>'


def _moment(ts_ns: int) -> str:
    return iso(ts_ns)[:16].replace("T", " ")


def _settings(run: Run) -> str:
    """Return what was asked for, folded up."""
    record = run.record
    data = [
        (file.symbol, f"{file.path}, {file.bars:,} bars, {file.first} to {file.last}, sha256 {file.sha256}")
        for file in record.data
    ]
    tables = "".join(
        _section(title, f'<div class="panel"><table class="words">{_pairs(pairs)}</table></div>')
        for title, pairs in (
            ("Parameters", record.params.items()),
            ("Account and instrument", record.settings.items()),
            ("Assumptions", record.assumptions.items()),
            ("Data", data),
            ("Strategy", (("layout", record.layout), ("command", shlex.join(record.command)))),
        )
    )
    return f"<details><summary>Settings</summary>{tables}</details>\n"


def _pairs(pairs: Iterable[tuple[str, object]]) -> str:
    return "".join(f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>" for name, value in pairs)
