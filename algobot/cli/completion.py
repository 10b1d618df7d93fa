"""`algobot completion`."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

VARIABLE: Final = "_ALGOBOT_COMPLETE"
_WHERE: Final = {
    "bash": "algobot completion bash > ~/.local/share/bash-completion/completions/algobot",
    "zsh": 'algobot completion zsh > "${fpath[1]}/_algobot"',
    "fish": "algobot completion fish > ~/.config/fish/completions/algobot.fish",
}


@click.command(epilog="For good: " + " | ".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL (bash, zsh, fish)."""
    from algobot.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(app, {}, "algobot", VARIABLE)
    click.echo(script.source_template % script.source_vars())
