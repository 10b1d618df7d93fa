"""One ccxt.pro instance of one account, imported off the loop, pointed where the configuration says, and judged by us.

ccxt's own errors never leave this file: their classes mix refusals with outages and their texts quote signed URLs. The
answer behind an error is caught where ccxt looks at it (`handle_errors`), so that status, body and Retry-After of
exactly this request decide.
"""

from __future__ import annotations

import asyncio
import importlib
import ssl
from contextvars import ContextVar
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import anyio
import msgspec

from algobot.errors import ConfigError, VenueRejected, VenueUnavailable
from algobot.venues.classify import Action, Reply, as_error, judge
from algobot.venues.dialects import dialect_of
from algobot.venues.keys import Keys
from algobot.venues.kinds import Verdict
from algobot.venues.waits import Wait

T = TypeVar("T")
CACHE_LIMIT: Final = 1000  # entries of every cache ccxt keeps
REQUEST_MS: Final = 10_000
PING_MS: Final = 15_000  # a dead socket is noticed within three of them
CLOSE_S: Final = 3.0
RECV_WINDOW_MS: Final = 5_000
# what a library may throw besides its own errors when an answer is not what it expects
_SURPRISES: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError, LookupError, AttributeError)
_USED: Final = ("x-mbx-used-weight-1m",)  # headers in which a venue says what was spent of its budget
_REPLY: Final = "algobot_reply"


class _Call:
    """One call of ours and the requests that ccxt made for it."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


_CALL: Final[ContextVar[_Call | None]] = ContextVar("algobot.venue.call", default=None)


class CcxtClient:
    """Wraps the instance; `exchange` exists once open."""

    def __init__(
        self, adapter: str, *, keys: Keys | None, base_url: str = "", sandbox: bool = False, past_only: bool = False
    ) -> None:
        self.adapter = adapter
        self._past_only = past_only  # no streams are needed, and every market counts, not just those we trade
        self._keys = keys
        self._base_url = base_url
        self._sandbox = sandbox
        self.exchange: Any = None
        self.skewed = False  # the venue refused our clock: measure it before the next request
        self.used_weight = 0  # of the venue's budget, as it said last; 0 where it never says
        self.wait: Wait | None = None  # kept where the adapter shares one with its market
        self._library_error: type[Exception] = Exception

    async def open(self) -> None:
        """Import ccxt and build the instance, both in a thread; a second call changes nothing.

        Raises:
            ConfigError: ccxt has no venue of that id, or the venue has no sandbox.
        """
        if self.exchange is None:
            self.exchange = await asyncio.to_thread(self._build)

    async def close(self) -> None:
        """Let go of every connection."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            for url in list(getattr(exchange, "clients", None) or {}):
                await drop(exchange, url)
            with anyio.move_on_after(CLOSE_S, shield=True):
                await exchange.close()

    def set_clock_offset(self, offset_ns: int) -> None:
        """Stamp requests with the venue's time from now on."""
        self.exchange.options["timeDifference"] = -(offset_ns // 1_000_000)
        self.skewed = False

    async def call(self, action: Action, wanted: type[T], method: str, *arguments: object) -> T:
        """Return the answer of one request, read as `wanted`; amounts keep the digits the venue sent.

        Raises:
            VenueError: as `action` demands (`classify.as_error`).
        """
        answer = await self.ask(action, method, *arguments)
        try:
            return msgspec.convert(answer, wanted, strict=False)
        except msgspec.ValidationError as error:  # cut short, or not what it claims to be: proves nothing
            raise as_error(self.adapter, action, Reply(note=f"unreadable answer: {error}")) from None

    async def ask(self, action: Action, method: str, *arguments: object) -> Any:
        """Return what a method of the instance gives, in ccxt's own structures, with every failure judged."""
        if self.exchange is None:
            error = VenueRejected if action in (Action.SUBMIT, Action.CANCEL) else VenueUnavailable
            raise error(f"{self.adapter}: not open, so nothing was sent")
        if self.wait is not None:
            self.wait.check(self.adapter)
        call = _Call()
        token = _CALL.set(call)
        try:
            return await getattr(self.exchange, method)(*arguments)
        except self._library_error as error:
            reply = self._reply(action, call, error)
            self.skewed = self.skewed or judge(self.adapter, reply).verdict is Verdict.SKEW
            judged = as_error(self.adapter, action, reply)
            if self.wait is not None:
                self.wait.heed(judged)
            raise judged from None  # the original quotes the signed URL
        except _SURPRISES as error:
            raise as_error(self.adapter, action, self._reply(action, call, error)) from None
        finally:
            _CALL.reset(token)

    def _reply(self, action: Action, call: _Call, error: BaseException) -> Reply:
        """Return what is known of the answer behind `error`.

        A refusal counts only when its request was the only one of the call: of several, an earlier one may have been
        the order.
        """
        note = type(error).__name__
        if not call.requests:
            return Reply(note=note, sent=False)
        reply = _reply_behind(error)
        if reply is None or (action is Action.SUBMIT and call.requests > 1):
            return Reply(note=note)
        return reply

    def _build(self) -> Any:
        library = importlib.import_module("ccxt.pro")
        if self._past_only and self.adapter not in library.exchanges:
            library = importlib.import_module("ccxt.async_support")
        if self.adapter not in library.exchanges:
            raise ConfigError(f"venue adapter {self.adapter!r} has no streams in ccxt", hint="see ccxt.pro.exchanges")
        self._library_error = library.BaseError
        dialect = dialect_of(self.adapter)
        exchange = getattr(library, self.adapter)(self._settings())
        if self._keys is not None:
            _give_keys(exchange, self._keys)
        if self._sandbox and not self._base_url:
            if not exchange.urls.get("test"):
                raise ConfigError(f"venue adapter {self.adapter!r} has no sandbox", hint="set sandbox = false")
            exchange.set_sandbox_mode(True)
        if self._base_url:
            exchange.urls["api"] = moved(exchange.urls["api"], self._base_url)
            exchange.timeout_on_exit = 0
        exchange.ssl_context = ssl.create_default_context(cafile=exchange.cafile)  # 20 ms that the loop need not wait
        _send_once(exchange)
        self._keep_answers(exchange, library.BaseError)
        if dialect.arrange is not None:
            dialect.arrange(exchange)
        return exchange

    def _settings(self) -> dict[str, Any]:
        spot = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}} if not self._past_only else {}
        return {
            "enableRateLimit": False,  # ccxt's queue knows no priorities: the caller's budget decides
            "timeout": REQUEST_MS,
            "options": spot
            | {
                "fetchCurrencies": False,
                "adjustForTimeDifference": True,
                "recvWindow": RECV_WINDOW_MS,
                "maxRetriesOnFailure": 0,
                "ordersLimit": CACHE_LIMIT,
                "tradesLimit": CACHE_LIMIT,
                "OHLCVLimit": CACHE_LIMIT,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
                "ws": {"keepAlive": PING_MS},
            }
            | dict(dialect_of(self.adapter).options),
        }

    def _keep_answers(self, exchange: Any, library_error: type[Exception]) -> None:
        """Count requests, and make every error that ccxt finds in an answer carry that answer."""
        look, look_at_status, fetch = exchange.handle_errors, exchange.handle_http_status_code, exchange.fetch

        async def counted_fetch(*arguments: object, **named: object) -> object:
            if (call := _CALL.get()) is not None:
                call.requests += 1
            return await fetch(*arguments, **named)

        def handle_errors(
            status: int, reason: str, url: str, method: str, headers: Any, body: str, *rest: object
        ) -> object:
            named = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
            self._note_weight(named)
            try:
                verdict = look(status, reason, url, method, headers, body, *rest)
                look_at_status(status, reason, url, method, body)
                if status >= 400:  # one that ccxt has no name for
                    raise library_error(f"HTTP {status}")
            except library_error as error:
                reset_ms = named.get("x-bapi-limit-reset-timestamp", "")
                reply = Reply(status, body or "", named.get("retry-after", ""), reset_ms)
                setattr(error, _REPLY, reply)
                raise
            return verdict

        exchange.fetch = counted_fetch
        exchange.handle_errors = handle_errors

    def _note_weight(self, headers: dict[str, str]) -> None:
        for name in _USED:
            if headers.get(name, "").isdecimal():
                self.used_weight = int(headers[name])


