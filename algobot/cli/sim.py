"""`algobot sim`: a venue on this machine to try bots against."""

from algobot.simulator.command import sim

__all__ = ["sim"]
