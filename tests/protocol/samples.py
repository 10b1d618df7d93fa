"""One of every message that crosses the wire, with every field set: what the golden files are made of.

`python -m tests.protocol.samples` writes them anew to tests/protocol/golden/. A change of an existing file is a change
of the wire: old clients must still understand it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec

from algobot.errors import NotFound, VenueRateLimited
from algobot.model import (
    AccountId,
    BotId,
    BotMode,
    BotSpec,
    BotState,
    ClientOrderId,
    Fill,
    OnRestart,
    Order,
    OrderStatus,
    OrderType,
    RiskSpec,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    VenueOrderId,
)
from algobot.protocol import events as ev
from algobot.protocol import requests as rq
from algobot.protocol import rows
from algobot.protocol.rpc import encode_error, encode_event, encode_reply, encode_request, method_of

GOLDEN = Path(__file__).parent / "golden"
NS = 1_800_000_000_000_000_000
BOT, ACCOUNT, SYMBOL = BotId("alpha"), AccountId("main"), Symbol("BTC/USDT")
ORDER_ID = ClientOrderId("main-7f3a-alpha-1")

SPEC = BotSpec(
    BOT,
    "ma_crossover",
    SYMBOL,
    "1m",
    ACCOUNT,
    Decimal("1000.50"),
    BotMode.LIVE,
    0.25,
    True,
    OnRestart.HOLD,
    False,
    {"fast": 20, "stop": 2.5, "trail": True, "word": "x"},
    RiskSpec(0.5, 0.2, 0.05, 500.0),
)
ORDER = Order(
    ORDER_ID,
    ACCOUNT,
    BOT,
    SYMBOL,
    Side.SELL,
    OrderType.LIMIT,
    Decimal("0.00310"),
    OrderStatus.PARTIAL,
    NS,
    NS + 1,
    Decimal("64000.10"),
    TimeInForce.POST_ONLY,
    True,
    VenueOrderId("9001"),
    Decimal("0.001"),
    "exit",
    "note",
)
FILL = Fill(
    TradeId("77"),
    ACCOUNT,
    BOT,
    ORDER_ID,
    SYMBOL,
    Side.BUY,
    Decimal("0.001"),
    Decimal("64000.1"),
    Decimal("-0.0000001"),
    "BNB",
    True,
    NS,
    NS + 2,
    "entry",
)
BOT_ROW = rows.BotRow(
    BOT,
    BotState.RUNNING,
    BotMode.PAPER,
    "ma_crossover",
    SYMBOL,
    "1m",
    ACCOUNT,
    Decimal(1000),
    Decimal("799.5"),
    Decimal("-0.0031"),
    64000.1,
    64010.0,
    999.5,
    -0.5,
    -0.5,
    -0.0005,
    1.25,
    0.01,
    1,
    7,
    5,
    2,
    "long",
    "SMA 20 64000.10 > SMA 50 63900.00",
    NS,
    NS,
    NS,
    NS,
    1,
    "why",
    True,
)
DECISION = rows.DecisionRow(NS, NS, "long", "because")
POSITION = rows.PositionRow(ACCOUNT, "BTC", Decimal("0.1"), Decimal("0.5"), Decimal("0.61"), Decimal("0.01"), NS)
BALANCE = rows.BalanceRow(ACCOUNT, "USDT", Decimal("10.5"), Decimal(0), NS)
ACCOUNT_ROW = rows.AccountRow(ACCOUNT, "binance", "degraded", False, NS, [POSITION], 1, 2, 3, 31_000_000, "drift", True)
FEED = rows.FeedRow("binance", True, 3, NS, 1, 2, "late")
HALT = rows.HaltRow("bot", "alpha", "cancel", "test", NS, "root")
LINE = rows.LogRow(NS, "warning", "order.rejected", "alpha", {"code": "-2010"})
STATUS = rows.Status(
    "0.1.0",
    1,
    "main",
    42,
    NS,
    NS + 5,
    "ready",
    12,
    {"running": 1},
    999.5,
    -0.5,
    1,
    [ACCOUNT_ROW],
    [FEED],
    [HALT],
    "ok",
    1 << 27,
    2_000_000,
    600_000,
    2,
    guard=rows.GuardRow("absent", 43, NS, True, "no guard answers"),
)

REQUESTS: list[rq.Request] = [
    rq.SayHello(1, "tui"),
    rq.GetStatus(),
    rq.GetSnapshot(),
    rq.ListBots(),
    rq.ShowBot(BOT),
    rq.AddBot(SPEC),
    rq.RemoveBot(BOT),
    rq.StartBot(BOT),
    rq.StopBot(BOT, True),
    rq.PauseBot(BOT),
    rq.ResumeBot(BOT),
    rq.RestartBot(BOT),
    rq.CloseBot(BOT),
    rq.Flatten(BOT, ACCOUNT),
    rq.ListOrders(BOT, True, 10),
    rq.CancelOrder(ORDER_ID),
    rq.ListFills(BOT, 10),
    rq.ListPositions(),
    rq.ListBalances(),
    rq.ListLogs(BOT, "warning", 10),
    rq.FollowEvents(12, BOT),
    rq.Reload(True),
    rq.Reconcile(ACCOUNT),
    rq.AcceptDrift(ACCOUNT, "deposit"),
    rq.Kill("flatten", ACCOUNT, BOT, "test"),
    rq.Unhalt("done", ACCOUNT, BOT),
]
REPLIES: list[msgspec.Struct] = [
    rq.Hello(1, "0.1.0", "main", "control", 42),
    rq.Done("alpha is paused"),
    rq.Bots([BOT_ROW]),
    rq.Orders([ORDER]),
    rq.Fills([FILL]),
    rq.Positions([POSITION]),
    rq.Balances([BALANCE]),
    rq.Logs([LINE]),
    rq.Reloaded([BotId("new")], [BotId("old")], [BOT], ["daemon.socket"]),
    rq.Reconciled(False, [POSITION], ["note"]),
    rq.Killed(True, [HALT], 3, [ORDER_ID], False, ["note"]),
    rq.Snapshot(12, STATUS, [BOT_ROW], [ORDER], [FILL], [POSITION], [BALANCE], [LINE]),
    rq.Following(12, False),
    STATUS,
    rows.BotDetail(BOT_ROW, SPEC, [ORDER], [FILL], [(NS, 999.5)], [(NS, 64000.1)], [DECISION]),
]
EVENTS: list[ev.Event] = [
    ev.BotAdded(1, NS, BOT_ROW),
    ev.BotRemoved(2, NS, BOT),
    ev.BotChanged(3, NS, BOT_ROW),
    ev.DecisionMade(4, NS, BOT, DECISION),
    ev.OrderChanged(5, NS, ORDER),
    ev.FillRecorded(6, NS, FILL),
    ev.BarClosed(7, NS, BOT, NS, 64000.1, 999.5),
    ev.AccountChanged(8, NS, ACCOUNT_ROW),
    ev.PositionsChanged(9, NS, ACCOUNT, [POSITION], [BALANCE]),
    ev.FeedChanged(10, NS, FEED),
    ev.HaltsChanged(11, NS, [HALT]),
    ev.LineLogged(12, NS, LINE),
    ev.AlarmRaised(13, NS, "drift.found", "0.01 BTC", "reconcile", "alpha", "main"),
    ev.DaemonStopping(14, NS, "SIGTERM"),
]


def frames() -> dict[str, bytes]:
    """Return every sample as its frame, by the name of its golden file."""
    found = {f"request.{method_of(request)}": encode_request(request, 7) for request in REQUESTS}
    found |= {f"reply.{type(reply).__name__}": encode_reply(reply, "a-7") for reply in REPLIES}
    found |= {f"event.{event.__struct_config__.tag}": encode_event(event) for event in EVENTS}
    found["error.not_found"] = encode_error(NotFound("no bot 'alpah'", hint="did you mean alpha?"), 7)
    found["error.venue.rate_limited"] = encode_error(VenueRateLimited("slow down", retry_after_ns=5, hint="wait"), None)
    return found


def kinds() -> tuple[set[type], set[type], set[type]]:
    """Return the closed unions the samples must cover: requests, replies, events."""
    requests = set(get_args(rq.AnyRequest))
    return requests, {kind.REPLY for kind in requests}, set(get_args(ev.AnyEvent))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, frame in frames().items():
        (GOLDEN / f"{name}.json").write_bytes(frame)
