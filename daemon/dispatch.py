"""From a request to the Face's method that answers it: one closed match."""

from __future__ import annotations

from typing import assert_never

import msgspec

from algobot.errors import ProtocolError
from algobot.protocol import requests as ask
from daemon.face import Face
from daemon.hub import Hub


async def answer(face: Face, hub: Hub, request: ask.AnyRequest, by: str) -> msgspec.Struct:
    """Return the Face's reply to `request`.

    Raises:
        AlgobotError: what the Face refuses with; the client is told as it is.
    """
    match request:
        case ask.GetSnapshot():
            hub.settle()  # what the rows already show must not come again as an event
            return await face.snapshot()
        case ask.SayHello() | ask.FollowEvents():
            raise ProtocolError(f"{type(request).__name__} is the connection's own", hint="")
        case (
            ask.GetStatus()
            | ask.ListBots()
            | ask.ShowBot()
            | ask.ListOrders()
            | ask.ListFills()
            | ask.ListPositions()
            | ask.ListBalances()
            | ask.ListLogs()
        ):
            return await _read(face, request)
        case ask.AddBot() | ask.RemoveBot() | ask.StartBot() | ask.StopBot() | ask.PauseBot() | ask.ResumeBot():
            return await _steer(face, request, by)
        case ask.RestartBot() | ask.CloseBot() | ask.CancelOrder() | ask.Flatten():
            return await _wind_down(face, request, by)
        case ask.Reload() | ask.Reconcile() | ask.AcceptDrift() | ask.Kill() | ask.Unhalt():
            return await _keep_safe(face, request, by)
        case unreachable:
            assert_never(unreachable)


_Read = (
    ask.GetStatus
    | ask.ListBots
    | ask.ShowBot
    | ask.ListOrders
    | ask.ListFills
    | ask.ListPositions
    | ask.ListBalances
    | ask.ListLogs
)


async def _read(face: Face, request: _Read) -> msgspec.Struct:
    match request:
        case ask.GetStatus():
            return await face.status()
        case ask.ListBots():
            return await face.bots()
        case ask.ShowBot(bot_id=bot_id):
            return await face.bot(bot_id)
        case ask.ListOrders() as r:
            return await face.orders(bot_id=r.bot_id, open_only=r.open_only, limit=r.limit)
        case ask.ListFills() as r:
            return await face.fills(bot_id=r.bot_id, limit=r.limit)
        case ask.ListPositions():
            return await face.positions()
        case ask.ListBalances():
            return await face.balances()
        case ask.ListLogs() as r:
            return await face.logs(bot_id=r.bot_id, level=r.level, limit=r.limit)
        case unreachable:
            assert_never(unreachable)


_Steer = ask.AddBot | ask.RemoveBot | ask.StartBot | ask.StopBot | ask.PauseBot | ask.ResumeBot


async def _steer(face: Face, request: _Steer, by: str) -> msgspec.Struct:
    match request:
        case ask.AddBot(spec=spec):
            return await face.add_bot(spec, by=by)
        case ask.RemoveBot(bot_id=bot_id):
            return await face.remove_bot(bot_id, by=by)
        case ask.StartBot(bot_id=bot_id):
            return await face.start_bot(bot_id, by=by)
        case ask.StopBot(bot_id=bot_id, flatten=flatten):
            return await face.stop_bot(bot_id, flatten=flatten, by=by)
        case ask.PauseBot(bot_id=bot_id):
            return await face.pause_bot(bot_id, by=by)
        case ask.ResumeBot(bot_id=bot_id):
            return await face.resume_bot(bot_id, by=by)
        case unreachable:
            assert_never(unreachable)


_WindDown = ask.RestartBot | ask.CloseBot | ask.CancelOrder | ask.Flatten


async def _wind_down(face: Face, request: _WindDown, by: str) -> msgspec.Struct:
    match request:
        case ask.RestartBot(bot_id=bot_id):
            return await face.restart_bot(bot_id, by=by)
        case ask.CloseBot(bot_id=bot_id):
            return await face.close_bot(bot_id, by=by)
        case ask.CancelOrder(client_order_id=client_order_id):
            return await face.cancel_order(client_order_id, by=by)
        case ask.Flatten(bot_id=bot_id, account_id=account_id):
            return await face.flatten(bot_id=bot_id, account_id=account_id, by=by)
        case unreachable:
            assert_never(unreachable)


_KeepSafe = ask.Reload | ask.Reconcile | ask.AcceptDrift | ask.Kill | ask.Unhalt


async def _keep_safe(face: Face, request: _KeepSafe, by: str) -> msgspec.Struct:
    match request:
        case ask.Reload(dry_run=dry_run):
            return await face.reload(dry_run=dry_run, by=by)
        case ask.Reconcile(account_id=account_id):
            return await face.reconcile(account_id=account_id, by=by)
        case ask.AcceptDrift(account_id=account_id, reason=reason):
            return await face.accept_drift(account_id, reason=reason, by=by)
        case ask.Kill() as r:
            return await face.kill(mode=r.mode, account_id=r.account_id, bot_id=r.bot_id, reason=r.reason, by=by)
        case ask.Unhalt() as r:
            return await face.unhalt(reason=r.reason, account_id=r.account_id, bot_id=r.bot_id, by=by)
        case unreachable:
            assert_never(unreachable)
