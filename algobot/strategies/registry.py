"""Strategies by name: the built-in ones, and a person's own from one folder, a file each.

A file is a strategy if it declares `Params`, `STATE` and `on_bar`; `REASONS`, `TAGS`, `warmup` and `problem` are
optional. Its name is the file's; the first line of its docstring is its summary. A built-in name cannot be taken.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Final

from algobot.errors import StrategyError
from algobot.kernel.jit import built_in_hash, sources_hash
from algobot.kernel.strategy import Strategy
from algobot.strategies.checks import declared

BUILT_IN: Final = (
    "ma_crossover",
    "mean_reversion",
    "trend_following",
    "adx_multi_timeframe",
    "dca",
    "donchian_breakout",
    "grid",
    "momentum_scalper",
    "opening_range_breakout",
    "quick_flip",
    "range_breakout",
    "regime_grid",
    "rsi_macd_momentum",
    "rsi_reversal",
    "signal_vote",
    "supertrend",
    "turtle",
    "volatility_regime",
)


def names(directory: Path | None = None) -> tuple[str, ...]:
    """Return the names that `load` knows, the built-in ones first; files starting with "_" are not strategies."""
    if directory is None or not directory.is_dir():
        return BUILT_IN
    own = (file.stem for file in sorted(directory.glob("*.py")) if not file.stem.startswith("_"))
    return BUILT_IN + tuple(name for name in own if name not in BUILT_IN)


def load(name: str, directory: Path | None = None) -> Strategy:
    """Return the strategy `name`, from the package or from `directory`.

    Raises:
        StrategyError: no such strategy, or its file cannot be used; says file and line.
    """
    if name in BUILT_IN:
        module = importlib.import_module(f"algobot.strategies.{name}")
        return declared(name, module, built_in_hash())
    if directory is None or name not in names(directory):
        raise StrategyError(f"no strategy named {name!r}", hint=f"there are: {', '.join(names(directory))}")
    file = (directory / f"{name}.py").resolve()
    _refuse_writable(file)
    digest = sources_hash(file.parent)
    return declared(name, _imported(name, file, digest), digest)


def _imported(name: str, file: Path, digest: str) -> ModuleType:
    """Run a person's file as a module of its own, named after its content."""
    known = f"algobot_strategy_{digest}_{name}"
    if known in sys.modules and sys.modules[known].__file__ == str(file):  # a copy elsewhere is another file
        return sys.modules[known]
    spec = importlib.util.spec_from_file_location(known, file)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{file} cannot be loaded", hint="it must be a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[known] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a person's file can raise anything
        del sys.modules[known]
        raise StrategyError(f"{file}:{_line(error, file)}: {type(error).__name__}: {error}") from error
    return module


def _line(error: BaseException, file: Path) -> int:
    """Return the last line of `file` that led to `error`."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return (lines[-1] or 0) if lines else 0


def _refuse_writable(file: Path) -> None:
    """Refuse code that somebody else could have written."""
    for path in (file, file.parent):
        info = path.stat()
        if info.st_uid not in (os.getuid(), 0) or info.st_mode & 0o022:
            raise StrategyError(f"{path} can be written by others", hint=f"chmod go-w {path} and own it")
