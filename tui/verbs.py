"""What a person can ask for, in the words of `algobot ctl`: text to request and request to text. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import Final, Literal

import msgspec

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

Question = Literal["", "yes", "name"]  # what must be answered before it is sent
BOT_VERBS: Final[dict[str, Callable[[BotId], Request]]] = {
    "start": lambda bot_id: StartBot(bot_id=bot_id),
    "pause": lambda bot_id: PauseBot(bot_id=bot_id),
    "resume": lambda bot_id: ResumeBot(bot_id=bot_id),
    "stop": lambda bot_id: StopBot(bot_id=bot_id),
    "restart": lambda bot_id: RestartBot(bot_id=bot_id),
    "close": lambda bot_id: CloseBot(bot_id=bot_id),
    "flatten": lambda bot_id: Flatten(bot_id=bot_id),
}
MEANING: Final[dict[str, str]] = {
    "start": "start it, or release it from quarantine",
    "pause": "open nothing new; exits go on",
    "resume": "trade again after a pause",
    "stop": "cancel its orders and stop it",
    "restart": "stop its task and start it from its checkpoint",
    "close": "close its position at market; it keeps running",
    "flatten": "pause it, cancel its orders, close its position",
    "show": "open its page",
}
SCREENS: Final[dict[str, str]] = {
    "status": "home",
    "profit": "home",
    "bots": "bots",
    "orders": "orders",
    "fills": "orders",
    "positions": "orders",
    "balances": "orders",
    "logs": "logs",
    "health": "health",
}


class Command(msgspec.Struct, frozen=True):
    """Something to do: a request for the daemon, a screen to go to, or a bot's page to open."""

    request: Request | None = None
    screen: str = ""
    bot_id: str = ""


def parse(text: str, bots: Iterable[str]) -> Command:
    """The command in `text`, with or without `algobot ctl` before it.

    Raises:
        UsageError: no such verb, no such bot, or words left over.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"cannot read {text!r}: {error}", hint="close the quotation mark") from error
    while words and words[0] in {"algobot", "ctl", ":"}:
        words = words[1:]
    if not words:
        raise UsageError("no command", hint="for instance: pause NAME")
    verb, rest = words[0], words[1:]
    options, names = _options(rest)
    if verb in SCREENS and not names:
        return Command(screen=SCREENS[verb])
    if verb == "show" or (verb == "bots" and names[:1] == ["show"]):
        return Command(bot_id=_bot(names[-1:], bots))
    if verb == "bots" and names[:1] == ["remove"]:
        return Command(request=RemoveBot(bot_id=_bot(names[1:], bots)))
    return Command(request=_request(verb, names, options, list(bots)))


def _request(verb: str, names: list[str], options: dict[str, str], bots: list[str]) -> Request:
    account = AccountId(options["account"]) if "account" in options else None
    bot = _bot([options["bot"]], bots) if "bot" in options else None
    match verb:
        case "flatten" if not names and not {"all", "account", "bot"} & set(options):
            raise UsageError("flatten what?", hint="a bot's name, --account ACCOUNT, or --all")
        case "flatten" if not names:
            return Flatten(bot_id=bot, account_id=account)
        case "stop" if names:
            return StopBot(bot_id=_bot(names, bots), flatten="flatten" in options)
        case "reload":
            return Reload(dry_run="dry-run" in options)
        case "reconcile":
            return Reconcile(account_id=account)
        case "cancel" if names:
            return CancelOrder(client_order_id=ClientOrderId(names[0]))
        case "kill":
            reason = options.get("reason", "from the palette")
            return Kill(mode=_mode(options.get("mode", "cancel")), account_id=account, bot_id=bot, reason=reason)
        case "unhalt":
            if not options.get("reason"):
                raise UsageError("unhalt needs a reason", hint='unhalt --reason "…"')
            return Unhalt(reason=options["reason"], account_id=account, bot_id=bot)
        case _ if verb in BOT_VERBS:
            return BOT_VERBS[verb](_bot(names, bots))
        case _:
            known = ", ".join([*BOT_VERBS, "reload", "reconcile", "kill", "unhalt"])
            raise UsageError(f"no verb {verb!r} here", hint=f"one of {known}")


def _mode(word: str) -> Literal["halt", "cancel", "flatten"]:
    match word:
        case "halt" | "cancel" | "flatten":
            return word
        case _:
            raise UsageError(f"kill --mode {word}: no such mode", hint="halt, cancel or flatten")


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            names.append(word)
            continue
        name, _, value = word[2:].partition("=")
        options[name] = value or ("" if name in {"flatten", "dry-run", "yes", "all"} else next(rest, ""))
    return options, names


def _bot(names: list[str], bots: Iterable[str]) -> BotId:
    if not names:
        raise UsageError("which bot?", hint="give its name")
    if names[0] not in bots:
        raise UsageError(f"no bot {names[0]!r}", hint="`/` filters the list of bots")
    return BotId(names[0])


def as_ctl(request: Request) -> str:
    """The same request at a shell's prompt."""
    words = ["algobot", "ctl"]
    match request:
        case StopBot(bot_id=bot_id, flatten=flatten):
            words += ["stop", bot_id] + (["--flatten"] if flatten else [])
        case Flatten(bot_id=None, account_id=account):
            words += ["flatten"] + (["--account", account] if account else ["--all"])
        case RemoveBot(bot_id=bot_id):
            words += ["bots", "remove", bot_id]
        case CancelOrder(client_order_id=order):
            words += ["cancel", order]
        case Reload(dry_run=dry_run):
            words += ["reload"] + (["--dry-run"] if dry_run else [])
        case Reconcile(account_id=account):
            words += ["reconcile"] + (["--account", account] if account else [])
        case Kill(mode=mode):
            words += ["kill", "--mode", mode, *_scope(request.account_id, request.bot_id)]
        case Unhalt(reason=reason):
            words += ["unhalt", "--reason", reason, *_scope(request.account_id, request.bot_id)]
        case StartBot() | PauseBot() | ResumeBot() | RestartBot() | CloseBot() | Flatten():
            words += [_verb_of(request), str(request.bot_id)]
        case _:
            words += [type(request).__name__]
    return shlex.join(words)


def question(request: Request) -> Question:
    """What a person is asked first: nothing to pause, y/N to stop or cancel, the name itself to close positions."""
    match request:
        case Flatten() | StopBot(flatten=True) | CloseBot():
            return "name"
        case StopBot() | RemoveBot() | CancelOrder():
            return "yes"
        case _:
            return ""


def _verb_of(request: Request) -> str:
    tag = str(request.__struct_config__.tag)
    return tag.removeprefix("bot.")


def _scope(account: AccountId | None, bot: BotId | None) -> list[str]:
    if bot:
        return ["--bot", bot]
    return ["--account", account] if account else []
