"""Strategies with a fault planted in them, put where they can be loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

from algobot.kernel.strategy import Strategy
from algobot.research.validation.check.market import SETTINGS, made_up
from algobot.research.validation.check.subject import Subject
from algobot.strategies import registry

PLANTED = Path(__file__).parent.parent / "planted"


def plant(name: str, folder: Path) -> Path:
    """Copy one of them to a folder that nobody else can write, and return its file."""
    folder.chmod(0o755)
    file = folder / f"{name}.py"
    shutil.copyfile(PLANTED / f"{name}.py", file)
    file.chmod(0o644)
    return file


def planted(name: str, folder: Path) -> Strategy:
    """Return one of them, loaded."""
    file = plant(name, folder)
    return registry.load(name, file.parent)


def on_bars(strategy: Strategy, count: int = 1500) -> Subject:
    """Return it on made-up bars."""
    return Subject(strategy, made_up(count), SETTINGS)
