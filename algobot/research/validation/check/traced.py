"""`python -m algobot.research.validation.check.traced REQUEST`: run a strategy in a process of its own and tell.

With `ALGOBOT_JIT=0` the very source runs in plain Python, whose errors a person can read; with a cache folder of its
own (`XDG_CACHE_HOME`) nothing compiled before is used. Prints one `Trace` as JSON. What the strategy opens, connects
to or starts on the way is noted: a fold is given its bars and needs nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from algobot.errors import AlgobotError
from algobot.kernel.jit import cache_folder, kernel_hash
from algobot.kernel.records import BAR
from algobot.kernel.session import Session, Settings
from algobot.kernel.strategy import Strategy
from algobot.research.validation.check.subject import Subject, digests, model_bars

_WATCHED: Final = frozenset({"open", "socket.connect", "subprocess.Popen", "os.system", "ctypes.dlopen"})
_CODE: Final = (".py", ".pyc", ".so", ".pth", ".nbi", ".nbc")
_SECONDS: Final = 180


class Request(msgspec.Struct, frozen=True):
    """What to run; `folder` is "" for a built-in strategy, `bars` a file of the raw records."""

    name: str
    folder: str
    bars: str
    settings: dict[str, Any]


class Trace(msgspec.Struct, frozen=True):
    """What came of it: a hash of everything after each bar, or the error with its place."""

    digests: list[str] = []
    touched: list[str] = []  # files, hosts, programs
    error: str = ""


def trace(subject: Subject, *, interpreted: bool, fresh: bool = False) -> Trace:
    """Return the trace of another process: interpreted, or compiled; `fresh` compiles the strategy anew."""
    strategy = subject.strategy
    built_in = "algobot.strategies" in getattr(strategy.on_bar, "__module__", "")
    with tempfile.TemporaryDirectory(prefix="algobot-check-") as room:
        file = Path(room) / "bars"
        file.write_bytes(subject.bars.tobytes())
        folder = "" if built_in else str(Path(strategy.file).parent)
        request = Request(strategy.name, folder, str(file), subject.settings._asdict())
        places = _fresh_cache(Path(room)) if fresh else {}
        try:
            done = subprocess.run(
                [sys.executable, "-m", __name__, msgspec.json.encode(request).decode()],
                env={**os.environ, **places, "ALGOBOT_JIT": "0" if interpreted else "1"},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Trace(error=f"not done with {len(subject.bars)} bars after {_SECONDS} s: a loop without an end?")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return Trace(error=f"the process ended with {done.returncode}: {last}")
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Trace)


def _fresh_cache(room: Path) -> dict[str, str]:
    """Return the environment of an empty cache but for the engine's own, which no strategy is part of."""
    if (engine := cache_folder(kernel_hash())) is not None:
        shutil.copytree(engine, room / "algobot" / engine.name, copy_function=shutil.copy2)
        (room / "algobot").chmod(0o700)
    return {"XDG_CACHE_HOME": str(room), "CACHE_DIRECTORY": ""}


def main(word: str) -> None:
    """Run the request and print its trace."""
    from algobot.strategies import registry

    request = msgspec.json.decode(word, type=Request)
    bars = np.frombuffer(Path(request.bars).read_bytes(), BAR).copy()
    settings = Settings(**request.settings)
    touched: list[str] = []
    watching = [True]
    sys.addaudithook(lambda event, args: _note(touched, event, args) if watching[0] else None)
    found = Trace()
    strategy: Strategy | None = None
    try:
        strategy = registry.load(request.name, Path(request.folder) if request.folder else None)
        with np.errstate(all="ignore"):  # compiled, a division by zero is inf or nan, without a word
            hashes = digests(Session(strategy, {}, settings), model_bars(bars))
        watching[0] = False
        found = Trace(hashes, touched)
    except AlgobotError as error:
        found = Trace([], touched, f"{error.message}" + (f" ({error.hint})" if error.hint else ""))
    except Exception as error:  # whatever a person's fold can raise
        watching[0] = False
        found = Trace([], touched, _where(error, strategy.file if strategy else ""))
    watching[0] = False
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def _note(touched: list[str], event: str, args: tuple[Any, ...]) -> None:
    if event not in _WATCHED or len(touched) >= 20:
        return
    what = os.fsdecode(args[0]) if event == "open" and isinstance(args[0], str | bytes) else ""
    if event == "open" and (not what or what.endswith(_CODE) or what.startswith(("/proc/", "/dev/"))):
        return
    if event == "open" and what.startswith((sys.prefix, sys.base_prefix)):  # a library's own data
        return
    if event == "ctypes.dlopen":
        what = str(args[0])
        if what == "None" or what.endswith(_CODE):
            return
    told = what if event == "open" else f"{event} {what or args[:2]}"
    if told not in touched:
        touched.append(told)


def _where(error: Exception, file: str) -> str:
    """Return the error with the line of the strategy that led to it, in Python's own words."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f"{file}:{frames[-1].lineno}: " if frames else ""
    line = f"\n    {frames[-1].line}" if frames and frames[-1].line else ""
    return f"{place}{type(error).__name__}: {error}{line}"


if __name__ == "__main__":
    main(sys.argv[1])
