"""Every error raised on purpose: a class per decision the caller can take, each with a stable `code`.

The message says what happened, with the field and the value; `hint` says what to do about it. `exit_code` is what the
command line ends with when nobody handled the error (`algobot help exit-codes`).
"""

from __future__ import annotations

from typing import ClassVar


class AlgobotError(Exception):
    """The root: catch it at the edge, where a person is told."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


# --- what a person wrote -------------------------------------------------------------------------------------------


class UsageError(AlgobotError):
    """A command was called with words it cannot take."""

    code = "usage"
    exit_code = 2


class ConfigError(AlgobotError):
    """A configuration cannot be used; the message names file, line, field and value."""

    code = "config.invalid"
    exit_code = 2


class StrategyError(ConfigError):
    """A strategy is unknown, cannot be loaded, or got a parameter out of range."""

    code = "strategy.invalid"


class DataError(AlgobotError):
    """Market data on disk cannot be used as it is."""

    code = "data.invalid"


class CheckpointMismatch(AlgobotError):
    """Saved bytes belong to another strategy, other parameters or another version: warm up afresh instead."""

    code = "checkpoint.layout"


# --- the daemon and its clients ------------------------------------------------------------------------------------


class DaemonUnreachable(AlgobotError):
    """Nobody answers at the socket."""

    code = "daemon.unreachable"
    exit_code = 3


class NotPermitted(AlgobotError):
    """The caller's role does not allow this."""

    code = "permission.denied"
    exit_code = 4


class NotFound(AlgobotError):
    """No such bot, order or account."""

    code = "not_found"
    exit_code = 5


class Refused(AlgobotError):
    """A risk rule or the bot's state forbids it; nothing was sent."""

    code = "refused"
    exit_code = 6


class Halted(Refused):
    """The kill switch is latched; nothing was sent."""

    code = "halted"


class DeadlineExceeded(AlgobotError):
    """No answer in time; the work may still be going on."""

    code = "timeout"
    exit_code = 7


class PartialFailure(AlgobotError):
    """Some of it was done; the message says what was not."""

    code = "partial"
    exit_code = 8


class ProtocolError(AlgobotError):
    """A frame that is not a well-formed request, reply or event."""

    code = "protocol.invalid"


class LockHeld(AlgobotError):
    """Another daemon owns this state directory or this account's key."""

    code = "daemon.locked"


# --- the store -----------------------------------------------------------------------------------------------------


class StoreError(AlgobotError):
    """The database did not take a write; whether it is on disk is unknown until it is read back."""

    code = "store.failed"


class StoreCorrupt(StoreError):
    """The database is damaged: a page, a row's hash, or its schema."""

    code = "store.corrupt"


class StoreTooNew(StoreError):
    """The database was written by a newer algobot."""

    code = "store.too_new"


# --- the venue -----------------------------------------------------------------------------------------------------


class VenueError(AlgobotError):
    """The root of what a venue's adapter raises."""

    code = "venue.failed"


class VenueRejected(VenueError):
    """The venue said no, definitively; the order does not exist."""

    code = "venue.rejected"

    def __init__(self, message: str, *, hint: str = "", kind: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind  # why, in one word (`venues.kinds`): "funds", "post_only", "maintenance", …; "" is not known


class VenueUnsupported(VenueRejected):
    """The venue has no such thing; nothing was sent."""

    code = "venue.unsupported"


class VenueAuthFailed(VenueRejected):
    """The key or its signature was refused; the order does not exist."""

    code = "venue.auth"


class VenueRateLimited(VenueRejected):
    """Over the venue's budget; nothing was accepted. Wait `retry_after_ns` before the next call."""

    code = "venue.rate_limited"

    def __init__(self, message: str, *, retry_after_ns: int, hint: str = "", kind: str = "rate") -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.retry_after_ns = retry_after_ns


class VenueTimeout(VenueError):
    """No usable answer after sending: the order may exist; reconcile, never resend."""

    code = "venue.timeout"


class VenueUnavailable(VenueError):
    """The venue could not be reached at all, or a read failed; it is evidence of nothing."""

    code = "venue.unavailable"


class VenueReadRefused(VenueUnavailable):
    """The venue will not answer this question, however often it is asked: it is malformed, or about what it lacks."""

    code = "venue.read_refused"


class VenueOrderNotFound(VenueError):
    """The venue knows no such order (weak evidence just after a submit)."""

    code = "venue.order_not_found"


class StreamClosed(VenueError):
    """A stream ended or went silent; sweep before acting on it again."""

    code = "venue.stream_closed"
