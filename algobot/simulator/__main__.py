"""`python -m algobot.simulator`: the same as `algobot sim`."""

from algobot.simulator.command import sim

if __name__ == "__main__":
    sim()
