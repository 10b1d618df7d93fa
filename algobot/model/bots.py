"""A bot as a person describes it, and the states it goes through."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final

import msgspec

from algobot.model.ids import AccountId, BotId, Symbol


class BotMode(Enum):
    """Whose money: `paper` fills against real market data in the kernel, `live` sends orders to the venue."""

    PAPER = "paper"
    LIVE = "live"


class OnRestart(Enum):
    """What a bot does when the daemon comes back: go on, keep its position without new entries, close it, stay down."""

    RESUME = "resume"
    HOLD = "hold"
    FLATTEN = "flatten"
    STOPPED = "stopped"


class BotState(Enum):
    """Where a bot is; `ACTIVE` are the states in which it follows the market."""

    CREATED = "created"
    RECONCILING = "reconciling"  # its account is being compared with the venue
    WARMING = "warming"  # folding history, not trading
    RUNNING = "running"
    PAUSED = "paused"  # follows the market, opens nothing; exits go on
    DEGRADED = "degraded"  # stale feed or an unknown order: opens nothing until it clears
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAULTED = "faulted"  # raised; the supervisor restarts it
    QUARANTINED = "quarantined"  # raised too often; a person releases it
    HALTED = "halted"  # the kill switch


ACTIVE: Final = frozenset({BotState.WARMING, BotState.RUNNING, BotState.PAUSED, BotState.DEGRADED, BotState.HALTED})

Param = int | float | bool | str


class RiskSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one bot, as fractions of its equity or capital (0.2 is 20 %); 0 turns a limit off."""

    max_position_fraction: float = 1.0  # notional of the position against equity
    max_drawdown_fraction: float = 0.0  # from the peak of its equity; beyond it no entries
    max_daily_loss_fraction: float = 0.0  # since 00:00 UTC; beyond it no entries until the next day
    max_order_notional: float = 0.0  # in quote units, for one order
    risk_per_trade_fraction: float = 0.0  # an entry is sized so that its stop loses this much; 0 sizes by value alone
    max_heat_fraction: float = 0.0  # what the stops of all open positions may lose together
    warning_drawdown_fraction: float = 0.0  # from here on sizes are multiplied by …
    warning_multiplier: float = 0.5
    critical_drawdown_fraction: float = 0.0  # and from here on by …
    critical_multiplier: float = 0.25
    max_losses: int = 0  # in a row; from then on, until a win, sizes are multiplied by …
    losses_multiplier: float = 0.75
    cooldown_bars: int = 0  # after a position closed with a loss it opens nothing for so many bars


class BotSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bot: which strategy trades what, with how much, for whom."""

    bot_id: BotId
    strategy: str
    symbol: Symbol
    timeframe: str
    account_id: AccountId
    capital: Decimal  # its own cash at birth, in quote units
    mode: BotMode = BotMode.PAPER
    position_fraction: float = 0.2  # size of an entry, as a fraction of the bot's equity
    allow_short: bool = False  # on a spot account a short sells inventory the account must hold
    on_restart: OnRestart = OnRestart.RESUME
    autostart: bool = True
    params: dict[str, Param] = {}
    risk: RiskSpec = RiskSpec()
