"""What the proxy says of itself: events of a closed list with fields of a closed list, and never a free text.

`say` is the only way to log. `begin` writes lines to stderr, as text or JSON; `Shipper` carries them to a collector.
"""

from egress_proxy.logs.events import FIELDS, TOLD, Saying, Told
from egress_proxy.logs.lines import begin
from egress_proxy.logs.saying import log, say
from egress_proxy.logs.shipper import Collector, Line, Shipped, Shipper

__all__ = [
    "FIELDS",
    "TOLD",
    "Collector",
    "Line",
    "Saying",
    "Shipped",
    "Shipper",
    "Told",
    "begin",
    "log",
    "say",
]
