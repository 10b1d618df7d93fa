"""Which columns each kind of row has. Heads are short; `plain` and `csv` use the fields' own names and values."""

from __future__ import annotations

from algobot.cli.ctl import words
from algobot.cli.ctl.tables import Column

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from algobot.cli.ctl.tables import Row, Show


def _by(key: str, say: object) -> Show:
    """Return a cell that says the field `key` with one of `words`' functions."""
    assert callable(say)
    return lambda row: str(say(row.get(key)))


def _of(head: str, key: str, say: object = None, *, right: bool = False, color: Show | None = None) -> Column:
    return Column(head, key, None if say is None else _by(key, say), right=right, color=color)


def _why(row: Row) -> str:
    """The fault if there is one, else the last decision in words."""
    return str(row.get("reason") or row.get("last_reason") or "")


BOTS = (
    _of("BOT", "bot_id"),
    Column("STATE", "state", color=words.state_color),
    Column("MODE", "mode", words.money_of),
    _of("STRATEGY", "strategy"),
    _of("SYMBOL", "symbol"),
    _of("TF", "timeframe"),
    _of("ACCOUNT", "account_id"),
    _of("EQUITY", "equity", words.money, right=True),
    Column("DAY", "pnl_day", _by("pnl_day", words.signed), right=True, color=_by("pnl_day", words.sign_color)),
    _of("RETURN", "return_fraction", words.percent, right=True),
    _of("POSITION", "position", words.decimal, right=True),
    _of("OPEN", "orders_open", right=True),
    _of("FILLS", "fills", right=True),
    _of("DATA", "data_recv_ns", words.age, right=True),
    _of("LAST", "last_decision"),
    Column("WHY", "reason", _why),
)
ORDERS = (
    _of("ORDER", "client_order_id"),
    _of("BOT", "bot_id"),
    _of("STATUS", "status"),
    _of("SIDE", "side", words.side),
    _of("SYMBOL", "symbol"),
    _of("TYPE", "type"),
    _of("QUANTITY", "quantity", words.decimal, right=True),
    _of("FILLED", "filled", words.decimal, right=True),
    _of("PRICE", "limit_price", words.price, right=True),
    _of("TAG", "tag"),
    _of("UPDATED", "updated_ns", words.age, right=True),
    _of("WHY", "reason"),
)
FILLS = (
    _of("TIME", "ts_event_ns", words.clock),
    _of("BOT", "bot_id"),
    _of("SIDE", "side", words.side),
    _of("SYMBOL", "symbol"),
    _of("QUANTITY", "quantity", words.decimal, right=True),
    _of("PRICE", "price", words.decimal, right=True),
    _of("FEE", "fee", words.decimal, right=True),
    _of("IN", "fee_currency"),
    _of("TAG", "tag"),
    _of("TRADE", "trade_id"),
    _of("ORDER", "client_order_id"),
)
POSITIONS = (
    _of("ACCOUNT", "account_id"),
    _of("CURRENCY", "currency"),
    _of("BOTS", "bots", words.decimal, right=True),
    _of("EXTERNAL", "external", words.decimal, right=True),
    _of("VENUE", "venue", words.decimal, right=True),
    Column(
        "DRIFT",
        "drift",
        _by("drift", words.decimal),
        right=True,
        color=lambda r: "red" * bool(words.number(r["drift"])),
    ),
    _of("CHECKED", "checked_ns", words.age, right=True),
)
BALANCES = (
    _of("ACCOUNT", "account_id"),
    _of("CURRENCY", "currency"),
    _of("FREE", "free", words.decimal, right=True),
    _of("LOCKED", "locked", words.decimal, right=True),
    _of("AGE", "ts_ns", words.age, right=True),
)
