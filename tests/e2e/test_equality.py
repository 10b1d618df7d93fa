"""The judge is judged: each way in which a ledger can be wrong is seen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from algobot.simulator.journal import Accepted, Changed, Funded, Record, Traded
from daemon.store.schema import prepare
from tests.e2e.equality import differences

ORDER = (
    "INSERT INTO orders VALUES"
    " (?, 'demo', 'bot', 'BTC/USDT', 1, 'market', '0.5', ?, 1, 1, NULL, 'gtc', 0, '1', ?, '', '', 0, x'')"
)
FILL = (
    "INSERT INTO fills VALUES"
    " (?, 0, 'demo', 'BTC/USDT', ?, 'bot', 'a-1', 1, ?, '100', ?, 'BTC', 0, 1, 1, '', x'00', x'00')"
)


def traded(trade_id: int, price: str, quantity: str, quote: str, fee: str) -> Traded:
    """Return a trade of order 7."""
    return Traded(
        account="key",
        symbol="BTCUSDT",
        base_asset="BTC",
        quote_asset="USDT",
        trade_id=trade_id,
        order_id=7,
        client_id="a-1",
        side="BUY",
        price=price,
        quantity=quantity,
        quote=quote,
        fee=fee,
        fee_asset="BTC",
        maker=False,
        ms=3,
    )


def journal(path: Path, *more: Record) -> Path:
    """Write a venue's log: one filled order of 0.5 BTC in two trades, and what else is given."""
    records: list[Record] = [
        Funded("key", "USDT", "1000", 1),
        Funded("key", "BTC", "1", 1),
        Accepted("key", "BTCUSDT", 7, "a-1", "BUY", "MARKET", "GTC", "0", "0.5", 2),
        traded(11, "100.0", "0.2", "20", "0.0002"),
        traded(12, "100.00", "0.3", "30", "0.0003"),
        Changed("key", "BTCUSDT", 7, "a-1", "FILLED", "0.5", "0.5", 3),
        Funded("somebody-else", "BTC", "9", 1),
        *more,
    ]
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return path


def database(path: Path) -> Path:
    """Write the ledger that agrees with it."""
    prepare(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(ORDER, ("a-1", "filled", "0.5"))
        connection.execute(FILL, (1, "11", "0.2", "0.0002"))
        connection.execute(FILL, (2, "12", "0.30", "0.0003"))
        for currency, amount in (("USDT", "1000"), ("BTC", "1")):
            connection.execute(
                "INSERT INTO adjustments VALUES (NULL, 'demo', ?, ?, 'baseline', '', '', 1, x'')", (currency, amount)
            )
    return path


def test_equal_ledgers_have_no_difference(tmp_path: Path) -> None:
    """Other digits for the same number, and other accounts, are no difference."""
    assert differences(database(tmp_path / "a.db"), journal(tmp_path / "v"), account="key") == []


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        ("INSERT INTO fills SELECT 3, 0, account_id, symbol, '13', bot_id, client_order_id, side, quantity, price, fee,"
         " fee_currency, 0, 1, 1, '', x'00', x'00' FROM fills WHERE trade_id = '12'", "does not know"),
        ("UPDATE orders SET status = 'unknown'", "still unknown"),
        ("UPDATE orders SET status = 'open'", "ledger open, venue filled"),
        ("UPDATE orders SET status = 'never_accepted'", "exists at the venue"),
        ("UPDATE orders SET filled = '0.4'", "its fills sum to"),
        ("INSERT INTO adjustments VALUES (NULL, 'demo', 'BTC', '1e-8', 'dust', '', '', 1, x'')", "balance of BTC"),
    ],
)  # fmt: skip
def test_a_wrong_ledger_is_seen(damage: str, word: str, tmp_path: Path) -> None:
    """Each single damage to the ledger is named."""
    ledger = database(tmp_path / "a.db")
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(damage)
    assert any(word in told for told in differences(ledger, journal(tmp_path / "v"), account="key"))


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (Accepted("key", "BTCUSDT", 8, "a-1", "BUY", "MARKET", "GTC", "0", "0.5", 2), "doubled"),
        (Accepted("key", "BTCUSDT", 8, "a-2", "BUY", "MARKET", "GTC", "0", "0.5", 2), "unknown to the ledger"),
        (traded(13, "100", "0.1", "10", "0"), "fill lost"),
        (Funded("key", "USDT", "1", 1), "balance of USDT"),
    ],
)
def test_what_only_the_venue_knows_is_seen(more: Record, word: str, tmp_path: Path) -> None:
    """An order, a fill or money that the ledger missed is named."""
    told = differences(database(tmp_path / "a.db"), journal(tmp_path / "v", more), account="key")
    assert any(word in line for line in told)
