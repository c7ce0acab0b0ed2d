"""Sealed originals: what was redacted or withheld, for who holds a key that is not on this machine (invariant 6)."""

from egress_proxy.evidence.blob import Found, Original, Sealed, Unreadable, seal, unseal
from egress_proxy.evidence.excerpts import Excerpt, Terms, excerpts, left_out
from egress_proxy.evidence.hpke import BadKey, NotOpened, PublicKey
from egress_proxy.evidence.keys import recipient
from egress_proxy.evidence.store import BEFORE, DATABASE, EvidenceStore, Keeping, Shredded, StoreError

__all__ = [
    "BEFORE",
    "DATABASE",
    "BadKey",
    "EvidenceStore",
    "Excerpt",
    "Found",
    "Keeping",
    "NotOpened",
    "Original",
    "PublicKey",
    "Sealed",
    "Shredded",
    "StoreError",
    "Terms",
    "Unreadable",
    "excerpts",
    "left_out",
    "recipient",
    "seal",
    "unseal",
]
