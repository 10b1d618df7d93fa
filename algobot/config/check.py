"""What types cannot say: names, references, ranges, and that real money is only traded by somebody who said so."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Final
from urllib.parse import urlsplit

import msgspec

from algobot.config.problems import Path, Problem, did_you_mean, shown
from algobot.config.sections import AccountSection, BotSection, Config, VenueSection
from algobot.errors import ConfigError
from algobot.model import NAME, NAME_RULE, BotMode, RiskSpec, timeframe_ns

_SYMBOL: Final = re.compile(r"^[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}(:[A-Za-z0-9]{1,20})?$")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_SOCKET_BYTES: Final = 107  # sun_path of Linux, without its final zero
Found = tuple[Path, str, str]  # where, what, remedy


def check(config: Config, where: Callable[[Path], str], env: Mapping[str, str]) -> list[Problem]:
    """Return everything wrong with a well-typed configuration; `where` names file and line of a path."""
    found = [*_daemon(config), *_venues(config), *_accounts(config), *_bots(config, env)]
    return [Problem(where(path), path, what, remedy) for path, what, remedy in found]


def _daemon(config: Config) -> Iterator[Found]:
    section = config.daemon
    yield from _name(("daemon", "instance"), section.instance)
    if len(section.socket.encode()) > _SOCKET_BYTES:
        yield ("daemon", "socket"), f"is longer than {_SOCKET_BYTES} bytes", "the system allows no longer socket path"


def _venues(config: Config) -> Iterator[Found]:
    for name, section in config.venues.items():
        path = ("venues", name)
        yield from _name(path, name)
        yield from _base_url((*path, "base_url"), section)


def _base_url(path: Path, section: VenueSection) -> Iterator[Found]:
    if not section.base_url:
        return
    try:
        url = urlsplit(section.base_url)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable:
        yield path, f"{shown(path, section.base_url)} is no address", 'write it like "http://127.0.0.1:8900"'
    elif url.username or url.password or url.query:
        yield path, "holds a user, password or query", "keys belong into the account's key_file"


def _accounts(config: Config) -> Iterator[Found]:
    for name, section in config.accounts.items():
        path = ("accounts", name)
        yield from _name(path, name)
        for limit in ("max_order_notional", "max_daily_loss", "max_drawdown"):
            yield from _order_limit((*path, limit), getattr(section, limit))
        if section.venue not in config.venues:
            remedy = did_you_mean(section.venue, config.venues) if config.venues else "write a [venues.NAME]"
            yield (*path, "venue"), f"there is no venue {shown((), section.venue)}", remedy
        elif section.live:
            yield from _in_the_clear(path, config.venues[section.venue])


def _in_the_clear(path: Path, venue: VenueSection) -> Iterator[Found]:
    url = urlsplit(venue.base_url)
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        yield (
            (*path, "live"),
            f"its venue's base_url {shown((), venue.base_url)} is not encrypted",
            "use https, or http to this machine only",
        )


def _bots(config: Config, env: Mapping[str, str]) -> Iterator[Found]:
    for name, bot in config.bots.items():
        path = ("bots", name)
        yield from _name(path, name)
        yield from _symbol((*path, "symbol"), bot.symbol)
        yield from _timeframe((*path, "timeframe"), bot.timeframe)
        if not bot.strategy:
            yield (*path, "strategy"), "is empty", "name one: `algobot backtest --help` lists them"
        yield from _money(path, bot)
        yield from _risk(path, bot.risk)
        yield from _account(path, bot, config, env)


def _symbol(path: Path, symbol: str) -> Iterator[Found]:
    if not _SYMBOL.match(symbol):
        yield path, f"{shown((), symbol)} is no symbol", 'write BASE/QUOTE, like "BTC/USDT"'
    elif symbol == symbol.lower() != symbol.upper():
        yield path, f"{shown((), symbol)} is in lower case", f'write "{symbol.upper()}"'


def _timeframe(path: Path, timeframe: str) -> Iterator[Found]:
    try:
        timeframe_ns(timeframe)
    except ConfigError as error:
        yield path, error.message, error.hint


def _money(path: Path, bot: BotSection) -> Iterator[Found]:
    if bot.capital <= 0:
        yield (*path, "capital"), f"{bot.capital} is not above 0", "its own cash at the start, in quote currency"
    if not 0 < bot.position_fraction <= 1:
        what = f"{bot.position_fraction} is not above 0 and at most 1"
        yield (*path, "position_fraction"), what, "0.2 puts 20 % of the bot's equity into a position"
    elif 0 < bot.risk.max_position_fraction < bot.position_fraction:
        what = f"{bot.position_fraction} is above risk.max_position_fraction = {bot.risk.max_position_fraction}"
        yield (*path, "position_fraction"), what, "every entry would be refused: lower it or raise the limit"


def _risk(path: Path, risk: RiskSpec) -> Iterator[Found]:
    for field, value in msgspec.structs.asdict(risk).items():
        at = (*path, "risk", field)
        if field.endswith("_fraction") and not 0 <= value <= 1:
            yield at, f"{value} is not from 0 to 1", "0.2 is 20 %, and 0 turns the limit off"
        elif field.endswith("_multiplier") and not 0 <= value <= 1:
            yield at, f"{value} is not from 0 to 1", "0.5 halves the size of what opens, 0 opens nothing"
        elif isinstance(value, int) and value < 0:
            yield at, f"{value} is below 0", "0 turns the limit off"
    steps = ("warning_drawdown_fraction", "critical_drawdown_fraction", "max_drawdown_fraction")
    set_ones = [name for name in steps if getattr(risk, name) > 0]
    for lower, higher in itertools.pairwise(set_ones):
        if getattr(risk, lower) >= getattr(risk, higher):
            what = f"{getattr(risk, lower)} is not below {higher} = {getattr(risk, higher)}"
            yield (*path, "risk", lower), what, "the steps of a drawdown come one after the other"
    yield from _order_limit((*path, "risk", "max_order_notional"), risk.max_order_notional)


def _order_limit(path: Path, notional: float | Decimal) -> Iterator[Found]:
    if notional < 0:
        yield path, f"{notional} is below 0", "in quote currency; 0 turns the limit off"


def _account(path: Path, bot: BotSection, config: Config, env: Mapping[str, str]) -> Iterator[Found]:
    section = config.accounts.get(bot.account)
    if section is None:
        remedy = did_you_mean(bot.account, config.accounts) if config.accounts else "write an [accounts.NAME]"
        yield (*path, "account"), f"there is no account {shown((), bot.account)}", remedy
    elif bot.mode is BotMode.LIVE:
        yield from _live(path, bot, section, env)


def _live(path: Path, bot: BotSection, account: AccountSection, env: Mapping[str, str]) -> Iterator[Found]:
    """Real money needs three things said: the bot's mode, the account's `live`, and its keys."""
    if not account.live:
        what = f"is live, but account {bot.account} is not armed"
        yield (*path, "mode"), what, f'write live = true in [accounts.{bot.account}], or mode = "paper"'
    if not account.key_file and not _keys_elsewhere(bot.account, env):
        what = f"is live, but account {bot.account} has no keys"
        yield (*path, "mode"), what, f'write key_file = "…" in [accounts.{bot.account}], or mode = "paper"'


def _keys_elsewhere(account: str, env: Mapping[str, str]) -> bool:
    """Whether systemd or the environment hands us the keys (`algobot.venues.keys` reads them)."""
    credential = FilePath(env.get("CREDENTIALS_DIRECTORY", "/nowhere")) / account
    return credential.exists() or f"ALGOBOT_KEY_{account.upper().replace('-', '_')}" in env


def _name(path: Path, name: str) -> Iterator[Found]:
    if not NAME.match(name):
        yield path, f"{shown((), name)} is no name", NAME_RULE
