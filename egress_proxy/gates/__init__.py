"""Who may approve what a local agent asks for. Pure: asks in, gates out."""

from egress_proxy.gates.policy import Gate, GatePolicy, classify, may_approve

__all__ = ["Gate", "GatePolicy", "classify", "may_approve"]
