"""What the venue says when it says no: the codes and texts of the public Binance spot error table, by name."""

from __future__ import annotations


class Refusal(Exception):
    """A request the venue refuses: HTTP status, code and message as a client sees them."""

    def __init__(self, code: int, message: str, *, status: int = 400, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s


def outside_window() -> Refusal:
    """The request is older than its recvWindow."""
    return Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def ahead_of_time() -> Refusal:
    """The request comes from more than a second in the future."""
    return Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def bad_signature() -> Refusal:
    """The signature is not that of the request under the key's secret."""
    return Refusal(-1022, "Signature for this request is not valid.")


def bad_key_format() -> Refusal:
    """No key was sent where one is needed."""
    return Refusal(-2014, "API-key format invalid.", status=401)


def unknown_key() -> Refusal:
    """The key is nobody's."""
    return Refusal(-2015, "Invalid API-key, IP, or permissions for action.", status=401)


def missing(name: str) -> Refusal:
    """A mandatory parameter is absent, empty or malformed."""
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def missing_either(first: str, second: str) -> Refusal:
    """One of two parameters is needed."""
    return Refusal(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def illegal(name: str, legal: str) -> Refusal:
    """A parameter holds characters it may not."""
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_required(name: str) -> Refusal:
    """A parameter does not belong to this kind of order."""
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> Refusal:
    """A number has more decimals than the asset."""
    return Refusal(-1111, f"Parameter '{name}' has too much precision.")


def bad_symbol() -> Refusal:
    """Nothing of that name trades here."""
    return Refusal(-1121, "Invalid symbol.")


def bad_interval() -> Refusal:
    """No such kline interval."""
    return Refusal(-1120, "Invalid interval.")


def filter_failure(name: str) -> Refusal:
    """The order breaks a rule of the symbol."""
    return Refusal(-1013, f"Filter failure: {name}")


def rejected(message: str) -> Refusal:
    """The matching engine does not take the order."""
    return Refusal(-2010, message)


def insufficient_balance() -> Refusal:
    """The account cannot pay for the order."""
    return rejected("Account has insufficient balance for requested action.")


def duplicate_order() -> Refusal:
    """An open order has this client id already."""
    return rejected("Duplicate order sent.")


def unknown_order() -> Refusal:
    """There is no such open order to cancel."""
    return Refusal(-2011, "Unknown order sent.")


def no_such_order() -> Refusal:
    """There is no such order to show."""
    return Refusal(-2013, "Order does not exist.")


def too_much_weight(limit: int, retry_after_s: int) -> Refusal:
    """The address used up its weight of this minute."""
    message = (
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return Refusal(-1003, message, status=429, retry_after_s=retry_after_s)


def banned(until_ms: int, retry_after_s: int) -> Refusal:
    """The address went on after being told to stop."""
    message = (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return Refusal(-1003, message, status=418, retry_after_s=retry_after_s)


def too_many_orders(limit: int, interval: str) -> Refusal:
    """The account sent too many orders in a short time."""
    message = f"Too many new orders; current limit is {limit} orders per {interval}."
    return Refusal(-1015, message, status=429, retry_after_s=10)
