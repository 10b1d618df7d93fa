"""Say why the first run takes its time."""

from __future__ import annotations

import click


def announce() -> None:
    """Say on stderr that the engine is going to be compiled, if it is."""
    from algobot.kernel import jit

    if not jit.COMPILED:
        return
    folder = jit.cache_folder(jit.kernel_hash())
    if folder is None:
        click.echo("compiling the engine, about 20 s: there is no folder where it could be kept", err=True)
    elif not any(folder.rglob("engine.simulate-*.nbi")):
        click.echo("compiling the engine for the first time, about 20 s", err=True)
