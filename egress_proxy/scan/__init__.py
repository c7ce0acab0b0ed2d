"""Scanning: which spans of the texts that are about to cross are secrets.

    texts -> one joined buffer -> prefilter (Hyperscan, may over-report, never misses) -> the rules it named -> spans
          -> canonical view -> keyed windows -> known values -> spans

`engine` puts the two together behind `model.Scanner`; `redaction` turns a `Scan` into texts that may leave. `rules` is
the only importer of detect_secrets.
"""

from egress_proxy.scan.encoded_runs import EncodedRuns, encoded_runs_of
from egress_proxy.scan.engine import TextScanner, build_scanner
from egress_proxy.scan.growing import GrowingText, Judged, judged, settled
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.operator import operator_rules
from egress_proxy.scan.pieces import Pieces, pieces_of
from egress_proxy.scan.policy import Rejected, refuse
from egress_proxy.scan.redaction import judge
from egress_proxy.scan.registration import TooManyValuesError, shown_name
from egress_proxy.scan.stored import Fingerprint, FingerprintError
from egress_proxy.scan.taint import Taint, extract
from egress_proxy.scan.tainted import TaintedScanner
from egress_proxy.scan.tally import HeavyError
from egress_proxy.scan.writings import writings

__all__ = [
    "EncodedRuns",
    "Fingerprint",
    "FingerprintError",
    "GrowingText",
    "HeavyError",
    "Judged",
    "KnownValues",
    "Pieces",
    "Rejected",
    "Taint",
    "TaintedScanner",
    "TextScanner",
    "TooManyValuesError",
    "build_scanner",
    "encoded_runs_of",
    "extract",
    "judge",
    "judged",
    "operator_rules",
    "pieces_of",
    "refuse",
    "settled",
    "shown_name",
    "writings",
]
