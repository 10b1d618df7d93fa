"""The words of `ctl`, in and out."""

from __future__ import annotations

import pytest

from algobot.errors import UsageError
from algobot.model import AccountId, BotId, ClientOrderId
from algobot.protocol.requests import (
    CancelOrder,
    CloseBot,
    Flatten,
    Kill,
    PauseBot,
    Reconcile,
    Reload,
    RemoveBot,
    Request,
    RestartBot,
    ResumeBot,
    StartBot,
    StopBot,
    Unhalt,
)
from tui.verbs import Command, as_ctl, parse, question

BOTS = ["alpha", "btc-cross"]
ALPHA = BotId("alpha")
REQUESTS: list[Request] = [
    StartBot(bot_id=ALPHA),
    StopBot(bot_id=ALPHA),
    StopBot(bot_id=ALPHA, flatten=True),
    PauseBot(bot_id=ALPHA),
    ResumeBot(bot_id=ALPHA),
    RestartBot(bot_id=ALPHA),
    CloseBot(bot_id=ALPHA),
    Flatten(bot_id=ALPHA),
    Flatten(account_id=AccountId("sim")),
    Flatten(),
    RemoveBot(bot_id=ALPHA),
    CancelOrder(client_order_id=ClientOrderId("main-1")),
    Reload(),
    Reload(dry_run=True),
    Reconcile(account_id=AccountId("sim")),
    Kill(mode="halt", reason="from the palette"),
    Kill(mode="flatten", bot_id=ALPHA, reason="from the palette"),
    Unhalt(reason="the feed is back", account_id=AccountId("sim")),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=as_ctl)
def test_what_a_toast_shows_can_be_typed_into_the_palette(request_: Request) -> None:
    """Words made from a request parse to the same request."""
    assert parse(as_ctl(request_), BOTS) == Command(request=request_)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("logs", Command(screen="logs")),
        ("ctl orders", Command(screen="orders")),
        ("show btc-cross", Command(bot_id="btc-cross")),
        ("bots show alpha", Command(bot_id="alpha")),
        ("algobot ctl pause alpha", Command(request=PauseBot(bot_id=ALPHA))),
    ],
)
def test_rooms_and_pages_have_words_too(line: str, command: Command) -> None:
    """Read verbs go where their figures are."""
    assert parse(line, BOTS) == command


@pytest.mark.parametrize(
    "line", ["", "pause", "pause nobody", "explode alpha", "kill --mode softly", "unhalt", "pause 'alpha"]
)
def test_what_cannot_be_done_says_what_could(line: str) -> None:
    """Every refusal has a hint."""
    with pytest.raises(UsageError) as caught:
        parse(line, BOTS)
    assert caught.value.hint


def test_only_what_cannot_be_taken_back_is_asked_about() -> None:
    """Pausing asks nothing, stopping y/N, closing a position the name."""
    assert question(PauseBot(bot_id=ALPHA)) == ""
    assert question(StopBot(bot_id=ALPHA)) == "yes"
    assert question(Flatten(bot_id=ALPHA)) == "name"
    assert question(Kill(mode="halt")) == ""
