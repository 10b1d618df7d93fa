"""What a gateway is told once: whose account, which limits, how often it looks."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import AccountId


class Cadence(msgspec.Struct, frozen=True):
    """How long things may take and how often they are looked at, in seconds. Tests and fast venues shrink it."""

    valid_s: float = 3.0  # how long the venue may accept a submit
    skew_s: float = 1.0  # added before "absent" means anything
    submit_timeout_s: float = 10.0
    cancel_timeout_s: float = 5.0
    tick_s: float = 0.1  # latches and the account's row are looked at
    inflight_after_s: float = 3.0
    inflight_every_s: float = 2.0
    recovery_every_s: float = 0.5  # at start-up, while something is in doubt
    absent_gap_s: float = 2.0  # between two looks that prove absence
    unresolved_after_s: float = 300.0  # an unknown order neither found nor proved absent
    lag_s: float = 0.5  # the venue says filled, its trades are not here: ask for them
    orders_every_s: float = 10.0
    trades_every_s: float = 30.0
    balances_every_s: float = 60.0
    deaf_s: float = 4.0  # the private stream may be behind what is known by asking; twice that, and it is made anew
    settle_s: float = 5.0  # what was touched so recently is not judged
    overlap_s: float = 60.0  # a sweep begins so long before the newest fill
    reconnect_s: float = 0.2  # doubles up to 16 times this
    ready_wait_s: float = 2.0  # a submit waits so long for a gate that is closed for a moment
    intent_ttl_s: float = 10.0  # a submit that waited longer is not sent


class Limits(msgspec.Struct, frozen=True):
    """What no order of an account may exceed; 0 turns a limit off."""

    max_order_notional: Decimal = Decimal(0)
    collar_fraction: float = 0.05  # how far an order's price may be from the last good one
    refusals: int = 5  # so many
    refusals_within_s: float = 60.0  # in so long pause the bot
    dust: Decimal = Decimal("0.000001")  # drift up to it is booked, audited


class GatewaySettings(msgspec.Struct, frozen=True):
    """One account's gateway."""

    account_id: AccountId
    venue: str = ""  # for its row
    simulated: bool = False  # for its row: no real money moves there
    base_external: bool = True  # what the account holds at first sight is not drift
    cadence: Cadence = Cadence()
    limits: Limits = Limits()
