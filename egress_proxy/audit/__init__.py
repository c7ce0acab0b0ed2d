"""The record of what was not clean: who, where, why and how much; never what. Chained and signed, so that it is one."""

from egress_proxy.audit.entries import refuse_no_text
from egress_proxy.audit.fingerprint import SearchKey, Tell
from egress_proxy.audit.ledger import Ledger, Terms
from egress_proxy.audit.record import Record, Span, found_in, tell_nothing

__all__ = ["Ledger", "Record", "SearchKey", "Span", "Tell", "Terms", "found_in", "refuse_no_text", "tell_nothing"]
