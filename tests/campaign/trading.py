"""A house to stop: a venue, two accounts, four bots that trade on nearly every bar, and a person's own order."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from algobot.errors import AlgobotError
from algobot.line import Line
from algobot.protocol.requests import Done, GetStatus, Unhalt
from algobot.protocol.rows import Status
from algobot.simulator import truth
from algobot.simulator.truth import TrueOrder
from tests.campaign.hangable import HangableStage

PERSON = "a-person-1"
OPEN = ("NEW", "PARTIALLY_FILLED")


class House:
    """What a campaign holds of it; `key2` is the second account's."""

    def __init__(self, stage: HangableStage) -> None:
        self.stage = stage
        self.key2 = stage.key + "-b"
        self.commands: list[subprocess.Popen[str]] = []  # under way
        self.secrets = {stage.key: stage.secret, self.key2: stage.secret}

    # --- building and mending -------------------------------------------------------------------------------------

    def build(self, seed: int) -> None:
        """Start the venue, write the configuration, place the person's order."""
        stage = self.stage
        funds = "USDT=1000000,BTC=10,ETH=100"
        arguments = ["--symbols", "BTC/USDT,ETH/USDT", "--speed", "300", "--seed", str(seed), "--history", "300"]
        arguments += ["--order-limit", "1000000", "--weight-limit", "100000000"]
        stage.start_venue([*arguments, "--account", f"{self.key2}:{stage.secret}:{funds}"], balances=funds)
        stage.write_config(self._bots())
        keys = stage.directory / "keys2.toml"
        keys.touch(mode=0o600)
        keys.write_text(f'api_key = "{self.key2}"\nsecret = "{stage.secret}"\n')
        stage.config.write_text(
            stage.config.read_text() + f'\n[accounts.second]\nvenue = "sim"\nkey_file = "{keys}"\nlive = true\n'
        )
        self.place(stage.key, PERSON)

    def up(self, environment: Mapping[str, str] | None = None) -> None:
        """Let the daemon run, unhalted, attached to its guard, with orders flowing."""
        stage = self.stage
        if stage.daemon is None or stage.daemon.poll() is not None:
            stage.start_daemon(environment=environment)
        stage.wait_ready()
        self.wait(lambda: self.status().guard.state not in ("absent", "off"), "a guard")
        for halt in self.status().halts:
            target = {"account": {"account_id": halt.target}, "bot": {"bot_id": halt.target}}.get(halt.scope, {})
            self._unhalt(Unhalt(reason="the next round", **target))  # type: ignore[arg-type]
        before = time.time_ns() // 1_000_000
        self.wait(lambda: len(self.since(before)) > 2, "orders flow")

    def _unhalt(self, request: Unhalt) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.stage.ask(request, Done, timeout_s=40)
                return
            except AlgobotError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _bots(self) -> str:
        tables = []
        for number in range(4):
            symbol, account = ("BTC/USDT", "ETH/USDT")[number % 2], ("demo", "second")[number // 2]
            tables.append(
                f'[bots.bot-{number}]\nstrategy = "ma_crossover"\nsymbol = "{symbol}"\naccount = "{account}"\n'
                f'mode = "live"\ncapital = "5000"\nposition_fraction = 0.5\n'
                f"params = {{ fast = 1, slow = {2 + number} }}\n"
            )
        return "\n".join(tables)

    # --- the venue ------------------------------------------------------------------------------------------------

    def place(self, key: str, client_id: str) -> None:
        """Rest an order far below the market, as any client of that account could."""
        query: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        query |= {"quantity": "0.001", "price": "20000", "newClientOrderId": client_id}
        query["timestamp"] = time.time_ns() // 1_000_000
        query["signature"] = hmac.new(self.secrets[key].encode(), urlencode(query).encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{self.stage.url}/api/v3/order?{urlencode(query)}", method="POST")
        request.add_header("X-MBX-APIKEY", key)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def orders(self) -> list[TrueOrder]:
        """Return every order the venue ever took."""
        return list(truth.read(self.stage.truth).orders.values())

    def since(self, ms: float) -> list[TrueOrder]:
        """Return our orders that the venue took after a wall-clock instant."""
        return [order for order in self.orders() if order.accepted_ms > ms and order.client_id.startswith("abmain-")]

    def ours_open(self) -> list[str]:
        """Return our orders that are open, by the venue's own log."""
        found = self.orders()
        return [order.client_id for order in found if order.status in OPEN and order.client_id.startswith("abmain-")]

    def person_left_alone(self) -> bool:
        """Return whether the person's order still rests."""
        return any(order.client_id == PERSON and order.status == "NEW" for order in self.orders())

    # --- the daemon and its guard ---------------------------------------------------------------------------------

    def status(self) -> Status:
        """Return the daemon's status."""
        return self.stage.ask(GetStatus(), Status)

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self.stage.daemon is not None
        return self.stage.daemon.pid

    def guard(self, method: str = "status", wait_s: float = 0.0) -> dict[str, Any]:
        """Return what the guard says; after `wake` once it is done."""
        with contextlib.closing(Line(str(self.stage.state / "guard.sock"), name="campaign")) as line:
            params: dict[str, object] = {"wait_s": wait_s} if method == "wake" else {}
            return line.ask(method, params, timeout_s=wait_s + 5)

    def settled(self, timeout_s: float) -> dict[str, Any]:
        """Return the guard's report once it says SAFE or HALTED, however often it was restarted, or the last one."""
        deadline, report = time.monotonic() + timeout_s, {}
        while time.monotonic() < deadline:
            with contextlib.suppress(AlgobotError):
                report = self.guard("wake", min(5.0, deadline - time.monotonic()))["report"]
                if report["state"] in ("safe", "halted"):
                    break
            time.sleep(0.05)
        return report

    def run(self, *words: str) -> subprocess.Popen[str]:
        """Start `algobot …` as a person would whose configuration names this house."""
        places = {"ALGOBOT__DAEMON__STATE_DIR": str(self.stage.state)}
        config = self.stage.directory / "home" / "algobot" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f'[daemon]\nsocket = "{self.stage.socket}"\nstate_dir = "{self.stage.state}"\n')
        environment = {**os.environ, **places, "XDG_CONFIG_HOME": str(config.parents[1])}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-m", "algobot", *words], stdout=pipe, stderr=pipe, text=True, env=environment
        )

    def wait(self, condition: Any, what: str, timeout_s: float = 60.0) -> None:
        """Return once `condition` holds; a daemon that is restarting is waited for."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(AlgobotError):
                if condition():
                    return
            time.sleep(0.05)
        raise AssertionError(f"not within {timeout_s:g} s: {what}\n{self.stage.tail('daemon.log', 15)}")


@contextlib.contextmanager
def a_house(seed: int) -> Iterator[House]:
    """Yield a house whose venue trades; everything ends with it, the guard too."""
    with tempfile.TemporaryDirectory(prefix="algobot-", ignore_cleanup_errors=True) as folder:
        house = House(HangableStage(Path(folder)))
        try:
            house.build(seed)
            yield house
        finally:
            if house.stage.daemon is not None and house.stage.daemon.poll() is None:
                house.stage.daemon.send_signal(signal.SIGCONT)
                house.stage.daemon.kill()
                house.stage.daemon.wait()
            house.stage.stop()
