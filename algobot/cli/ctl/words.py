"""How values are said to a person: money, fractions, ages, clocks, states."""

from __future__ import annotations

import time

Row = dict[str, object]

STATE_COLORS = {
    "running": "green",
    "warming": "blue",
    "reconciling": "blue",
    "paused": "yellow",
    "degraded": "yellow",
    "stopping": "yellow",
    "faulted": "red",
    "quarantined": "red",
    "halted": "alarm",
    "ready": "green",
}


def number(value: object) -> float:
    """Return a JSON number or decimal string as a float; what is none is 0."""
    try:
        return float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0


def money(value: object) -> str:
    """Return 1234.5 as "1,234.50"."""
    return f"{number(value):,.2f}"


def signed(value: object) -> str:
    """Return a gain as "+1.20", a loss as "−0.80", nothing as "0.00"."""
    amount = number(value)
    return f"{amount:+,.2f}".replace("-", "−") if round(amount, 2) else "0.00"


def percent(value: object) -> str:
    """Return the fraction 0.012 as "+1.20 %"."""
    return signed(number(value) * 100) + " %"


def sign_color(value: object) -> str:
    """Return green for a gain, red for a loss."""
    amount = number(value)
    return "green" if amount > 0 else "red" if amount < 0 else ""


def decimal(value: object) -> str:
    """Return an exact amount without trailing zeros, as it is otherwise."""
    text = value if isinstance(value, str) else f"{number(value):.8f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text and "e" not in text.lower() else text


def price(value: object) -> str:
    """Return a price, or "market" where an order has none."""
    return "market" if value is None else decimal(value)


def side(value: object) -> str:
    """Return "buy" or "sell"."""
    return "buy" if value == 1 else "sell"


def nanoseconds(value: object) -> int:
    """Return a time as it came, 0 for none."""
    return value if isinstance(value, int) else 0


def clock(value: object) -> str:
    """Return epoch nanoseconds as UTC, "2026-11-20 10:07:53Z"; never is "-"."""
    if not nanoseconds(value):
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(nanoseconds(value) // 1_000_000_000))


def age(value: object, now_ns: int | None = None) -> str:
    """Return how long ago epoch nanoseconds are, "12 s"; never is "-"."""
    if not nanoseconds(value):
        return "-"
    now_ns = time.time_ns() if now_ns is None else now_ns
    return span(max(0, now_ns - nanoseconds(value)) / 1e9)


def span(seconds: float) -> str:
    """Return a duration in its two greatest units."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for unit, size, lesser, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {lesser}"
    return f"{whole} s"


def milliseconds(value: object) -> str:
    """Return a duration in nanoseconds as "2.1 ms"."""
    return f"{number(value) / 1e6:.1f} ms"


def state_color(row: Row) -> str:
    """Return the colour of a row's state."""
    return STATE_COLORS.get(str(row.get("state")), "")


def money_of(row: Row) -> str:
    """Return whose money a bot trades: "paper", "live", or "live-sim" where the venue's money is none."""
    mode = str(row.get("mode") or "")
    return f"{mode}-sim" if mode == "live" and row.get("simulated") else mode


def rows_of(reply: Row, key: str) -> list[Row]:
    """Return the list of objects a reply holds under `key`."""
    found = reply.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
