"""config.toml -> one frozen `Config`, with errors that name the line and the remedy."""

from algobot.config.diff import LIVE_FIELDS, BotChange, ConfigDiff, diff
from algobot.config.load import Flags, Loaded, load, load_with_origins, to_specs
from algobot.config.problems import InvalidConfig, Problem
from algobot.config.sections import AccountSection, BotSection, Config, DaemonSection, VenueSection

__all__ = [
    "LIVE_FIELDS",
    "AccountSection",
    "BotChange",
    "BotSection",
    "Config",
    "ConfigDiff",
    "DaemonSection",
    "Flags",
    "InvalidConfig",
    "Loaded",
    "Problem",
    "VenueSection",
    "diff",
    "load",
    "load_with_origins",
    "to_specs",
]
