"""Market rules, the order form, the budgets and the doorkeeper: what is refused, with which code."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algobot.errors import UsageError
from algobot.simulator import auth
from algobot.simulator.accounts import Account
from algobot.simulator.config import SimConfig, check, load_accounts, parse_account, parse_start
from algobot.simulator.endpoint import Call
from algobot.simulator.limits import OrderBudget, WeightBudget
from algobot.simulator.order_form import read_order
from algobot.simulator.refusals import Refusal
from algobot.simulator.rules import rules_for, split_symbol
from algobot.simulator.units import show, show_float, to_units

from .builders import Pit

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "100"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"side": "UP"}, -1117, "Invalid side"),
        ({"side": ""}, -1102, "'side'"),
        ({"type": "ICEBERG"}, -1116, "Invalid orderType"),
        ({"timeInForce": "GTX"}, -1115, "timeInForce"),
        ({"timeInForce": ""}, -1102, "'timeInForce'"),
        ({"price": "100.001"}, -1013, "PRICE_FILTER"),
        ({"price": "0"}, -1013, "PRICE_FILTER"),
        ({"price": "-5"}, -1100, "'price'"),
        ({"price": "nan"}, -1100, "'price'"),
        ({"price": "1e3"}, -1100, "'price'"),
        ({"price": "100.123456789"}, -1111, "too much precision"),
        ({"quantity": "0.000001"}, -1013, "LOT_SIZE"),
        ({"quantity": "99999999999"}, -1013, "LOT_SIZE"),
        ({"newClientOrderId": "a b"}, -1100, "newClientOrderId"),
        ({"newClientOrderId": "x" * 37}, -1100, "newClientOrderId"),
        ({"stopPrice": "90"}, -1106, "stopPrice"),
        ({"type": "LIMIT_MAKER"}, -1106, "timeInForce"),
        ({"type": "MARKET"}, -1106, "timeInForce"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "90"}, -2010, "trigger immediately"),
    ],
)
def test_a_bad_order_is_refused_by_name(change: dict[str, str], code: int, message: str) -> None:
    """Each mistake gets the venue's own code and names the parameter."""
    with pytest.raises(Refusal, match=message) as refused:
        read_order(Call({**LIMIT, **change}), Pit().market)
    assert refused.value.code == code


def test_a_market_order_wants_one_amount() -> None:
    """Either a quantity or a value, never both, never none."""
    market = Pit().market
    assert read_order(Call(MARKET), market).lots == 100_000
    by_value = {**MARKET, "quantity": "", "quoteOrderQty": "50.5"}
    assert read_order(Call(by_value), market).quote == to_units("50.5")
    with pytest.raises(Refusal, match="quoteOrderQty"):
        read_order(Call({**MARKET, "quantity": ""}), market)
    with pytest.raises(Refusal, match="-1128"):
        read_order(Call({**MARKET, "quoteOrderQty": "50"}), market)
    with pytest.raises(Refusal, match="MARKET_LOT_SIZE"):
        read_order(Call({**MARKET, "quantity": "2000000"}), market)


def test_too_small_and_too_many_orders_break_filters() -> None:
    """Below the least value: NOTIONAL. One above the most open orders: MAX_NUM_ORDERS."""
    pit = Pit()
    with pytest.raises(Refusal, match="NOTIONAL"):
        pit.place(pit.alice, "small", 1, 1000, 10_000)
    for number in range(pit.market.rules.max_open_orders):
        pit.place(pit.alice, f"o{number}", 1, 10_000, 10_000)
    with pytest.raises(Refusal, match="MAX_NUM_ORDERS"):
        pit.place(pit.alice, "one-more", 1, 10_000, 10_000)


@given(
    price=st.floats(1e-6, 1e6),
    decimals=st.one_of(st.none(), st.integers(0, 8)),
    name=st.sampled_from(["BTCUSDT", "NEWUSDT"]),
)
def test_rules_fit_any_price(price: float, decimals: int | None, name: str) -> None:
    """One lot at one tick is a whole number of units, and the price has at least three digits."""
    rules = rules_for(name, price=price, decimals=decimals)
    assert rules.cost >= 1
    assert rules.tick * rules.step == rules.cost * 10**8
    if name == "NEWUSDT" and price >= 1e-5:
        assert rules.ticks_of(price) >= 10


@given(units=st.integers(-(10**20), 10**20))
def test_units_are_written_and_read_without_loss(units: int) -> None:
    """Every number of units survives being text."""
    assert to_units(show(units)) == units


@given(value=st.floats(0, 1e12, allow_nan=False))
def test_a_recorded_float_keeps_its_bits(value: float) -> None:
    """What a kline says reads back as the very float that was recorded."""
    assert float(show_float(value)) == value
    assert "e" not in show_float(value)


@pytest.mark.parametrize("text", ["nan", "inf", "0.000000001"])
def test_what_is_no_amount_is_not_taken_for_one(text: str) -> None:
    """Not-a-number and amounts finer than a unit raise."""
    with pytest.raises(ValueError, match=r"amount|finer"):
        to_units(text)


