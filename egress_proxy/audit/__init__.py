"""The record of what was not clean: who, where, why and how much; never what."""

from egress_proxy.audit.ledger import Ledger, Record, Span, found_in

__all__ = ["Ledger", "Record", "Span", "found_in"]
