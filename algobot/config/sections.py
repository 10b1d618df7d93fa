"""The sections of config.toml."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from algobot.model import AccountId, BotMode, OnRestart, Param, RiskSpec, Symbol


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class DaemonSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process itself. Empty paths mean the platform's own places (`algobot paths`)."""

    instance: str = "main"  # part of every client order id; one per daemon on an account
    state_dir: str = ""
    socket: str = ""
    socket_group: str = ""  # who besides the owner may look, not steer; "" is nobody
    strategies_dir: str = ""  # a person's own strategies, one file each
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    on_stop: Literal["leave", "cancel"] = "leave"  # what a stopping daemon does with open orders
    guard: Literal["auto", "off", "external"] = "auto"  # auto: our own, but under systemd the unit algobot-guard
    require_guard: bool = False  # without a guard that answers nothing new is opened
    guard_patience_s: float = 20.0  # a loop that answers the guard no more for so long is killed and halted; 0 is never


class VenueSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trading place. `adapter` is ccxt's id; `base_url` points it elsewhere, for instance at `algobot sim`."""

    adapter: str = "binance"
    base_url: str = ""  # "http://127.0.0.1:8900"; REST and WebSocket both
    sandbox: bool = False

    @property
    def simulated(self) -> bool:
        """Whether its money is none: the venue's own test network, or a server on this machine."""
        return self.sandbox or _on_this_machine(self.base_url)


class AccountSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One set of keys. Without keys only paper bots can use it."""

    venue: str
    key_file: str = ""  # TOML with api_key and secret, mode 0600
    live: bool = False  # arms live trading: without it a live bot on this account is refused
    base_external: bool = True  # what the account holds besides the bots' own is accepted at first sight
    max_order_notional: Decimal = Decimal(0)  # of any bot, in quote units; 0 is no limit
    max_daily_loss: Decimal = Decimal(0)  # of its live bots together since 00:00 UTC, in quote units; 0 is no limit
    max_drawdown: Decimal = Decimal(0)  # of their common profit from its peak in this run, likewise
    on_loss: Literal["halt", "cancel", "flatten"] = "cancel"  # how far the kill switch goes when one is exceeded


class BotSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[bots.NAME]`: `model.BotSpec` as a person writes it."""

    strategy: str
    symbol: Symbol
    account: AccountId
    timeframe: str = "1m"
    capital: Decimal = Decimal(1000)
    mode: BotMode = BotMode.PAPER
    position_fraction: float = 0.2
    allow_short: bool = False
    on_restart: OnRestart = OnRestart.RESUME
    autostart: bool = True
    params: dict[str, Param] = {}
    risk: RiskSpec = RiskSpec()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of config.toml."""

    daemon: DaemonSection = DaemonSection()
    venues: dict[str, VenueSection] = {}
    accounts: dict[AccountId, AccountSection] = {}
    bots: dict[str, BotSection] = {}
