"""A command with verbs, each a module that is imported when it is called: one does not pay for the others."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import ClassVar

import click


class Verbs(click.Group):
    """A group whose help needs none of its verbs. A kind of it says which there are."""

    package: ClassVar[str]  # where their modules are
    verbs: ClassVar[Mapping[str, tuple[str, str]]]  # name: (module:attribute, what the help says of it)
    aliases: ClassVar[Mapping[str, str]] = {}  # what people type for a verb

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order a newcomer wants them."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        found = self.verbs.get(self.aliases.get(cmd_name, cmd_name))
        if found is None:
            return None
        module, _, attribute = found[0].partition(":")
        command = getattr(importlib.import_module(f"{self.package}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        word, known = args[0], [*self.verbs, *self.aliases]
        if word not in known and not ctx.resilient_parsing and not word.startswith("-"):
            near = difflib.get_close_matches(word, known, n=1)
            ctx.fail(f"{self.name} has no verb {word!a}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table, importing nothing."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in self.verbs.items()])
