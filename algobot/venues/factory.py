"""Which adapter a configured venue gets: the only place that knows them all, loading only the one it needs."""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path
from typing import Final

from algobot.config import AccountSection, VenueSection
from algobot.errors import ConfigError
from algobot.venues.keys import Keys
from algobot.venues.port import Account, Market

BINANCE_PROTOCOL: Final = frozenset({"binance", "binanceus"})  # their own stream client, their own digits


def market(name: str, section: VenueSection) -> Market:
    """Return what venue `name` tells everybody; nothing is connected yet.

    Raises:
        ConfigError: no such adapter, or it has no sandbox.
    """
    if section.adapter in BINANCE_PROTOCOL:
        from algobot.venues.binance_market import BinanceMarket, endpoints

        return BinanceMarket(section.adapter, endpoints(name, section))
    _refuse_unknown(name, section.adapter)
    from algobot.venues.ccxt_client import CcxtClient
    from algobot.venues.ccxt_market import CcxtMarket

    return CcxtMarket(CcxtClient(section.adapter, keys=None, base_url=section.base_url, sandbox=section.sandbox))


def account(
    name: str, section: AccountSection, venue: VenueSection, keys: Keys, shared: Market | None = None
) -> Account:
    """Return account `name`; nothing is connected yet. `shared` is its venue's market, so that rules are loaded once.

    Raises:
        ConfigError: no such adapter, or it has no sandbox.
    """
    from algobot.venues.ccxt_client import CcxtClient

    if venue.adapter not in BINANCE_PROTOCOL:
        _refuse_unknown(section.venue, venue.adapter)
    client = CcxtClient(venue.adapter, keys=keys, base_url=venue.base_url, sandbox=venue.sandbox)
    if venue.adapter in BINANCE_PROTOCOL:
        from algobot.venues.binance_account import BinanceAccount
        from algobot.venues.binance_market import BinanceMarket, endpoints

        rules = shared if isinstance(shared, BinanceMarket) else None
        return BinanceAccount(
            client,
            rules or BinanceMarket(venue.adapter, endpoints(section.venue, venue)),
            owns_market=rules is None,
            check_permissions=not venue.sandbox,
        )
    from algobot.venues.ccxt_account import CcxtAccount

    return CcxtAccount(client, check_permissions=not venue.sandbox)


def adapters() -> list[str]:
    """Return ccxt's ids of the venues with streams, without importing ccxt."""
    found = importlib.util.find_spec("ccxt")
    places = found.submodule_search_locations if found is not None else None
    if not places:
        return sorted(BINANCE_PROTOCOL)
    return sorted(path.stem for path in Path(places[0], "pro").glob("*.py") if path.stem != "__init__")


def _refuse_unknown(name: str, adapter: str) -> None:
    known = adapters()
    if adapter in known:
        return
    near = difflib.get_close_matches(adapter.lower(), known, n=1)
    raise ConfigError(
        f"venues.{name}.adapter {adapter!r} is not an adapter",
        hint=f"did you mean {near[0]!r}?" if near else "use ccxt's id of a venue with streams, for instance 'binance'",
    )
