"""The daemon in one look, for a person."""

from __future__ import annotations

from algobot.cli.ctl import words
from algobot.cli.ctl.tables import paint
from algobot.cli.ctl.words import rows_of
from algobot.text import safe_text

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from algobot.cli.ctl.tables import Row


def status_lines(status: Row, *, color: bool) -> list[str]:
    """Return what `algobot ctl status` prints, line by line."""
    up = words.nanoseconds(status.get("now_ns")) - words.nanoseconds(status.get("started_ns"))
    state = _text(status, "state")
    title = f"algobot {_text(status, 'version')} ({_text(status, 'instance')})"
    lines = [
        f"{title}  {paint(state, words.STATE_COLORS.get(state, ''), on=color)}, "
        f"up {words.span(up / 1e9)}, pid {_text(status, 'pid')}",
        _line("bots", _bots(status.get("bots"))),
        _line("equity", f"{words.money(status.get('equity'))}   today {words.signed(status.get('pnl_day'))}"),
        _line("orders", f"{_text(status, 'orders_open')} open"),
    ]
    lines += [_line("kill", line) for line in _halts(rows_of(status, "halts"), color=color)]
    lines += [_line("guard", line) for line in _guard(status.get("guard"), color=color)]
    lines += [_line("account", _account(row, color=color)) for row in rows_of(status, "accounts")]
    lines += [_line("market", _feed(row, color=color)) for row in rows_of(status, "feeds")]
    store = _text(status, "store")
    lines.append(
        _line(
            "health",
            f"store {paint(store, '' if store == 'ok' else 'red', on=color)}, "
            f"{words.number(status.get('rss_bytes')) / (1 << 20):.0f} MiB, "
            f"loop lag {words.milliseconds(status.get('loop_lag_p99_ns'))}, "
            f"decision {words.milliseconds(status.get('decision_p99_ns'))} (p99), "
            f"{_text(status, 'clients')} clients",
        )
    )
    return lines


def _line(head: str, text: str) -> str:
    return f"  {head:<8} {text}"


def _text(row: Row, key: str) -> str:
    return safe_text(str(row.get(key, "")))


def _bots(counts: object) -> str:
    if not isinstance(counts, dict) or not counts:
        return "none; add one: algobot ctl bots add NAME --strategy S --symbol BTC/USDT --account A"
    parts = [f"{count} {safe_text(str(state))}" for state, count in counts.items()]
    return f"{sum(counts.values())}: {', '.join(parts)}"


def _halts(halts: list[Row], *, color: bool) -> list[str]:
    if not halts:
        return ["off"]
    return [
        paint("HALTED", "alarm", on=color)
        + f" {_text(halt, 'scope')} {_text(halt, 'target')}".rstrip()
        + f" ({_text(halt, 'mode')}) {words.age(halt.get('since_ns'))} ago"
        + (f" by {_text(halt, 'by')}" if halt.get("by") else "")
        + f": {_text(halt, 'reason') or 'no reason given'}"
        for halt in halts
    ]


def _guard(row: object, *, color: bool) -> list[str]:
    """Return nothing where none is wanted; an old daemon does not say."""
    if not isinstance(row, dict) or row.get("state") in (None, "off"):
        return []
    state = _text(row, "state")
    shade = "red" if state in ("absent", "not_safe") else ""
    told = paint(state.upper().replace("_", " ") if shade else state, shade, on=color)
    told += f", pid {_text(row, 'pid')}" if row.get("pid") and state != "absent" else ""
    told += ", nothing new is opened without it" if state == "absent" and row.get("required") else ""
    return [told + (f": {_text(row, 'reason')}" if row.get("reason") else "")]


def _account(row: Row, *, color: bool) -> str:
    state = _text(row, "state")
    money = "simulated money" if row.get("simulated") else "REAL money"
    told = f"{_text(row, 'account_id')} ({money}) {paint(state, words.STATE_COLORS.get(state, 'red'), on=color)}"
    told += f", reconciled {words.age(row.get('reconciled_ns'))} ago" if row.get("reconciled") else ", not reconciled"
    told += f", {_text(row, 'orders_open')} open"
    for key, word in (("orders_in_flight", "in flight"), ("orders_foreign", "foreign")):
        told += f", {_text(row, key)} {word}" if row.get(key) else ""
    for drift in rows_of(row, "drift"):
        told += ", " + paint(f"drift {words.decimal(drift.get('drift'))} {_text(drift, 'currency')}", "red", on=color)
    return told + (f": {_text(row, 'reason')}" if row.get("reason") else "")


def _feed(row: Row, *, color: bool) -> str:
    word = "connected" if row.get("connected") else paint("disconnected", "red", on=color)
    told = f"{_text(row, 'venue')} {word}, {_text(row, 'subscriptions')} streams"
    told += f", data {words.age(row.get('last_recv_ns'))} old" if row.get("last_recv_ns") else ""
    return told + (f": {_text(row, 'reason')}" if row.get("reason") else "")
