# mypy: disable-error-code="no-any-return"
"""What a fill costs in fees: by who made and who took, and by what was traded in the last 30 days."""

from __future__ import annotations

from algobot.kernel import records as r
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec

DAY_NS = 86_400_000_000_000


@kernel
def fee_rate(account: Rec, setting: Rec, maker: int, notional: float, ts_ns: int) -> float:
    """Return the fee of a fill as a fraction of `notional`, which from then on counts as traded."""
    rate = setting.maker_fee if maker else setting.taker_fee
    if setting.tiers == 0:
        return rate
    day = ts_ns // DAY_NS
    _forget_old(account, day)
    traded = 0.0
    for i in range(r.FEE_DAYS):
        traded += account.traded[i]
    for i in range(setting.tiers):
        if traded >= setting.tier_notional[i]:
            rate = setting.tier_maker[i] if maker else setting.tier_taker[i]
    account.traded[day % r.FEE_DAYS] += notional
    return rate


@kernel
def _forget_old(account: Rec, day: int) -> None:
    for gone in range(max(account.traded_day, day - r.FEE_DAYS) + 1, day + 1):
        account.traded[gone % r.FEE_DAYS] = 0.0
    account.traded_day = max(account.traded_day, day)