def test_symbols_are_told_apart() -> None:
    """Base and quote are found with and without the slash; nonsense is refused."""
    assert split_symbol("SOLUSDC") == ("SOL", "USDC")
    assert split_symbol("BTC/JPY") == ("BTC", "JPY")
    with pytest.raises(UsageError):
        split_symbol("XYZ")


def test_weight_is_refused_then_banned_then_forgotten() -> None:
    """429 over the limit, 418 for going on, and the next minute after the ban is clean."""
    budget = WeightBudget(100)
    budget.charge(100, 60_000)
    for _ in range(10):
        with pytest.raises(Refusal) as refused:
            budget.charge(1, 70_000)
        assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (429, -1003, 51)
    with pytest.raises(Refusal) as banned:
        budget.charge(1, 70_000)
    assert (banned.value.status, banned.value.retry_after_s) == (418, 120)
    with pytest.raises(Refusal, match="IP banned until 190000"):
        budget.charge(1, 180_000)
    budget.charge(100, 190_000)


def test_orders_are_counted_over_ten_seconds() -> None:
    """The one above the limit is refused; ten seconds later there is room."""
    budget = OrderBudget(2)
    budget.charge(0)
    budget.charge(1)
    with pytest.raises(Refusal, match="-1015"):
        budget.charge(9_999)
    budget.charge(10_000)
    assert (budget.count(10_000), budget.day) == (2, 3)


def test_the_window_is_a_window() -> None:
    """Late by more than recvWindow or early by a second is refused; in between is fine."""
    window = auth.window_of({"timestamp": "10000", "recvWindow": "2000"})
    window.check(12_000)
    window.check(9_001)
    for now in (12_001, 9_000):
        with pytest.raises(Refusal, match="-1021"):
            window.check(now)
    with pytest.raises(Refusal, match="-1131"):
        auth.window_of({"timestamp": "1", "recvWindow": "60001"})
    with pytest.raises(Refusal, match="'timestamp'"):
        auth.window_of({"timestamp": "soon"})


def test_a_signature_is_of_exactly_what_was_sent() -> None:
    """The documented way to sign passes, wherever the signature stands; one changed byte does not."""
    account = Account("a", "k", "secret")
    payload = "symbol=BTCUSDT&side=BUY&timestamp=1"
    right = hmac.new(b"secret", payload.encode(), hashlib.sha256).hexdigest()
    for sent in (f"{payload}&signature={right}", f"signature={right}&{payload}"):
        auth.check_signature(account, auth.unsigned(sent), right)
    with pytest.raises(Refusal, match="-1022"):
        auth.check_signature(account, payload + "0", right)
    with pytest.raises(Refusal, match="'signature'"):
        auth.check_signature(account, payload, None)


def test_keys_are_known_or_not() -> None:
    """No key and a wrong key are told apart, both 401."""
    with pytest.raises(Refusal, match="-2014") as missing:
        auth.account_of({}, None)
    with pytest.raises(Refusal, match="-2015") as wrong:
        auth.account_of({}, "x")
    assert missing.value.status == wrong.value.status == 401


@pytest.mark.parametrize(
    "config",
    [
        SimConfig(host="0.0.0.0"),
        SimConfig(timeframe="7m"),
        SimConfig(speed=-1),
        SimConfig(symbols=()),
        SimConfig(port=70_000),
        SimConfig(accounts=(parse_account("k:s:"), parse_account("k:t:"))),
    ],
)
def test_an_impossible_config_is_refused_with_a_remedy(config: SimConfig) -> None:
    """Beyond loopback, unknown timeframes, negative speed, no symbols, twice the same key."""
    with pytest.raises(UsageError) as refused:
        check(config)
    assert refused.value.hint


@pytest.mark.parametrize("text", ["k", "k:s", ":s:USDT=1", "k:s:USDT=much", "k:s:USDT=-1", "k:s:=5"])
def test_an_account_in_the_wrong_form_is_refused(text: str) -> None:
    """Missing parts and amounts that are none raise; the secret is not repeated."""
    with pytest.raises(UsageError):
        parse_account(text)


def test_accounts_come_from_a_file_too(tmp_path: Path) -> None:
    """TOML and JSON alike; an unknown field is named."""
    toml, json = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text('[[accounts]]\nkey = "k"\nsecret = "s"\nbalances = {USDT = "5"}\ntaker_bps = 7.5\n')
    json.write_text('{"accounts": [{"key": "k", "secret": "s", "balances": {"USDT": "5"}, "taker_bps": 7.5}]}')
    assert load_accounts(toml) == load_accounts(json)
    assert load_accounts(toml)[0].taker_bps == 7.5
    json.write_text('{"accounts": [{"key": "k", "secret": "s", "wealth": 1}]}')
    with pytest.raises(UsageError, match="wealth"):
        load_accounts(json)
    with pytest.raises(UsageError, match="absent"):
        load_accounts(tmp_path / "absent.toml")


def test_a_start_is_a_time_or_a_number() -> None:
    """ISO text is UTC unless it says otherwise."""
    assert parse_start("1970-01-02T00:00") == 86_400_000
    assert parse_start("1970-01-02T01:00+01:00") == 86_400_000
    assert parse_start("500") == 500
    with pytest.raises(UsageError):
        parse_start("yesterday")
