"""What an equity curve and its trades are worth in numbers; docs/metrics.md has every formula and its source."""

from algobot.research.metrics.measure import measure
from algobot.research.metrics.record import Assumptions, Metrics

__all__ = ["Assumptions", "Metrics", "measure"]