def _send_once(exchange: Any) -> None:
    """Keep aiohttp from sending a request again when a kept connection breaks, as it does for GET, PUT and DELETE.

    Deribit's orders are GETs: the second would be a second order. aiohttp has no public switch for it; the tests count.
    """
    open_session = exchange.open

    def open_without_retry(*arguments: Any) -> None:
        open_session(*arguments)
        if exchange.session is not None:
            exchange.session._retry_connection = False

    exchange.open = open_without_retry


def _give_keys(exchange: Any, keys: Keys) -> None:
    """Put the parts where the venue signs with them. Raises ConfigError when one is missing."""
    needed = exchange.requiredCredentials
    if needed.get("privateKey"):
        exchange.walletAddress, exchange.privateKey = keys.api_key, keys.secret
    else:
        exchange.apiKey, exchange.secret = keys.api_key, keys.secret
    if needed.get("password") and not keys.passphrase:
        raise ConfigError(
            f"the keys of a {exchange.id} account need a passphrase",
            hint='add a line to the key file: passphrase = "…"',
        )
    exchange.password = keys.passphrase or None


async def drop(exchange: Any, url: str) -> None:
    """Close the socket to `url`, if there is one, and forget its object and all its state; not to be canceled."""
    socket = (exchange.clients or {}).pop(url, None)
    if socket is None:
        return
    with anyio.move_on_after(CLOSE_S, shield=True):
        if socket.connecting and socket.connection is None and socket.error is None:
            await asyncio.wait([socket.connected])  # ccxt cannot abandon a connection that is being made
        await socket.close()


def moved(urls: Any, base_url: str) -> Any:
    """Return ccxt's nested `urls`, each at the host of `base_url`, paths kept, encrypted if that one is."""
    if isinstance(urls, dict):
        return {name: moved(inner, base_url) for name, inner in urls.items()}
    if not isinstance(urls, str):
        return urls
    base, url = urlsplit(base_url), urlsplit(urls)
    secure = "s" if base.scheme == "https" else ""
    kind = "ws" if url.scheme.startswith("ws") else "http"
    return urlunsplit((kind + secure, base.netloc, base.path.rstrip("/") + url.path, url.query, ""))


def _reply_behind(error: BaseException) -> Reply | None:
    """Return the answer that `error` was found in; ccxt may have raised it anew on the way."""
    seen: BaseException | None = error
    while seen is not None:
        reply = getattr(seen, _REPLY, None)
        if isinstance(reply, Reply):
            return reply
        seen = seen.__cause__ or seen.__context__
    return None
