"""What a reload would change, and what of it cannot change while it runs."""

from __future__ import annotations

from typing import Final

import msgspec

from algobot.config.load import to_specs
from algobot.config.sections import Config
from algobot.model import BotId, BotSpec

# What a running daemon takes over at once.
LIVE_SETTINGS: Final = frozenset({"log_level", "on_stop"})
# What a running bot takes over at its next bar. Anything else makes it another bot to its strategy or its ledger.
LIVE_FIELDS: Final = frozenset({"position_fraction", "allow_short", "on_restart", "autostart", "risk"})


class BotChange(msgspec.Struct, frozen=True):
    """A bot that is in both configurations, differently."""

    old: BotSpec
    new: BotSpec
    fields: tuple[str, ...]

    @property
    def live(self) -> bool:
        """Whether the bot can take the change while it runs."""
        return LIVE_FIELDS.issuperset(self.fields)


class ConfigDiff(msgspec.Struct, frozen=True):
    """`added`, `removed` and `changed` bots; `settings` a running daemon can take over, and what needs a restart."""

    added: tuple[BotSpec, ...] = ()
    removed: tuple[BotId, ...] = ()
    changed: tuple[BotChange, ...] = ()
    settings: tuple[str, ...] = ()  # "daemon.log_level"
    restart_needed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.settings or self.restart_needed)


def diff(old: Config, new: Config) -> ConfigDiff:
    """Return what turns `old` into `new`; false when nothing does."""
    before = {spec.bot_id: spec for spec in to_specs(old)}
    after = {spec.bot_id: spec for spec in to_specs(new)}
    changes = [
        BotChange(before[bot_id], spec, _fields(before[bot_id], spec))
        for bot_id, spec in after.items()
        if bot_id in before and spec != before[bot_id]
    ]
    process = _fields(old.daemon, new.daemon)
    return ConfigDiff(
        added=tuple(spec for bot_id, spec in after.items() if bot_id not in before),
        removed=tuple(bot_id for bot_id in before if bot_id not in after),
        changed=tuple(changes),
        settings=tuple(f"daemon.{field}" for field in process if field in LIVE_SETTINGS),
        restart_needed=(
            *(f"daemon.{field}" for field in process if field not in LIVE_SETTINGS),
            *_sections("venues", old.venues, new.venues),
            *_sections("accounts", old.accounts, new.accounts),
            *(f"bots.{c.new.bot_id}.{field}" for c in changes for field in c.fields if field not in LIVE_FIELDS),
        ),
    )


def _fields(old: msgspec.Struct, new: msgspec.Struct) -> tuple[str, ...]:
    return tuple(name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name))


def _sections(name: str, old: object, new: object) -> list[str]:
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    found: list[str] = []
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in old or key not in new:
            found.append(f"{name}.{key}")
        else:
            found.extend(f"{name}.{key}.{field}" for field in _fields(old[key], new[key]))
    return found
