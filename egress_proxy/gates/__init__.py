"""Who may approve what a local agent asks for. Pure: asks in, gates out."""

from egress_proxy.gates.defaults import DEFAULTS
from egress_proxy.gates.policy import Decision, GatePolicy, Ruling, classify, decide
from egress_proxy.gates.subjects import Own

__all__ = ["DEFAULTS", "Decision", "GatePolicy", "Own", "Ruling", "classify", "decide"]
