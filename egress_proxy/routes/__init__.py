"""What may be asked of opencode: the catalogue of operations, and admission of requests against it.

    Request -> matching.match -> Routed -> (the shell finds the Place) -> admission.admit -> Admitted

Default deny (I2): a method, path, query key, body field or value that no row names is refused. What is admitted is
rebuilt from parsed values, never forwarded as it was spelt (FACTS "Spellings"). All of it is pure.
"""

from egress_proxy.routes.admission import admit
from egress_proxy.routes.catalogue import row_of
from egress_proxy.routes.matching import match
from egress_proxy.routes.rows_own import ASKS, EXPECT, OWN, STATE

__all__ = ["ASKS", "EXPECT", "OWN", "STATE", "admit", "match", "row_of"]
