"""What really happened at the venue, as closed-union records: the ground truth that tests compare against.

One JSON object a line, in the order of events, appended and flushed at once. Amounts are decimal text.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec


class Funded(msgspec.Struct, frozen=True, tag_field="event", tag="account.funded"):
    """An account starts with this much of one asset (or was given more)."""

    account: str
    asset: str
    amount: str
    ms: int


class Accepted(msgspec.Struct, frozen=True, tag_field="event", tag="order.accepted"):
    """The matching engine took an order."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    side: str
    type: str
    tif: str
    price: str
    quantity: str  # "0.00000000" until a market order by value has met the book
    ms: int


class Changed(msgspec.Struct, frozen=True, tag_field="event", tag="order.changed"):
    """An order has a new status."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    status: str
    quantity: str
    filled: str
    ms: int


class Traded(msgspec.Struct, frozen=True, tag_field="event", tag="trade"):
    """One execution of an account's order; the key is (symbol, trade_id) within the account."""

    account: str
    symbol: str
    base_asset: str
    quote_asset: str
    trade_id: int
    order_id: int
    client_id: str
    side: str
    price: str
    quantity: str
    quote: str
    fee: str
    fee_asset: str
    maker: bool
    ms: int


class Refused(msgspec.Struct, frozen=True, tag_field="event", tag="request.refused"):
    """A signed request was refused; no order came of it."""

    account: str
    request: str
    client_id: str
    code: int
    message: str
    ms: int


class Injected(msgspec.Struct, frozen=True, tag_field="event", tag="fault.injected"):
    """A fault was played on purpose."""

    point: str
    fault: str
    ms: int


class BanBroken(msgspec.Struct, frozen=True, tag_field="event", tag="ban.broken"):
    """An address asked although it had been told to wait, or was banned."""

    address: str
    request: str
    since_ms: int  # when it was told
    until_ms: int
    ms: int


Record = Funded | Accepted | Changed | Traded | Refused | Injected | BanBroken


class Journal:
    """The append-only file of one run; without a path it keeps nothing.

    Order and trade ids begin anew with each run, so an earlier run's file is set aside as `.old`.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._encoder = msgspec.json.Encoder()
        self._file: BinaryIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.replace(path.with_name(path.name + ".old"))
            self._file = path.open("ab", buffering=0)

    def write(self, record: Record) -> None:
        """Append one record; a reader sees it as soon as this returns."""
        if self._file is not None:
            self._file.write(self._encoder.encode(record) + b"\n")

    def close(self) -> None:
        """Close the file; later writes are dropped."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
