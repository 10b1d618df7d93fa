"""The money path of one account: `Gateway`, and what it is made with."""

from daemon.gateway.budget import Budget, Priority
from daemon.gateway.gateway import Gateway
from daemon.gateway.halts import Halts
from daemon.gateway.ids import OrderIds, prefix
from daemon.gateway.settings import Cadence, GatewaySettings, Limits

__all__ = ["Budget", "Cadence", "Gateway", "GatewaySettings", "Halts", "Limits", "OrderIds", "Priority", "prefix"]
