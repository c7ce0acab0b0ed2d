"""The sockets as a whole: who stands before the cloud side, what systemd hands over, what a reload puts in force."""

from egress_proxy.network.composing import cloud_side, entrance
from egress_proxy.network.handed import CLOUD, OPERATOR, handed_over, matching
from egress_proxy.network.reload import Live, Reloading, reloaded_on_hangup
from egress_proxy.network.watchdog import interval, pinging

__all__ = [
    "CLOUD",
    "OPERATOR",
    "Live",
    "Reloading",
    "cloud_side",
    "entrance",
    "handed_over",
    "interval",
    "matching",
    "pinging",
    "reloaded_on_hangup",
]
