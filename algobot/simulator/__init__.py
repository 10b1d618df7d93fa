"""A Binance-spot-protocol venue on loopback: real matching, recorded or invented prices, faults on demand."""

from algobot.simulator.config import AccountSpec, SimConfig
from algobot.simulator.faults import Rule
from algobot.simulator.server import Simulator

__all__ = ["AccountSpec", "Rule", "SimConfig", "Simulator"]
