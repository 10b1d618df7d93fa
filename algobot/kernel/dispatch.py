"""How one compiled engine runs every strategy: the type of the parameters picks the fold.

numba never caches a function that is given another compiled function. What it does cache is a call whose target is
chosen while types are inferred. So each strategy's parameter record starts with an unused field named after the
strategy and the hash of its source (`Strategy.marker`): two strategies with equal parameters and equal state are still
different types, an edited strategy is a new type, and the cached entry holds no reference to a person's module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba import extending

from algobot.kernel.jit import COMPILED
from algobot.kernel.records import Rec

_FOLDS: Final[dict[str, Callable[..., None]]] = {}  # by marker; the compiler asks at compile time, so it is here


def bind(marker: str, on_bar: Callable[..., None]) -> None:
    """Let `fold` with parameters that start with the field `marker` run `on_bar`."""
    _FOLDS[marker] = on_bar


def fold(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Run the strategy that these parameters belong to on one bar."""
    _FOLDS[params.dtype.names[0]](state, bar, position, params, orders)


if COMPILED:

    @extending.overload(fold)
    def _fold(state: Any, bar: Any, position: Any, params: Any, orders: Any) -> Any:
        on_bar = _FOLDS[next(iter(params.fields))]

        def run(state: Any, bar: Any, position: Any, params: Any, orders: Any) -> None:
            on_bar(state, bar, position, params, orders)

        return run
