"""What the control server asks of the daemon: one method per request, its fields in, its reply out.

Each raises an `AlgobotError` the client is told as it is: `NotFound` for an unknown bot, order or account, `Refused`
where its state forbids it, `ConfigError` for a spec that cannot be used, `DeadlineExceeded` where the work goes on.
`by` names who asked, for the audit. Reads never touch the database; hello and events are the server's and the Hub's.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from algobot.model import AccountId, BotId, BotSpec, ClientOrderId
from algobot.protocol.requests import (
    Balances,
    Bots,
    Done,
    Fills,
    Killed,
    Logs,
    Orders,
    Positions,
    Reconciled,
    Reloaded,
    Snapshot,
)
from algobot.protocol.rows import BotDetail, Status


class Identity(msgspec.Struct, frozen=True):
    """Who this daemon is, for `Hello`."""

    version: str
    instance: str
    pid: int


class Face(Protocol):
    """The daemon as its clients may use it (implemented by `daemon.desk.Desk`)."""

    @property
    def identity(self) -> Identity:
        """Who this daemon is."""
        ...

    async def status(self) -> Status:
        """Return the daemon in one look; works while starting."""
        ...

    async def snapshot(self) -> Snapshot:
        """Return everything a screen needs, consistent at its `seq`."""
        ...

    async def bots(self) -> Bots:
        """Return all bots, by name."""
        ...

    async def bot(self, bot_id: BotId) -> BotDetail:
        """Return one bot with all a screen shows of it."""
        ...

    async def orders(self, *, bot_id: BotId | None = None, open_only: bool = False, limit: int = 200) -> Orders:
        """Return orders, newest first."""
        ...

    async def fills(self, *, bot_id: BotId | None = None, limit: int = 200) -> Fills:
        """Return fills, newest first."""
        ...

    async def positions(self) -> Positions:
        """Return bots, external holdings and the venue, side by side."""
        ...

    async def balances(self) -> Balances:
        """Return what the venues say."""
        ...

    async def logs(self, *, bot_id: BotId | None = None, level: str = "info", limit: int = 200) -> Logs:
        """Return the newest log lines, oldest first."""
        ...

    async def add_bot(self, spec: BotSpec, *, by: str = "") -> Done:
        """Make a bot, and start it when `spec.autostart`. Raises Refused when the name is taken."""
        ...

    async def remove_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Forget a stopped, flat bot. Raises Refused when it is not."""
        ...

    async def start_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Start a bot that is stopped, or release one from quarantine."""
        ...

    async def stop_bot(self, bot_id: BotId, *, flatten: bool = False, by: str = "") -> Done:
        """Stop one bot once its orders are canceled (and its position closed). Raises DeadlineExceeded."""
        ...

    async def pause_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Open nothing new; exits go on."""
        ...

    async def resume_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Trade again after a pause."""
        ...

    async def restart_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Stop the bot's task and start it again from its checkpoint."""
        ...

    async def close_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Close the bot's position at market; the bot keeps running."""
        ...

    async def flatten(self, *, bot_id: BotId | None = None, account_id: AccountId | None = None, by: str = "") -> Done:
        """Pause, cancel all orders and close positions. Raises PartialFailure naming what is left."""
        ...

    async def cancel_order(self, client_order_id: ClientOrderId, *, by: str = "") -> Done:
        """Cancel one order of ours."""
        ...

    async def reload(self, *, dry_run: bool = False, by: str = "") -> Reloaded:
        """Read the configuration again and apply all of it or nothing. Raises ConfigError."""
        ...

    async def reconcile(self, *, account_id: AccountId | None = None, by: str = "") -> Reconciled:
        """Compare ledger and venue now."""
        ...

    async def accept_drift(self, account_id: AccountId, *, reason: str, by: str = "") -> Reconciled:
        """Book an account's drift as external, audited, and open its gate again."""
        ...

    async def kill(
        self,
        *,
        mode: Literal["halt", "cancel", "flatten"] = "cancel",
        account_id: AccountId | None = None,
        bot_id: BotId | None = None,
        reason: str = "",
        by: str = "",
    ) -> Killed:
        """Latch the kill switch and say truthfully what was done."""
        ...

    async def unhalt(
        self, *, reason: str, account_id: AccountId | None = None, bot_id: BotId | None = None, by: str = ""
    ) -> Done:
        """Clear the latch after a clean reconciliation. Raises Refused when it is not clean."""
        ...
